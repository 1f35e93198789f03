import { expect } from 'chai';
import { Random } from '#shared/testing/random.ts';
import { Backlog } from './backlog.ts';

describe('Backlog', () => {
  function takeAll(backlog: Backlog, most: number): number[] {
    const taken: number[] = [];
    while (backlog.length > 0) {
      const bytes = backlog.oldest(most);
      taken.push(...bytes);
      backlog.drop(bytes.length);
    }
    return taken;
  }

  it('holds nothing at first', () => {
    const backlog = new Backlog(8);
    expect([backlog.length, backlog.oldest(4).length]).to.deep.equal([0, 0]);
  });

  for (const [pieces, kept] of [
    [[[1, 2, 3]], [1, 2, 3]],
    [
      [[1, 2, 3], [], [4]],
      [1, 2, 3, 4],
    ],
    [
      [
        [1, 2, 3],
        [4, 5, 6, 7],
      ],
      [3, 4, 5, 6, 7],
    ],
    [
      [[1], [2, 3, 4, 5, 6, 7, 8, 9]],
      [5, 6, 7, 8, 9],
    ],
  ] as const) {
    it(`of 5: ${JSON.stringify(pieces)} -> ${JSON.stringify(kept)}`, () => {
      const backlog = new Backlog(5);
      for (const piece of pieces) backlog.add(Uint8Array.from(piece));
      expect(takeAll(backlog, 2)).to.deep.equal(kept);
    });
  }

  it('is as an array whose end is kept, whatever is added and dropped', () => {
    const backlog = new Backlog(64);
    const random = new Random(3);
    let expected: number[] = [];
    for (let round = 0; round < 5000; round++) {
      const piece = Array.from({ length: random.below(90) }, () => random.below(256));
      backlog.add(Uint8Array.from(piece));
      expected = [...expected, ...piece].slice(-64);
      const count = backlog.oldest(random.below(70)).length;
      expect([...backlog.oldest(count)]).to.deep.equal(expected.slice(0, count));
      backlog.drop(count);
      expected = expected.slice(count);
      expect(backlog.length).to.equal(expected.length);
    }
    expect(takeAll(backlog, 7)).to.deep.equal(expected);
  });
});
