/** How much a device may do, as Cloud Hypervisor's rate limiters have it. */

export interface TokenBucketConfig {
  /** Tokens that the bucket holds: bytes, or requests. At least 1. */
  readonly size: number;
  /** Tokens that are spent first, and never come back. */
  readonly oneTimeBurst: number;
  /** How long an empty bucket takes to be full, in milliseconds. At least 1. */
  readonly refillMs: number;
}

/** A bucket that is missing limits nothing. */
export interface RateLimits {
  /** Tokens are bytes. */
  readonly bandwidth?: TokenBucketConfig;
  /** Tokens are requests. */
  readonly ops?: TokenBucketConfig;
}

/** The largest number of each: far above every device, and exact in a double after a year's refills. */
export const MAX_TOKENS = 2 ** 46;
export const MAX_REFILL_MS = 86_400_000;

/** A bucket of these numbers; undefined where they mean that there is none: no size, or no refill time. */
export function tokenBucket(size: number, oneTimeBurst: number, refillMs: number): TokenBucketConfig | undefined {
  return size === 0 || refillMs === 0 ? undefined : { size, oneTimeBurst, refillMs };
}
