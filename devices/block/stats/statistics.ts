/**
 * What the disk has done, counted by its data threads in memory that the control thread reads: no message, no lock, no allocation.
 * Each thread has a block of its own, so that each counter is one double with one writer; a reader adds the blocks up, and may see a
 * request in one counter and not yet in the next.
 */
import { performance } from 'node:perf_hooks';
import { SECTOR_SIZE } from '../spec.ts';
import { BUCKETS, bucketOf, upToUs } from './histogram.ts';

export const OPERATION = { read: 0, write: 1, flush: 2, discard: 3, writeZeroes: 4, other: 5 } as const;
/** In that order. */
const NAMES = ['read', 'write', 'flush', 'discard', 'write-zeroes', 'other'] as const;
export type OperationName = (typeof NAMES)[number];

/** Positions of doubles: of the whole, then of each operation. */
const SINCE = 0;
const RING_FAULTS = 1;
const DROPPED = 2;
const THROTTLED = 3;
const THROTTLED_US = 4;
const OPERATIONS = 8;
const SECTORS = 0;
const ERRORS = 1;
const SUM_US = 2;
const HISTOGRAM = 3;
const OPERATION_SIZE = HISTOGRAM + BUCKETS;
/** Of a block: whole cache lines, which no two threads write to. */
const SIZE = Math.ceil((OPERATIONS + NAMES.length * OPERATION_SIZE) / 8) * 8;

const LONGEST_US = 2 ** 31 - 1;

export type SharedStatistics = SharedArrayBuffer;

/** Counters for so many threads, that begin now. */
export function makeStatistics(threads = 1): SharedStatistics {
  const shared = new SharedArrayBuffer(threads * SIZE * 8);
  new Float64Array(shared)[SINCE] = Date.now();
  return shared;
}

/** Adds to what counters show that have just begun; they begin when those did. Operations that are not known here are left out. */
export function restoreStatistics(shared: SharedStatistics, before: Omit<StatisticsSnapshot, 'operations'> & RestoredOperations): void {
  const counters = new Float64Array(shared, 0, SIZE);
  counters[SINCE] = before.sinceMs;
  counters[RING_FAULTS] = before.ringFaults;
  counters[DROPPED] = before.droppedChains;
  counters[THROTTLED] = before.throttledEvents;
  counters[THROTTLED_US] = before.throttledUs;
  for (const { name, bytes, errors, sumUs, buckets } of before.operations) {
    const operation = NAMES.findIndex((known) => known === name);
    if (operation < 0) continue;
    const base = OPERATIONS + operation * OPERATION_SIZE;
    counters[base + SECTORS] = bytes / SECTOR_SIZE;
    counters[base + ERRORS] = errors;
    counters[base + SUM_US] = sumUs;
    for (const { upToUs: longest, count } of buckets) {
      const at = base + HISTOGRAM + bucketOf(Math.min(longest, LONGEST_US));
      counters[at] = (counters[at] ?? 0) + count;
    }
  }
}

export interface RestoredOperations {
  readonly operations: readonly (Omit<OperationSnapshot, 'name' | 'requests'> & { readonly name: string })[];
}

/** One data thread's side. */
export class Statistics {
  readonly #counters: Float64Array;
  /**
   * The time that requests are begun and done at, in microseconds of the thread's own clock: read once in a round. 32 bits of it, which
   * come round after 71 minutes: numbers that V8 passes on without allocating.
   */
  nowUs = 0;

  constructor(shared: SharedStatistics, thread = 0) {
    this.#counters = new Float64Array(shared, thread * SIZE * 8, SIZE);
    this.tick();
  }

  /** Before a round's requests are begun, and before its completions. Hot. */
  tick(): void {
    this.nowUs = (performance.now() * 1000) | 0;
  }

  /** A request is done that began at `sinceUs`; `sectors` of 512 bytes were moved. Hot. */
  done(operation: number, sinceUs: number, sectors: number): void {
    const counters = this.#counters;
    const at = OPERATIONS + operation * OPERATION_SIZE;
    const passed = (this.nowUs - sinceUs) | 0;
    // More than 31 bits of it, as a host's disk may take that hangs.
    const us = passed < 0 ? LONGEST_US : passed;
    const bucket = at + HISTOGRAM + bucketOf(us);
    counters[at + SECTORS] = (counters[at + SECTORS] ?? 0) + sectors;
    counters[at + SUM_US] = (counters[at + SUM_US] ?? 0) + us;
    counters[bucket] = (counters[bucket] ?? 0) + 1;
  }

  /** The same, in vain. */
  failed(operation: number, sinceUs: number): void {
    this.done(operation, sinceUs, 0);
    this.#add(OPERATIONS + operation * OPERATION_SIZE + ERRORS, 1);
  }

  ringFault(): void {
    this.#add(RING_FAULTS, 1);
  }

  dropped(chains: number): void {
    this.#add(DROPPED, chains);
  }

  throttled(us: number): void {
    this.#add(THROTTLED, 1);
    this.#add(THROTTLED_US, us);
  }

  #add(at: number, amount: number): void {
    this.#counters[at] = (this.#counters[at] ?? 0) + amount;
  }
}

export interface StatisticsSnapshot {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly ringFaults: number;
  readonly droppedChains: number;
  readonly throttledEvents: number;
  readonly throttledUs: number;
  readonly operations: readonly OperationSnapshot[];
}

export interface OperationSnapshot {
  readonly name: OperationName;
  readonly requests: number;
  readonly bytes: number;
  readonly errors: number;
  readonly sumUs: number;
  /** Those that are not empty, shortest first. */
  readonly buckets: readonly { readonly upToUs: number; readonly count: number }[];
}

/** What the counters show at this moment, to any thread. */
export function readStatistics(shared: SharedStatistics): StatisticsSnapshot {
  const counters = summed(new Float64Array(shared));
  const at = (index: number): number => counters[index] ?? 0;
  return {
    sinceMs: at(SINCE),
    ringFaults: at(RING_FAULTS),
    droppedChains: at(DROPPED),
    throttledEvents: at(THROTTLED),
    throttledUs: Math.round(at(THROTTLED_US)),
    operations: NAMES.map((name, index) => {
      const base = OPERATIONS + index * OPERATION_SIZE;
      const histogram = counters.subarray(base + HISTOGRAM, base + OPERATION_SIZE);
      const buckets = Array.from(histogram, (count, bucket) => ({ upToUs: upToUs(bucket), count })).filter(({ count }) => count > 0);
      return {
        name,
        requests: buckets.reduce((sum, { count }) => sum + count, 0),
        bytes: at(base + SECTORS) * SECTOR_SIZE,
        errors: at(base + ERRORS),
        sumUs: Math.round(at(base + SUM_US)),
        buckets,
      };
    }),
  };
}

/** All blocks as one. When the counters began is the first one's to say. */
function summed(blocks: Float64Array): Float64Array {
  const sum = blocks.slice(0, SIZE);
  for (let at = SIZE; at < blocks.length; at++) sum[at % SIZE] = (sum[at % SIZE] ?? 0) + (blocks[at] ?? 0);
  return sum;
}
