/** What a disk's limits let through: a bucket of bytes and one of requests, either of them maybe missing. */
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { SHARED_BUCKET_WORDS, SharedBucket } from './shared-bucket.ts';
import { type Bucket, type BucketFill, TokenBucket } from './token-bucket.ts';

const BUCKET_SIZE = SHARED_BUCKET_WORDS * 8;
/** Bytes of the memory that the disks of a rate limit group share: two buckets. */
export const GROUP_MEMORY = BUCKET_SIZE * 2;

/** Where buckets are that several take from: zeros are full ones. */
export interface BucketMemory {
  readonly bandwidth: BigInt64Array;
  readonly ops: BigInt64Array;
}

/** The buckets of a group's memory. */
export function groupBuckets(memory: ArrayBufferLike): BucketMemory {
  return {
    bandwidth: new BigInt64Array(memory, 0, SHARED_BUCKET_WORDS),
    ops: new BigInt64Array(memory, BUCKET_SIZE, SHARED_BUCKET_WORDS),
  };
}

/** Buckets for the threads of this process: those that go on as they are out of `before`, and full ones. */
export function threadBuckets(limits: RateLimits, before?: { readonly limits: RateLimits; readonly memory: BucketMemory }): BucketMemory {
  const one = (name: 'bandwidth' | 'ops'): BigInt64Array =>
    before !== undefined && isSame(before.limits[name], limits[name])
      ? before.memory[name]
      : new BigInt64Array(new SharedArrayBuffer(BUCKET_SIZE));
  return { bandwidth: one('bandwidth'), ops: one('ops') };
}

/** Those of a group that change begin full, for all its disks. */
export function refillChanged(memory: BucketMemory, before: RateLimits, now: RateLimits): void {
  for (const name of ['bandwidth', 'ops'] as const) {
    if (isSame(before[name], now[name])) continue;
    for (let word = 0; word < SHARED_BUCKET_WORDS; word++) Atomics.store(memory[name], word, 0n);
  }
}

/** What is in a disk's buckets. */
export interface LimitsFill {
  readonly bandwidth?: BucketFill;
  readonly ops?: BucketFill;
}

export class RateLimiter {
  #bandwidth: Bucket | undefined;
  #ops: Bucket | undefined;
  /** Whether there is any limit. Hot. */
  isActive = false;

  /** A bucket that is the same as before goes on as it is; one that is not begins full. */
  set(limits: RateLimits, now: number): void {
    this.#bandwidth = renewed(this.#bandwidth, limits.bandwidth, now);
    this.#ops = renewed(this.#ops, limits.ops, now);
    this.isActive = this.#bandwidth !== undefined || this.#ops !== undefined;
  }

  /** Others take from the same buckets, which are in `memory`; `offsetMs` leads from the clock of `wait` to one that all have. */
  share({ bandwidth, ops }: RateLimits, memory: BucketMemory, offsetMs: number): void {
    this.#bandwidth = bandwidth && new SharedBucket(bandwidth, memory.bandwidth, offsetMs);
    this.#ops = ops && new SharedBucket(ops, memory.ops, offsetMs);
    this.isActive = this.#bandwidth !== undefined || this.#ops !== undefined;
  }

  /** Milliseconds until a request may begin; 0: it may now. Hot. */
  wait(now: number): number {
    const bytes = this.#bandwidth?.wait(now) ?? 0;
    const ops = this.#ops?.wait(now) ?? 0;
    return bytes > ops ? bytes : ops;
  }

  /** A request that moves `bytes` has begun. Hot. */
  charge(bytes: number): void {
    this.#bandwidth?.charge(bytes);
    this.#ops?.charge(1);
  }

  fill(now: number): LimitsFill {
    const bandwidth = this.#bandwidth?.fill(now);
    const ops = this.#ops?.fill(now);
    return { ...(bandwidth && { bandwidth }), ...(ops && { ops }) };
  }

  /** Has the buckets hold what those of another process held; where it says nothing, they stay as they are. */
  refill({ bandwidth, ops }: LimitsFill, now: number): void {
    if (bandwidth !== undefined) this.#bandwidth?.refill(bandwidth, now);
    if (ops !== undefined) this.#ops?.refill(ops, now);
  }
}

function renewed(bucket: Bucket | undefined, config: RateLimits['ops'], now: number): Bucket | undefined {
  if (config === undefined) return undefined;
  return isSame(bucket?.config, config) ? bucket : new TokenBucket(config, now);
}

function isSame(a: RateLimits['ops'], b: RateLimits['ops']): boolean {
  if (a === undefined || b === undefined) return false;
  return a.size === b.size && a.oneTimeBurst === b.oneTimeBurst && a.refillMs === b.refillMs;
}
