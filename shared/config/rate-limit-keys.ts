/** `bw_size=, bw_one_time_burst=, bw_refill_time=, ops_size=, ops_one_time_burst=, ops_refill_time=`: a disk's rate limits. */
import type { OptionKeys } from './option-keys.ts';
import { MAX_REFILL_MS, MAX_TOKENS, type RateLimits, tokenBucket } from './rate-limits.ts';
import { type ValueType, byteSize, integer } from './value-types.ts';

/** Milliseconds: 0 would mean no limit, which nobody asks for who names one. */
const REFILL_TIME = integer(1, MAX_REFILL_MS);
const TOKENS = integer(0, MAX_TOKENS);
const BYTES: ValueType<number> = {
  expected: `${byteSize.expected}, at most 64T`,
  parse(value) {
    const bytes = byteSize.parse(value);
    return bytes === undefined || bytes > MAX_TOKENS ? undefined : bytes;
  },
};

export interface BucketKeys {
  /** 0: no limit. */
  readonly size: number;
  readonly oneTimeBurst: number;
  readonly refillMs: number;
}

/** What the keys say of each bucket; undefined where none is given. */
export interface RateLimitKeys {
  readonly bandwidth: BucketKeys | undefined;
  readonly ops: BucketKeys | undefined;
}

export function rateLimitKeys(keys: OptionKeys): RateLimitKeys {
  return { bandwidth: bucketKeys(keys, 'bw', BYTES), ops: bucketKeys(keys, 'ops', TOKENS) };
}

export function limitsOfKeys({ bandwidth, ops }: RateLimitKeys): RateLimits {
  const bytes = bandwidth && tokenBucket(bandwidth.size, bandwidth.oneTimeBurst, bandwidth.refillMs);
  const requests = ops && tokenBucket(ops.size, ops.oneTimeBurst, ops.refillMs);
  return { ...(bytes === undefined ? {} : { bandwidth: bytes }), ...(requests === undefined ? {} : { ops: requests }) };
}

/** A size needs its refill time, and the other two a size. */
function bucketKeys(keys: OptionKeys, name: 'bw' | 'ops', tokens: ValueType<number>): BucketKeys | undefined {
  const size = keys.value(`${name}_size`, tokens);
  const oneTimeBurst = keys.value(`${name}_one_time_burst`, tokens);
  const refillMs = keys.value(`${name}_refill_time`, REFILL_TIME);
  if (size === undefined && oneTimeBurst === undefined && refillMs === undefined) return undefined;
  if (size === undefined) keys.required(`${name}_size`, tokens);
  else if (size > 0 && refillMs === undefined) keys.required(`${name}_refill_time`, REFILL_TIME);
  return { size: size ?? 0, oneTimeBurst: oneTimeBurst ?? 0, refillMs: refillMs ?? 0 };
}
