import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { AssertionError } from '#shared/lang/assert.ts';
import { Lock } from './lock.ts';

const THREADS = 3;
const ROUNDS = 3000;

describe('Lock', () => {
  it('lets one thread at a time in: no increment of three threads is lost', async () => {
    const words = new Int32Array(new SharedArrayBuffer(16));
    const url = new URL('./lock-worker.fixture.ts', import.meta.url);
    const workers = Array.from({ length: THREADS }, () => new Worker(url, { workerData: { words, rounds: ROUNDS } }));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    expect(words[1]).to.equal(THREADS * ROUNDS);
    expect(words[0]).to.equal(0);
  });

  it('is a mistake to acquire twice on one thread', () => {
    const lock = new Lock(new Int32Array(new SharedArrayBuffer(8)), 1);
    lock.acquire();
    expect(() => lock.acquire()).to.throw(AssertionError, 'twice');
  });

  it('is a mistake to release what this thread does not hold', () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    expect(() => new Lock(words, 0).release()).to.throw(AssertionError, 'does not hold');
    words[1] = 1 << 20;
    expect(() => new Lock(words, 1).release()).to.throw(AssertionError, 'does not hold');
  });

  it('refuses memory that is not shared', () => {
    expect(() => new Lock(new Int32Array(1), 0)).to.throw(AssertionError);
  });
});
