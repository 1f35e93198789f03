import { expect } from 'chai';
import { printable, roundSize, sizeText } from './printable.ts';

describe('printable', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['/boot/vmlinuz-6.1', '/boot/vmlinuz-6.1'],
    ['a\nb\r\tc', 'a?b??c'],
    ['\u001b[31m\u009b31m\u007f\0', '?[31m?31m??'],
    ['line\u2028paragraph\u2029turned\u202eround\u2066', 'line?paragraph?turned?round?'],
    ['Größe 日本', 'Größe 日本'],
  ];
  for (const [text, shown] of rows) it(`${JSON.stringify(text)} -> ${shown}`, () => expect(printable(text)).to.equal(shown));

  it('a long text loses its middle', () => {
    const shown = printable(`/begin/${'x'.repeat(5000)}/end`);
    expect(shown).to.match(/^\/begin\/x+\.\.\.x+\/end$/);
    expect(shown).to.have.length(203);
  });
});

describe('sizeText', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0'],
    [1, '1'],
    [1024, '1K'],
    [3 * 2 ** 20, '3M'],
    [2 ** 44, '16384G'],
    [2 ** 30 + 512, '1073742336'],
  ];
  for (const [bytes, text] of rows) it(`${bytes} -> ${text}`, () => expect(sizeText(bytes)).to.equal(text));
});

describe('roundSize', () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.50 KiB'],
    [2 ** 30 + 512, '1.00 GiB'],
    [123_456_789, '118 MiB'],
    [20 * 2 ** 40, '20 TiB'],
    [2 ** 53, '8 PiB'],
  ];
  for (const [bytes, text] of rows) it(`${bytes} -> ${text}`, () => expect(roundSize(bytes)).to.equal(text));
});
