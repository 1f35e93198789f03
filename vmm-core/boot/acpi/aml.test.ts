import { expect } from 'chai';
import * as aml from './aml.ts';
import * as resource from './resource.ts';

function hex(bytes: aml.Aml): string {
  return Buffer.from(bytes).toString('hex');
}

/** A method of exactly `length` bytes of content: four of name, one of flags, Noops. */
function contentOf(length: number): number[] {
  const nop = Array.from({ length: length - 5 }, () => 0xa3);
  return [...aml.method({ name: 'MMMM', argumentCount: 0, serialized: false }, nop)];
}

describe('AML', () => {
  const rows: readonly [string, aml.Aml, string][] = [
    ['0', aml.integer(0), '00'],
    ['1', aml.integer(1), '01'],
    ['2', aml.integer(2), '0a02'],
    ['0xff', aml.integer(0xff), '0aff'],
    ['0x100', aml.integer(0x100), '0b0001'],
    ['0xffff', aml.integer(0xffff), '0bffff'],
    ['0x10000', aml.integer(0x1_0000), '0c00000100'],
    ['0xffffffff', aml.integer(0xffff_ffff), '0cffffffff'],
    ['0x100000000', aml.integer(0x1_0000_0000), '0e0000000001000000'],
    ['2^53-1', aml.integer(Number.MAX_SAFE_INTEGER), '0effffffffffff1f00'],
    ['string', aml.string('AB'), '0d414200'],
    ['EISA id PNP0A08', aml.eisaId('PNP0A08'), '0c41d00a08'],
    ['EISA id PNP0501', aml.eisaId('PNP0501'), '0c41d00501'],
    ['name of one segment', aml.path('_CRS'), '5f435253'],
    ['short name is padded', aml.path('_SB'), '5f53425f'],
    ['rooted name', aml.path('\\_SB_'), '5c5f53425f'],
    ['two segments', aml.path('\\_SB.PWRB'), '5c2e5f53425f50575242'],
    ['three segments', aml.path('\\_SB_.GEC_.ESCN'), '5c2f035f53425f4745435f4553434e'],
    ['Name', aml.name('_UID', aml.zero), '085f55494400'],
    ['Buffer', aml.buffer([0x21]), '11030121'],
    ['Package', aml.packageOf(aml.integer(5), aml.zero), '1205020a0500'],
    ['UUID', aml.uuid('00112233-4455-6677-8899-aabbccddeeff'), '11130a1033221100554477668899aabbccddeeff'],
    ['Scope', aml.scope('\\_SB_', aml.zero), '10075c5f53425f00'],
    ['Device', aml.device('COM1'), '5b8205434f4d31'],
    ['Method', aml.method({ name: '_EVT', argumentCount: 1, serialized: true }), '14065f45565409'],
    [
      'OperationRegion',
      aml.operationRegion({ name: 'GDST', space: aml.SYSTEM_MEMORY, address: 0x1000, length: 1 }),
      '5b8047445354000b001001',
    ],
    ['Field', aml.byteField('GDST', { name: 'GDAT', bits: 8 }), '5b810b47445354414744415408'],
    ['Field with a gap', aml.byteField('GDST', { bits: 64 }, { name: 'GDAT', bits: 1 }), '5b810e4744535441004004' + '4744415401'],
    ['Store', aml.store(aml.argument(0), aml.local(7)), '706867'],
    ['And', aml.and(aml.local(0), aml.integer(8)), '7b600a0800'],
    ['If', aml.when(aml.equal(aml.argument(2), aml.zero), aml.give(aml.one)), 'a006936a00a401'],
    ['Notify', aml.notify('PWRB', 0x80), '86505752420a80'],
    ['CreateDWordField', aml.createDwordField(aml.argument(3), 4, 'CDW2'), '8a6b0a0443445732'],
    ['IO', resource.io(0x3f8, 8), '4701f803f8030008'],
    ['Interrupt', resource.edgeInterrupt(13), '89060003010d000000'],
    ['Memory32Fixed', resource.memory32Fixed({ start: 0xe800_0000, size: 0x10_0000 }), '86090001000000e800001000'],
    ['WordBusNumber', resource.busNumbers(0, 0), '880d00020c0000000000000000000100'],
    ['WordIO', resource.portWindow({ start: 0xd00, size: 0xf300 }), '880d00010c030000000dffff000000f3'],
    [
      'DWordMemory',
      resource.memoryWindow32({ start: 0xc000_0000, size: 0x2800_0000 }),
      '871700000c0100000000000000c0ffffffe70000000000000028',
    ],
    [
      'QWordMemory',
      resource.memoryWindow64({ start: 0x1_0000_0000, size: 0x2_0000_0000 }),
      '8a2b00000c01' + '0000000000000000' + '0000000001000000' + 'ffffffff02000000' + '0000000000000000' + '0000000002000000',
    ],
    ['ResourceTemplate', resource.resourceTemplate(), '11050a027900'],
  ];
  for (const [name, bytes, expected] of rows) {
    it(`${name} -> ${expected}`, () => {
      expect(hex(bytes)).to.equal(expected);
    });
  }

  // The length counts its own bytes: content of 62 bytes still fits a one-byte length of 63.
  for (const [content, lengthBytes] of [
    [62, '3f'],
    [63, '4104'],
    [64, '4204'],
    [4093, '4fff'],
    [4094, '810001'],
    [4095, '820001'],
    [1_048_572, '8fffff'],
    [1_048_573, 'c1000001'],
  ] as const) {
    it(`${content} bytes of content -> length ${lengthBytes}`, () => {
      const bytes = contentOf(content);
      expect(hex(bytes.slice(1, 1 + lengthBytes.length / 2))).to.equal(lengthBytes);
      expect(bytes.length).to.equal(1 + lengthBytes.length / 2 + content);
    });
  }

  it('what cannot be written -> throws', () => {
    expect(() => aml.integer(-1)).to.throw();
    expect(() => aml.integer(2 ** 53)).to.throw();
    expect(() => aml.path('lower')).to.throw();
    expect(() => aml.path('TOOLONG')).to.throw();
    expect(() => aml.path('1ABC')).to.throw();
    expect(() => aml.eisaId('PNP05')).to.throw();
    expect(() => aml.string('é')).to.throw();
    expect(() => aml.uuid('33DB4D5B')).to.throw();
  });
});
