/**
 * What does a data thread's operations where the kernel forbids io_uring: a few threads that wait for one file operation each, and epoll
 * for what is watched. To its user it is io_uring.
 *
 * A read of what is in the page cache is done at once by the thread that submits it, as io_uring does it: a hop to another thread and
 * back costs ten times the copy.
 *
 * When the process is killed, no request of it outlives its files: a thread that is inside a system call ends that call first, and
 * leaves the process's table of descriptors only then. The last thread to leave drops the files and with them their locks, and only
 * after it is the process reaped. So whoever gets the lock knows that nothing is written any more, as with io_uring.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '#shared/lang/assert.ts';
import { expect } from '#shared/lang/result.ts';
import { EAGAIN, EOPNOTSUPP } from '#shared/sys/errno.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { viewAt } from '#shared/sys/ffi.ts';
import { IORING_OP, IORING_POLL_ADD_MULTI, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import type { Engine } from './engine.ts';
import { RWF_NOWAIT, perform } from './file-operation.ts';
import { FreeSlots, PoolMemory, makePool } from './pool-memory.ts';
import { Watches } from './watches.ts';
import type { PoolThreadData } from './worker.ts';

export interface ThreadPoolOptions {
  readonly files: readonly Fd[];
  readonly threads: number;
  /** What each thread runs: this folder's worker. */
  readonly script: URL;
  /** Whether reads may be tried without waiting: not of files that go around the page cache, whose reads would wait all the same. */
  readonly tryReads: boolean;
}

const ENTRIES = 512;

export class ThreadPool implements Engine {
  readonly entries = ENTRIES;
  tokenLow = 0;
  tokenHigh = 0;
  result = 0;
  flags = 0;
  readonly #files: readonly Fd[];
  readonly #pool: PoolMemory;
  readonly #slots = new FreeSlots();
  readonly #wake: OwnedFd = expect(createEventFd(), 'wake-up');
  readonly #watches: Watches;
  /** Slots that are prepared. */
  readonly #prepared = new Int32Array(ENTRIES);
  #count = 0;
  /** Slots that were done on this thread, from `#seen` on. */
  readonly #local: number[] = [];
  #seen = 0;
  /** Completions of the threads that were reaped. */
  #head = 0;
  #tryReads: boolean;
  #running: number;

