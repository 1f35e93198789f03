/**
 * A token bucket whose state several processes share: the disks of a rate limit group. Two 64-bit words, changed by compare-and-swap,
 * so that a process may be killed at any moment; zeros are a full bucket.
 *
 * How many tokens there are follows from when the bucket was, or will be, empty: that time moves on with each token taken, and never
 * lies further back than the time that fills it. Two processes that look at the same moment may both begin a request; what they take
 * beyond the tokens is owed by all.
 */
import type { TokenBucketConfig } from '#shared/config/rate-limits.ts';
import type { Bucket, BucketFill } from './token-bucket.ts';

/** Positions of words. */
const EMPTY_AT_NS = 0;
const BURST_SPENT = 1;
export const SHARED_BUCKET_WORDS = 2;
const NS_PER_MS = 1e6;
/** 73 years: no bucket takes longer to fill, and none is empty for longer than twice that. Words of 64 bits would wrap. */
const LONGEST_REFILL_NS = 2 ** 61;
const LATEST_NS = 2 ** 62;

export class SharedBucket implements Bucket {
  readonly config: TokenBucketConfig;
  readonly #words: BigInt64Array;
  readonly #offsetNs: number;
  readonly #refillNs: number;
  #nowNs = 0;

  /** `offsetMs` leads from the clock of `wait` to one that all processes have. */
  constructor(config: TokenBucketConfig, words: BigInt64Array, offsetMs: number) {
    this.config = config;
    this.#words = words;
    this.#offsetNs = offsetMs * NS_PER_MS;
    this.#refillNs = Math.min(config.refillMs * NS_PER_MS, LONGEST_REFILL_NS);
  }

  wait(now: number): number {
    this.#advance(now);
    if (Number(Atomics.load(this.#words, BURST_SPENT)) < this.config.oneTimeBurst) return 0;
    const perToken = this.#refillNs / this.config.size;
    const waitNs = this.#emptyAt(Atomics.load(this.#words, EMPTY_AT_NS)) + perToken - this.#nowNs;
    return waitNs > 1 ? waitNs / NS_PER_MS : 0;
  }

  charge(tokens: number): void {
    const rest = tokens - this.#spendBurst(tokens);
    if (rest === 0) return;
    const costNs = Math.ceil((rest * this.#refillNs) / this.config.size);
    for (;;) {
      const seen = Atomics.load(this.#words, EMPTY_AT_NS);
      // 0 is the bucket that nobody has taken from.
      const next = BigInt(Math.min(this.#emptyAt(seen) + costNs, LATEST_NS) || 1);
      if (Atomics.compareExchange(this.#words, EMPTY_AT_NS, seen, next) === seen) return;
    }
  }

  fill(now: number): BucketFill {
    this.#advance(now);
    const { size, oneTimeBurst } = this.config;
    const sinceEmptyNs = this.#nowNs - this.#emptyAt(Atomics.load(this.#words, EMPTY_AT_NS));
    const spent = Number(Atomics.load(this.#words, BURST_SPENT));
    return { tokens: (sinceEmptyNs / this.#refillNs) * size, burst: Math.max(0, oneTimeBurst - spent) };
  }

  refill({ tokens, burst }: BucketFill, now: number): void {
    this.#advance(now);
    const { size, oneTimeBurst } = this.config;
    const emptyAtNs = Math.round(this.#nowNs - (Math.min(size, tokens) / size) * this.#refillNs);
    Atomics.store(this.#words, EMPTY_AT_NS, BigInt(Math.min(emptyAtNs, LATEST_NS) || 1));
    Atomics.store(this.#words, BURST_SPENT, BigInt(Math.max(0, Math.ceil(oneTimeBurst - burst))));
  }

  #advance(now: number): void {
    this.#nowNs = Math.round(now * NS_PER_MS + this.#offsetNs);
  }

  #emptyAt(stored: bigint): number {
    const longestAgo = this.#nowNs - this.#refillNs;
    return stored === 0n ? longestAgo : Math.max(Number(stored), longestAgo);
  }

  /** How many of the tokens the burst covers. */
  #spendBurst(tokens: number): number {
    for (;;) {
      const seen = Atomics.load(this.#words, BURST_SPENT);
      const covered = Math.min(tokens, this.config.oneTimeBurst - Number(seen));
      if (covered <= 0) return 0;
      if (Atomics.compareExchange(this.#words, BURST_SPENT, seen, seen + BigInt(covered)) === seen) return covered;
    }
  }
}
