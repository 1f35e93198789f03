/** What a disk's limits let through: a bucket of bytes and one of requests, either of them maybe missing. */
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { SHARED_BUCKET_WORDS, SharedBucket } from './shared-bucket.ts';
import { type Bucket, TokenBucket } from './token-bucket.ts';

/** Bytes of the memory that the disks of a rate limit group share: two buckets. */
export const GROUP_MEMORY = SHARED_BUCKET_WORDS * 2 * 8;

export class RateLimiter {
  #bandwidth: Bucket | undefined;
  #ops: Bucket | undefined;
  /** Whether there is any limit. Hot. */
  isActive = false;

  get limits(): RateLimits {
    const bandwidth = this.#bandwidth?.config;
    const ops = this.#ops?.config;
    return { ...(bandwidth === undefined ? {} : { bandwidth }), ...(ops === undefined ? {} : { ops }) };
  }

  /** A bucket that is the same as before goes on as it is; one that is not begins full. */
  set(limits: RateLimits, now: number): void {
    this.#bandwidth = renewed(this.#bandwidth, limits.bandwidth, now);
    this.#ops = renewed(this.#ops, limits.ops, now);
    this.isActive = this.#bandwidth !== undefined || this.#ops !== undefined;
  }

  /** The limits are a group's, whose disks take from the same buckets; zeros are full ones. */
  share(limits: RateLimits, memory: ArrayBufferLike, offsetMs: number): void {
    const words = (bucket: number) => new BigInt64Array(memory, bucket * SHARED_BUCKET_WORDS * 8, SHARED_BUCKET_WORDS);
    const { bandwidth, ops } = limits;
    this.#bandwidth = bandwidth && new SharedBucket(bandwidth, words(0), offsetMs);
    this.#ops = ops && new SharedBucket(ops, words(1), offsetMs);
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
}

function renewed(bucket: Bucket | undefined, config: RateLimits['ops'], now: number): Bucket | undefined {
  if (config === undefined) return undefined;
  const before = bucket?.config;
  const isSame =
    before !== undefined &&
    before.size === config.size &&
    before.oneTimeBurst === config.oneTimeBurst &&
    before.refillMs === config.refillMs;
  return isSame ? bucket : new TokenBucket(config, now);
}
