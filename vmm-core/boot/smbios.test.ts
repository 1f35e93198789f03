import { expect } from 'chai';
import type { PlatformConfig } from '#shared/config/vm-config.ts';
import { expect as value } from '#shared/lang/result.ts';
import { buildMpTable } from './mp-table.ts';
import { buildSmbios } from './smbios.ts';

interface Structure {
  readonly bytes: Uint8Array;
  readonly strings: readonly string[];
}

/** The structures by type, walked as a guest walks them: fixed part, then strings up to two NULs. */
function structures(identity: Partial<PlatformConfig> = {}): Map<number, Structure> {
  const smbios = Buffer.from(value(buildSmbios({ oemStrings: [], ...identity }), 'buildSmbios'));
  const found = new Map<number, Structure>();
  let at = 24;
  while (at < smbios.length) {
    const size = smbios.readUInt8(at + 1);
    const end = smbios.indexOf('\0\0', at + size);
    const strings = smbios.toString('utf8', at + size, end);
    found.set(smbios.readUInt8(at), {
      bytes: Uint8Array.from(smbios.subarray(at, at + size)),
      strings: strings === '' ? [] : strings.split('\0'),
    });
    at = end + 2;
  }
  expect(at).to.equal(smbios.length);
  return found;
}

describe('SMBIOS', () => {
  it('the entry point names the size and the place of the table, and sums to zero', () => {
    const smbios = Buffer.from(value(buildSmbios({ oemStrings: [] }), 'buildSmbios'));
    expect(smbios.subarray(0, 24).reduce((sum, byte) => sum + byte, 0) & 0xff).to.equal(0);
    expect(smbios.toString('latin1', 0, 5)).to.equal('_SM3_');
    expect([...smbios.subarray(6, 12)]).to.deep.equal([24, 3, 2, 0, 1, 0]);
    expect(smbios.readUInt32LE(12)).to.equal(smbios.length - 24);
    expect(smbios.readUInt32LE(16)).to.equal(0xf0018);
  });

  it('nothing given -> BIOS, system and end, with the default names', () => {
    const found = structures();
    expect([...found.keys()]).to.deep.equal([0, 1, 127]);
    expect(found.get(0)?.strings).to.deep.equal(['cloud-hypervisor', '0']);
    expect(found.get(1)?.strings).to.deep.equal(['Cloud Hypervisor', 'cloud-hypervisor']);
    expect(Buffer.from(found.get(1)?.bytes ?? []).toString('hex')).to.equal('011b0100' + '01020000' + '00'.repeat(16) + '020000');
  });

  it('everything given -> each string is where its number points, the UUID in its mixed order', () => {
    const found = structures({
      manufacturer: 'm',
      productName: 'p',
      version: 'v',
      serialNumber: 's',
      uuid: '00112233-4455-6677-8899-AABBCCDDEEFF',
      skuNumber: 'k',
      family: 'f',
      chassisAssetTag: 'tag',
      oemStrings: ['one', 'zwei ü'],
    });
    expect([...found.keys()]).to.deep.equal([0, 1, 3, 11, 127]);
    expect(found.get(1)?.strings).to.deep.equal(['m', 'p', 'v', 's', 'k', 'f']);
    const system = '011b0100' + '01020304' + '33221100554477668899aabbccddeeff' + '020506';
    expect(Buffer.from(found.get(1)?.bytes ?? []).toString('hex')).to.equal(system);
    expect(found.get(3)?.strings).to.deep.equal(['tag']);
    expect(found.get(3)?.bytes[8]).to.equal(1);
    expect(found.get(11)?.strings).to.deep.equal(['one', 'zwei ü']);
    expect(found.get(11)?.bytes[4]).to.equal(2);
  });

  it('an empty string -> no string', () => {
    const found = structures({ manufacturer: '', serialNumber: 'x', oemStrings: [''] });
    expect([...(found.get(1)?.bytes.subarray(4, 8) ?? [])]).to.deep.equal([0, 1, 0, 2]);
    expect(found.get(11)?.bytes[4]).to.equal(0);
  });
});

describe('MP table', () => {
  it('an APIC id above 253 -> no table', () => {
    expect(buildMpTable({ apicIds: [0, 253], bootCount: 2 }, 0xf0100)).to.not.equal(undefined);
    expect(buildMpTable({ apicIds: [0, 254], bootCount: 1 }, 0xf0100)).to.equal(undefined);
  });

  it('the pointer leads behind itself; one processor starts the others', () => {
    const table = Buffer.from(buildMpTable({ apicIds: [0, 2, 4], bootCount: 2 }, 0xf0100) ?? []);
    expect(table.readUInt32LE(4)).to.equal(0xf0110);
    expect(table.readUInt16LE(16 + 34)).to.equal(2 + 1 + 1 + 16 + 2);
    const entries = 16 + 44;
    expect([...table.subarray(entries, entries + 4)]).to.deep.equal([0, 0, 0x14, 3]);
    expect([...table.subarray(entries + 20, entries + 24)]).to.deep.equal([0, 2, 0x14, 1]);
    expect(table.toString('latin1', entries + 40, entries + 48)).to.equal('\x01\0ISA   ');
    expect([...table.subarray(entries + 48, entries + 56)]).to.deep.equal([2, 255, 0x14, 1, 0, 0, 0xc0, 0xfe]);
    expect([...table.subarray(entries + 56 + 32, entries + 56 + 40)]).to.deep.equal([3, 0, 0, 0, 0, 4, 255, 4]);
  });
});
