import { expect } from 'chai';
import { takePairs, takeRounds } from './pairs.ts';

describe('samples in rounds', () => {
  it('begins in turn with the first and with the last side', async () => {
    const order: string[] = [];
    const side = (name: string) => (): Promise<string> => {
      order.push(name);
      return Promise.resolve(`${name}${order.length}`);
    };
    const taken = await takeRounds(3, [side('a'), side('b'), side('c')]);
    expect(order.join('')).to.equal('abccbaabc');
    expect(taken).to.deep.equal([
      ['a1', 'a6', 'a7'],
      ['b2', 'b5', 'b8'],
      ['c3', 'c4', 'c9'],
    ]);
  });

  it('takes pairs the same way', async () => {
    let count = 0;
    const next = (): Promise<number> => Promise.resolve(count++);
    expect(await takePairs(2, next, next)).to.deep.equal({ ours: [0, 3], peer: [1, 2] });
  });
});
