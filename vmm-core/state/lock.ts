/**
 * A mutual exclusion lock in one word of shared memory, for registers that several vCPUs serve.
 *
 * The word is 0 when free, else `owner << 1`, with bit 0 set while somebody may sleep on it. Holders keep it for the length of one
 * register access, so a waiter first spins and only then sleeps.
 */
import { threadId } from 'node:worker_threads';
import { assert } from '#shared/lang/assert.ts';

const WAITERS = 1;
/** Some microseconds: longer than a register access, shorter than the 14-18 us of a sleep and a wake-up. */
const SPINS = 500;
const ME = (threadId + 1) << 1;

export class Lock {
  readonly #words: Int32Array;
  readonly #index: number;

  /** `words[index]` is the lock's own; it must lie in a SharedArrayBuffer and be 0 in a new machine. */
  constructor(words: Int32Array, index: number) {
    assert(words.buffer instanceof SharedArrayBuffer && index >= 0 && index < words.length, 'a lock needs a word of shared memory');
    this.#words = words;
    this.#index = index;
  }

  /** Blocks until this thread holds the lock. Not recursive: a thread that already holds it has made a mistake. */
  acquire(): void {
    if (Atomics.compareExchange(this.#words, this.#index, 0, ME) !== 0) this.#acquireSlowly();
  }

  /** Frees the lock, which this thread must hold. */
  release(): void {
    const held = Atomics.exchange(this.#words, this.#index, 0);
    assert((held & ~WAITERS) === ME, 'lock released by a thread that does not hold it');
    if ((held & WAITERS) !== 0) Atomics.notify(this.#words, this.#index, 1);
  }

  #acquireSlowly(): void {
    const words = this.#words;
    const index = this.#index;
    assert((Atomics.load(words, index) & ~WAITERS) !== ME, 'lock acquired twice by one thread');
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(words, index) === 0 && Atomics.compareExchange(words, index, 0, ME) === 0) return;
    }
    for (;;) {
      const seen = Atomics.load(words, index);
      // Another thread may still sleep: whoever was asleep takes the lock with the mark set, so that its release wakes the next.
      if (seen === 0) {
        if (Atomics.compareExchange(words, index, 0, ME | WAITERS) === 0) return;
        continue;
      }
      const marked = seen | WAITERS;
      if (seen === marked || Atomics.compareExchange(words, index, seen, marked) === seen) Atomics.wait(words, index, marked);
    }
  }
}
