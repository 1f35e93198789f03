import { expect } from 'chai';
import { unpackLz4Legacy } from './lz4.ts';

const MAGIC = [0x02, 0x21, 0x4c, 0x18];
const LIMIT = 1 << 20;

function frame(...block: number[]): Uint8Array {
  return Uint8Array.from([...MAGIC, block.length, 0, 0, 0, ...block]);
}

const ascii = (text: string): number[] => [...Buffer.from(text)];

describe('unpackLz4Legacy', () => {
  const good: readonly (readonly [string, Uint8Array, string])[] = [
    ['literals only', frame(0x50, ...ascii('hello')), 'hello'],
    ['a match behind', frame(0x40, ...ascii('abcd'), 4, 0, 0x10, ...ascii('!')), 'abcdabcd!'],
    ['a match into itself repeats', frame(0x12, ...ascii('x'), 1, 0, 0x10, ...ascii('y')), 'xxxxxxxy'],
    ['a long match', frame(0x1f, ...ascii('z'), 1, 0, 10, 0x10, ...ascii('.')), `${'z'.repeat(30)}.`],
    ['no block', Uint8Array.from(MAGIC), ''],
  ];
  for (const [name, packed, expected] of good) {
    it(`${name} -> unpacked`, () => expect(unpackLz4Legacy(packed, LIMIT)?.toString()).to.equal(expected));
  }

  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['wrong magic', Uint8Array.from([1, 2, 3, 4, 0, 0, 0, 0])],
    ['literals past the end', frame(0x50, ...ascii('hell'))],
    ['an offset of 0', frame(0x40, ...ascii('abcd'), 0, 0, 0x10, 33)],
    ['an offset before the start', frame(0x40, ...ascii('abcd'), 5, 0, 0x10, 33)],
    ['half an offset', frame(0x40, ...ascii('abcd'), 4)],
    ['ends with a match', frame(0x40, ...ascii('abcd'), 4, 0)],
    ['a block longer than the frame', Uint8Array.from([...MAGIC, 50, 0, 0, 0, 0x10, 33])],
    ['an empty block', Uint8Array.from([...MAGIC, 0, 0, 0, 0])],
  ];
  for (const [name, packed] of bad) {
    it(`${name} -> refused`, () => expect(unpackLz4Legacy(packed, LIMIT)).to.equal(undefined));
  }

  it('more than the limit -> refused', () => {
    expect(unpackLz4Legacy(frame(0x50, ...ascii('hello')), 4)).to.equal(undefined);
  });
});