  constructor({ files, threads, script, tryReads }: ThreadPoolOptions) {
    this.#files = files;
    this.#tryReads = tryReads;
    const shared = makePool();
    this.#pool = new PoolMemory(shared);
    this.#watches = new Watches(this.#wake.fd, (token, result, flags) => this.#finish(token, result, flags));
    const workerData: PoolThreadData = { pool: shared, wakeFd: this.#wake.fd };
    this.#running = threads;
    for (let index = 0; index < threads; index++) {
      const thread = new Worker(script, { name: `pool${index}`, workerData });
      thread.unref();
      thread.once('exit', () => {
        this.#running--;
        if (this.#running === 0) this.#wake.close();
      });
    }
  }

  get free(): number {
    return ENTRIES - this.#count;
  }

  get pending(): number {
    return this.#count;
  }

  // oxlint-disable-next-line max-params -- an entry's fields; an object for each request would be garbage.
  prepare(
    opcode: number,
    flags: number,
    file: number,
    offset: number,
    address: number,
    length: number,
    tokenLow: number,
    tokenHigh: number,
    operationFlags = 0,
  ): void {
    if (this.#count === ENTRIES) this.submit(0);
    const slot = this.#slots.take();
    const fd = (flags & IOSQE_FIXED_FILE) === 0 ? file : this.#files[file];
    assert(fd !== undefined, 'a file that the engine does not have');
    this.#pool.describe(slot, opcode, fd, offset, address, length, operationFlags);
    this.#pool.name(slot, tokenLow, tokenHigh);
    this.#prepared[this.#count++] = slot;
  }

  submit(minimum: number): void {
    let handedOver = 0;
    for (let index = 0; index < this.#count; index++) handedOver += this.#begin(this.#prepared[index] ?? 0);
    this.#count = 0;
    if (handedOver > 0) this.#pool.wake(handedOver);
    this.#watches.collect(false);
    while (!this.#has(minimum)) {
      this.#pool.sleeps(true);
      // Once more, for what was done before a thread could see that this one sleeps.
      const isInterrupted = !this.#has(minimum) && this.#watches.collect(true) === 0;
      this.#pool.sleeps(false);
      if (isInterrupted) return;
    }
  }

  poke(): void {
    this.#watches.collect(false);
  }

  next(): boolean {
    const done = this.#pool.completed(this.#head, true);
    const slot = done ?? this.#takeLocal();
    if (slot === undefined) return false;
    if (done !== undefined) this.#head = (this.#head + 1) | 0;
    this.tokenLow = this.#pool.tokenLow(slot);
    this.tokenHigh = this.#pool.tokenHigh(slot);
    this.result = this.#pool.result(slot);
    this.flags = this.#pool.flags(slot);
    this.#slots.release(slot);
    return true;
  }

  /** What is under way is done to its end. The last thread that may signal takes the wake-up with it. */
  close(): void {
    this.#pool.stop();
    this.#watches.close();
  }

  /** Does what does not wait; 1 where it was left to a thread. */
  #begin(slot: number): number {
    const pool = this.#pool;
    const token = pool.tokenHigh(slot) * 2 ** 32 + pool.tokenLow(slot);
    switch (pool.opcode(slot)) {
      case IORING_OP.READ:
      case IORING_OP.READV:
        if (this.#tryReads && this.#tryRead(slot)) return 0;
        pool.submit(slot);
        return 1;
      case IORING_OP.POLL_ADD: {
        const kind = pool.length(slot) === IORING_POLL_ADD_MULTI ? 'always' : 'once';
        this.#watches.poll(pool.file(slot), pool.operationFlags(slot), kind, token);
        break;
      }
      case IORING_OP.POLL_REMOVE: {
        const result = this.#watches.remove(pool.address(slot));
        this.#finish(token, result, 0);
        break;
      }
      case IORING_OP.TIMEOUT:
        this.#watches.timeout(readTimespec(pool.address(slot)), token);
        break;
      default:
        pool.submit(slot);
        return 1;
    }
    this.#slots.release(slot);
    return 0;
  }

  #tryRead(slot: number): boolean {
    const result = perform(this.#pool, slot, RWF_NOWAIT);
    if (result === -EOPNOTSUPP) this.#tryReads = false;
    if (result === -EOPNOTSUPP || result === -EAGAIN) return false;
    this.#pool.setOutcome(slot, result, 0);
    this.#local.push(slot);
    return true;
  }

  #finish(token: number, result: number, flags: number): void {
    const slot = this.#slots.take();
    this.#pool.name(slot, token % 2 ** 32, token / 2 ** 32);
    this.#pool.setOutcome(slot, result, flags);
    this.#local.push(slot);
  }

  /** Whether so many completions are there. */
  #has(minimum: number): boolean {
    let count = this.#local.length - this.#seen;
    for (let head = this.#head; count < minimum && this.#pool.completed(head, false) !== undefined; head++) count++;
    return count >= minimum;
  }

  #takeLocal(): number | undefined {
    if (this.#seen === this.#local.length) return undefined;
    const slot = this.#local[this.#seen++];
    if (this.#seen === this.#local.length) {
      this.#local.length = 0;
      this.#seen = 0;
    }
    return slot;
  }
}

/** struct __kernel_timespec, in milliseconds. */
function readTimespec(address: number): number {
  const view = new DataView(viewAt(address, 16));
  return view.getUint32(0, true) * 1000 + view.getUint32(8, true) / 1e6;
}
