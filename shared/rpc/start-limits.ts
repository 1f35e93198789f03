/** Rate limits as start messages carry them. */
import { type RateLimits, type TokenBucketConfig, tokenBucket } from '../config/rate-limits.ts';
import type { RateLimitsMessage } from './start-channel.ts';

export function limitsMessage({ bandwidth, ops }: RateLimits): RateLimitsMessage {
  return {
    ...(bandwidth === undefined ? {} : { bandwidth: bucketMessage(bandwidth) }),
    ...(ops === undefined ? {} : { ops: bucketMessage(ops) }),
  };
}

/** What is absent limits nothing. */
export function limitsOf(message: RateLimitsMessage | null | undefined): RateLimits {
  const bandwidth = bucketOf(message?.bandwidth);
  const ops = bucketOf(message?.ops);
  return { ...(bandwidth === undefined ? {} : { bandwidth }), ...(ops === undefined ? {} : { ops }) };
}

function bucketMessage({ size, oneTimeBurst, refillMs }: TokenBucketConfig) {
  return { size, oneTimeBurst, refillMs };
}

function bucketOf(message: RateLimitsMessage['bandwidth']): TokenBucketConfig | undefined {
  return tokenBucket(message?.size ?? 0, message?.oneTimeBurst ?? 0, message?.refillMs ?? 0);
}
