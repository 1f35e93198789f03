import { expect } from 'chai';
import { EscapeKeys } from './escape-keys.ts';

describe('EscapeKeys', () => {
  const rows: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['plain text', 'ls -l\r', 'ls -l\r', []],
    ['Ctrl-A x', 'a\x01xb', 'ab', ['end']],
    ['Ctrl-A x twice', '\x01x\x01x', '', ['end', 'end']],
    ['Ctrl-A h', '\x01h', '', ['help']],
    ['Ctrl-A Ctrl-A', '\x01\x01', '\x01', []],
    ['Ctrl-A Ctrl-A x is no escape', '\x01\x01x', '\x01x', []],
    ['Ctrl-A and another key', '\x01k', '\x01k', []],
    ['Ctrl-C, Ctrl-Z and Ctrl-D', '\x03\x1a\x04', '\x03\x1a\x04', []],
    ['bytes that are no text', '\xff\x00\x80', '\xff\x00\x80', []],
    ['an x alone', 'x', 'x', []],
    ['Ctrl-A at the end waits', 'a\x01', 'a', []],
  ];
  for (const [name, typed, bytes, actions] of rows) {
    it(`${name}: at once and byte by byte`, () => {
      const whole = new EscapeKeys().feed(Buffer.from(typed, 'latin1'));
      const keys = new EscapeKeys();
      const pieces = [...Buffer.from(typed, 'latin1')].map((byte) => keys.feed(Uint8Array.of(byte)));
      for (const fed of [
        { bytes: whole.bytes, actions: whole.actions },
        { bytes: Buffer.concat(pieces.map((piece) => piece.bytes)), actions: pieces.flatMap((piece) => piece.actions) },
      ]) {
        expect(Buffer.from(fed.bytes).toString('latin1')).to.equal(bytes);
        expect(fed.actions).to.deep.equal(actions);
      }
    });
  }

  it('remembers Ctrl-A from one read to the next', () => {
    const keys = new EscapeKeys();
    keys.feed(Uint8Array.of(1));
    expect(keys.feed(Buffer.from('x')).actions).to.deep.equal(['end']);
  });
});
