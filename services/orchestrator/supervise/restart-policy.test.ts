import { expect } from 'chai';
import { RestartPolicy } from './restart-policy.ts';

function delays(policy: RestartPolicy, ...served: readonly number[]): readonly (number | undefined)[] {
  return served.map((ms) => policy.nextDelayMs(ms));
}

describe('RestartPolicy', () => {
  it('a process that has served for a while -> started again at once, however often', () => {
    expect(delays(new RestartPolicy(false), 60_000, 500, 5000, 60_000, 60_000, 60_000, 60_000)).to.deep.equal(new Array(7).fill(0));
  });

  it('one that ends as soon as it is there -> ever later, then not any more', () => {
    expect(delays(new RestartPolicy(false), 60_000, 0, 10, 499, 0, 0, 0)).to.deep.equal([0, 100, 200, 400, 800, undefined, undefined]);
  });

  it('a service that was long enough begins the count anew', () => {
    expect(delays(new RestartPolicy(false), 0, 0, 0, 500, 0)).to.deep.equal([0, 100, 200, 0, 100]);
  });

  it('a machine that goes on without it -> tried for ever', () => {
    expect(delays(new RestartPolicy(true), 0, 0, 0, 0, 0, 0, 0)).to.deep.equal([0, 100, 200, 400, 800, 5000, 5000]);
  });
});
