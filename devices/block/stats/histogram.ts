/**
 * Latencies in microseconds, counted in buckets an eighth of their power of two wide: 12.5 % of error at most, from 1 us to 35 min,
 * in 232 numbers.
 */

/** Eighths of a power of two. */
const SUB_BITS = 3;
const SUBS = 1 << SUB_BITS;
/** The longest latency has 31 bits. */
export const BUCKETS = (31 - SUB_BITS + 1) * SUBS;

/** The bucket of a latency of 32 bits. Hot. */
export function bucketOf(us: number): number {
  if (us < SUBS) return us < 0 ? 0 : us;
  const shift = 31 - Math.clz32(us) - SUB_BITS;
  return (shift + 1) * SUBS + ((us >> shift) & (SUBS - 1));
}

/** The longest latency that a bucket counts. */
export function upToUs(bucket: number): number {
  if (bucket < SUBS) return bucket;
  const shift = Math.floor(bucket / SUBS) - 1;
  return (SUBS + (bucket % SUBS) + 1) * 2 ** shift - 1;
}
