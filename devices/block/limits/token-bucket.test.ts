import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { RateLimiter, threadBuckets } from './rate-limiter.ts';
import { SharedBucket } from './shared-bucket.ts';
import { type Bucket, TokenBucket } from './token-bucket.ts';

/** Begins requests of `cost` one after the other, each as soon as it may; when the last of `count` began. */
function timeOf(bucket: Bucket, cost: number, count: number): number {
  let now = 0;
  for (let done = 0; done < count; done++) {
    for (let wait = bucket.wait(now); wait > 0; wait = bucket.wait(now)) now += wait;
    bucket.charge(cost);
  }
  return now;
}

describe('TokenBucket', () => {
  const rows: readonly (readonly [
    name: string,
    size: number,
    burst: number,
    refillMs: number,
    cost: number,
    count: number,
    beganMs: number,
  ])[] = [
    ['a full bucket lets its size through at once', 1000, 0, 100, 1, 1000, 0],
    ['and the next token when it has come back', 1000, 0, 100, 1, 1001, 0.1],
    ['a whole refill later, as much again', 1000, 0, 100, 1, 2000, 100],
    ['the burst is spent first, and once', 1000, 500, 100, 1, 1500, 0],
    ['and is never refilled', 1000, 500, 100, 1, 2500, 100],
    ['a request larger than the bucket is let through', 1000, 0, 100, 3000, 1, 0],
    // (excess / size) x refill time, and then one token's.
    ['and the next waits for its excess', 1000, 0, 100, 3000, 2, 200.1],
    ['what the burst covers is not owed', 1000, 2000, 100, 3000, 1, 0],
    ['nor waited for', 1000, 3000, 100, 3000, 2, 0],
    ['a request beyond what is left owes the rest', 1000, 0, 100, 600, 3, 20.1],
    ['one token an hour', 1, 0, 3_600_000, 1, 3, 7_200_000],
    ['bytes by the terabyte', 2 ** 40, 0, 1000, 2 ** 40, 3, 1000],
  ];
  for (const [name, size, oneTimeBurst, refillMs, cost, count, beganMs] of rows) {
    const config = { size, oneTimeBurst, refillMs };
    it(name, () => {
      expect(timeOf(new TokenBucket(config, 0), cost, count)).to.be.closeTo(beganMs, 0.001);
    });
    it(`${name}, shared`, () => {
      // The clock that all have stands at a year.
      const bucket = new SharedBucket(config, new BigInt64Array(2), 365 * 86_400_000);
      expect(timeOf(bucket, cost, count)).to.be.closeTo(beganMs, 0.01);
    });
  }

  it('owes what the last of its burst does not cover, however long it was full before', () => {
    const bucket = new TokenBucket({ size: 10, oneTimeBurst: 4, refillMs: 10 }, 0);
    expect(bucket.wait(1e9)).to.equal(0);
    bucket.charge(24);
    expect(bucket.wait(1e9)).to.equal(11);
  });

  it('holds no more than its size, however long nobody asks', () => {
    const bucket = new TokenBucket({ size: 10, oneTimeBurst: 0, refillMs: 10 }, 0);
    bucket.charge(10);
    expect(bucket.wait(1e9)).to.equal(0);
    bucket.charge(10);
    expect(bucket.wait(1e9)).to.equal(1);
  });
});

describe('RateLimiter', () => {
  it('waits for the slower of its buckets, and for none of those that are gone', () => {
    const limiter = new RateLimiter();
    expect([limiter.isActive, limiter.wait(0)]).to.deep.equal([false, 0]);
    limiter.set({ bandwidth: { size: 1000, oneTimeBurst: 0, refillMs: 1000 }, ops: { size: 1, oneTimeBurst: 0, refillMs: 50 } }, 0);
    limiter.charge(1000);
    expect(limiter.wait(0)).to.equal(50);
    limiter.charge(1000);
    expect(limiter.wait(0)).to.equal(1001);
    limiter.set({ ops: { size: 1, oneTimeBurst: 0, refillMs: 50 } }, 0);
    // The bucket of requests is the one it was, two requests in debt.
    expect(limiter.wait(0)).to.equal(100);
    limiter.set({}, 0);
    expect([limiter.isActive, limiter.wait(0)]).to.deep.equal([false, 0]);
  });

  it('takes from the buckets that another limiter takes from, and keeps those that a change leaves as they are', () => {
    const ops = { size: 10, oneTimeBurst: 0, refillMs: 1000 };
    const limits = { bandwidth: { size: 512, oneTimeBurst: 0, refillMs: 1000 }, ops };
    const memory = threadBuckets(limits);
    const [one, other] = [new RateLimiter(), new RateLimiter()];
    for (const limiter of [one, other]) limiter.share(limits, memory, 1000);
    expect(one.wait(0)).to.equal(0);
    one.charge(512);
    expect(other.wait(0)).to.be.closeTo(1000 / 512, 0.001);
    const changed = { bandwidth: { ...limits.bandwidth, size: 1024 }, ops };
    const renewed = threadBuckets(changed, { limits, memory });
    expect([renewed.ops === memory.ops, renewed.bandwidth[0]]).to.deep.equal([true, 0n]);
    for (const limiter of [one, other]) limiter.share(changed, renewed, 1000);
    expect(one.wait(0)).to.equal(0);
    for (let taken = 0; taken < 9; taken++) (taken % 2 === 0 ? one : other).charge(0);
    // The tenth request was the first of all.
    expect([one.wait(0), other.wait(0)]).to.deep.equal([100, 100]);
  });
});

