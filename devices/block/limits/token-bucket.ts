/**
 * A token bucket (Cloud Hypervisor's: size, one-time burst, refill time). Tokens come back evenly, the burst is spent first and never
 * refilled.
 *
 * What a request costs is known once it has been taken from its ring, and then it cannot be put back. So a request may begin as soon
 * as there is a token, and what it costs beyond the tokens that are there is owed: the next one waits until the debt is repaid. Over
 * time that is the same rate, and a request larger than the bucket waits for exactly as long as Cloud Hypervisor has it wait. Where
 * that one looks again every 100 ms, this one says when to look.
 */
import type { TokenBucketConfig } from '#shared/config/rate-limits.ts';

/** One nanosecond: less is what doubles make of none. */
const SHORTEST_MS = 1e-6;

/** What is in a bucket: tokens, below zero where they are owed, and of those that are never refilled. */
export interface BucketFill {
  readonly tokens: number;
  readonly burst: number;
}

export interface Bucket {
  readonly config: TokenBucketConfig;
  /** Milliseconds until a request may begin; 0: it may now. Hot. */
  wait(now: number): number;
  /** A request has begun. `wait` was asked at the same time. Hot. */
  charge(tokens: number): void;
  fill(now: number): BucketFill;
  /** Has it hold what another one held, at most what it can. */
  refill(fill: BucketFill, now: number): void;
}

export class TokenBucket implements Bucket {
  readonly config: TokenBucketConfig;
  /** Below zero: owed. */
  #tokens: number;
  #burst: number;
  /** When `#tokens` was right; in milliseconds. */
  #at: number;

  /** A full one. Times are of one clock, in milliseconds. */
  constructor(config: TokenBucketConfig, now: number) {
    this.config = config;
    this.#tokens = config.size;
    this.#burst = config.oneTimeBurst;
    this.#at = now;
  }

  wait(now: number): number {
    this.#advance(now);
    if (this.#burst >= 1) return 0;
    const { size, refillMs } = this.config;
    const wait = ((1 - this.#tokens) * refillMs) / size;
    return wait > SHORTEST_MS ? wait : 0;
  }

  charge(tokens: number): void {
    const fromBurst = Math.min(this.#burst, tokens);
    this.#burst -= fromBurst;
    this.#tokens -= tokens - fromBurst;
  }

  fill(now: number): BucketFill {
    this.#advance(now);
    return { tokens: this.#tokens, burst: this.#burst };
  }

  refill({ tokens, burst }: BucketFill, now: number): void {
    this.#tokens = Math.min(this.config.size, tokens);
    this.#burst = Math.min(this.config.oneTimeBurst, burst);
    this.#at = now;
  }

  #advance(now: number): void {
    const { size, refillMs } = this.config;
    this.#tokens = Math.min(size, this.#tokens + ((now - this.#at) * size) / refillMs);
    this.#at = now;
  }
}
