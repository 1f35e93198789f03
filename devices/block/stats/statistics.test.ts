import { expect } from 'chai';
import { BUCKETS, bucketOf, upToUs } from './histogram.ts';
import { OPERATION, Statistics, makeStatistics, readStatistics } from './statistics.ts';

describe('latency histogram', () => {
  const rows: readonly (readonly [us: number, bucket: number, upTo: number])[] = [
    [-1, 0, 0],
    [0, 0, 0],
    [7, 7, 7],
    [8, 8, 8],
    [15, 15, 15],
    [16, 16, 17],
    [17, 16, 17],
    [18, 17, 19],
    [1000, 63, 1023],
    [1024, 64, 1151],
    [2 ** 31 - 1, BUCKETS - 1, 2 ** 31 - 1],
  ];
  for (const [us, bucket, upTo] of rows) {
    it(`${us} us -> up to ${upTo} us`, () => {
      expect([bucketOf(us), upToUs(bucketOf(us))]).to.deep.equal([bucket, upTo]);
    });
  }

  it('leaves no gap and no overlap: each bucket begins where the one before it ends', () => {
    for (let bucket = 1; bucket < BUCKETS; bucket++) {
      expect([bucketOf(upToUs(bucket - 1) + 1), bucketOf(upToUs(bucket))]).to.deep.equal([bucket, bucket]);
    }
  });
});

describe('Statistics', () => {
  it('measures across the end of its 32 bits', () => {
    const shared = makeStatistics();
    const statistics = new Statistics(shared);
    statistics.nowUs = -(2 ** 31) + 5;
    statistics.done(OPERATION.flush, 2 ** 31 - 5, 0);
    expect(readStatistics(shared).operations[2]).to.deep.include({ requests: 1, sumUs: 10 });
  });

  it('counts a latency that is longer than the longest as that', () => {
    const shared = makeStatistics();
    const statistics = new Statistics(shared);
    statistics.nowUs = 2 ** 31 - 1;
    statistics.done(OPERATION.flush, -2, 0);
    const longest = 2 ** 31 - 1;
    expect(readStatistics(shared).operations[2]).to.deep.include({ sumUs: longest, buckets: [{ upToUs: longest, count: 1 }] });
  });

  it('shows another view of the same memory what was counted', () => {
    const shared = makeStatistics();
    const statistics = new Statistics(shared);
    statistics.nowUs = 100;
    statistics.done(OPERATION.read, 90, 8);
    statistics.done(OPERATION.read, 90, 1);
    statistics.failed(OPERATION.write, 60);
    statistics.ringFault();
    statistics.dropped(3);
    statistics.throttled(1500.4);
    const seen = readStatistics(shared);
    const [read, write, flush] = seen.operations;
    expect(read).to.deep.equal({
      name: 'read',
      requests: 2,
      bytes: 4608,
      errors: 0,
      sumUs: 20,
      buckets: [{ upToUs: 10, count: 2 }],
    });
    expect(write).to.deep.equal({ name: 'write', requests: 1, bytes: 0, errors: 1, sumUs: 40, buckets: [{ upToUs: 43, count: 1 }] });
    expect(flush).to.deep.equal({ name: 'flush', requests: 0, bytes: 0, errors: 0, sumUs: 0, buckets: [] });
    expect([seen.ringFaults, seen.droppedChains, seen.throttledEvents, seen.throttledUs]).to.deep.equal([1, 3, 1, 1500]);
    expect(Math.abs(Date.now() - seen.sinceMs)).to.be.below(60_000);
  });

  it('adds up what each thread has counted', () => {
    const shared = makeStatistics(3);
    for (const [thread, us] of [10, 10, 5000].entries()) {
      const statistics = new Statistics(shared, thread);
      statistics.nowUs = us;
      statistics.done(OPERATION.read, 0, 1 + thread);
      statistics.failed(OPERATION.write, 0);
      statistics.throttled(1000);
      statistics.dropped(thread);
    }
    const seen = readStatistics(shared);
    expect(seen.operations[0]).to.deep.equal({
      name: 'read',
      requests: 3,
      bytes: 6 * 512,
      errors: 0,
      sumUs: 5020,
      buckets: [
        { upToUs: 10, count: 2 },
        { upToUs: upToUs(bucketOf(5000)), count: 1 },
      ],
    });
    expect([seen.operations[1]?.errors, seen.throttledEvents, seen.throttledUs, seen.droppedChains]).to.deep.equal([3, 3, 3000, 3]);
    expect(Math.abs(Date.now() - seen.sinceMs)).to.be.below(60_000);
  });
});