describe('what is in a bucket', () => {
  const config = { size: 10, oneTimeBurst: 4, refillMs: 1000 };
  const limits = { bandwidth: config, ops: config };
  const full = (kind: string): RateLimiter => {
    const limiter = new RateLimiter();
    if (kind === 'own') limiter.set(limits, 0);
    else limiter.share(limits, threadBuckets(limits), 5000);
    return limiter;
  };
  for (const [from, to] of [
    ['own', 'own'],
    ['own', 'shared'],
    ['shared', 'own'],
    ['shared', 'shared'],
  ] as const) {
    it(`of ${from} ones goes over to ${to} ones`, () => {
      const [before, after] = [full(from), full(to)];
      before.wait(100);
      before.charge(24);
      after.refill(before.fill(100), 200);
      expect(after.fill(200)).to.deep.equal({ bandwidth: { tokens: -10, burst: 0 }, ops: { tokens: 10, burst: 3 } });
      expect(after.wait(200)).to.be.closeTo(1100, 0.001);
    });

    it(`of ${from} ones is no more in ${to} ones than these can hold`, () => {
      const after = full(to);
      after.refill({ ops: { tokens: 11, burst: 5 } }, 0);
      expect(after.fill(0).ops).to.deep.equal({ tokens: 10, burst: 4 });
    });
  }
});

describe('SharedBucket', () => {
  it('is one for all who have its memory, whatever their clocks', () => {
    const words = new BigInt64Array(new SharedArrayBuffer(16));
    const config = { size: 10, oneTimeBurst: 4, refillMs: 1000 };
    const first = new SharedBucket(config, words, 5000);
    const second = new SharedBucket(config, words, 7000);
    for (let taken = 0; taken < 14; taken++) {
      const bucket = taken % 2 === 0 ? first : second;
      expect(bucket.wait(taken % 2 === 0 ? 2000 : 0)).to.equal(0);
      bucket.charge(1);
    }
    expect([first.wait(2000), second.wait(0)]).to.deep.equal([100, 100]);
    expect([first.wait(2100), second.wait(100)]).to.deep.equal([0, 0]);
  });

  it('owes no more than its words can say, however absurd its limits', () => {
    const words = new BigInt64Array(2);
    const bucket = new SharedBucket({ size: 1, oneTimeBurst: 0, refillMs: Number.MAX_SAFE_INTEGER }, words, 1e12);
    for (let taken = 0; taken < 3; taken++) {
      bucket.charge(2 ** 30);
      expect(bucket.wait(0)).to.be.above(2 ** 61 / 1e6);
      expect(words[0]).to.equal(2n ** 62n);
    }
    const slow = new SharedBucket({ size: 1000, oneTimeBurst: 0, refillMs: Number.MAX_SAFE_INTEGER }, words.fill(0n), 1e12);
    for (let taken = 0; taken < 1000; taken++) {
      expect(slow.wait(0)).to.be.below(1);
      slow.charge(1);
    }
    expect(slow.wait(0)).to.be.above(2 ** 50 / 1e6);
  });

  it('loses no token to threads that take at the same time', async () => {
    const EACH = 2000;
    const words = new BigInt64Array(new SharedArrayBuffer(16));
    const script = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.module).then(({ SharedBucket }) => {
        const bucket = new SharedBucket(workerData.config, workerData.words, 1_000_000);
        for (let taken = 0; taken < ${EACH}; taken++) { bucket.wait(0); bucket.charge(3); }
        parentPort.postMessage('done');
      });`;
    const config = { size: 1000, oneTimeBurst: 5000, refillMs: 1000 };
    const workerData = { module: new URL('shared-bucket.ts', import.meta.url).href, config, words };
    const workers = [0, 1].map(() => new Worker(script, { eval: true, workerData }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await Promise.all(workers.map((worker) => worker.terminate()));
    // 12000 tokens: 5000 of the burst, the rest a millisecond each, of which a full bucket's second has passed.
    expect([...words]).to.deep.equal([1_006_000_000_000n, 5000n]);
  });
});
