/** Between the messages of ch.device.v1 and plain values. */
import { MAX_REFILL_MS, MAX_TOKENS, type RateLimits, type TokenBucketConfig, tokenBucket } from '../config/rate-limits.ts';
import { printable } from '../lang/printable.ts';
import { type Result, err, ok } from '../lang/result.ts';
import type { DeviceIdentity, DeviceState, DeviceStatistics } from './device-control.ts';
import { API_VERSION } from './device-proto.ts';
import type { Info } from './generated/device/ch/device/v1/Info.ts';
import type { Limits, Limits__Output } from './generated/device/ch/device/v1/Limits.ts';
import { Operation } from './generated/device/ch/device/v1/Operation.ts';
import { SessionState } from './generated/device/ch/device/v1/SessionState.ts';
import type { Stats } from './generated/device/ch/device/v1/Stats.ts';
import type { TokenBucket__Output } from './generated/device/ch/device/v1/TokenBucket.ts';
import type { UpdateLimitsRequest__Output } from './generated/device/ch/device/v1/UpdateLimitsRequest.ts';
import { WriteCache } from './generated/device/ch/device/v1/WriteCache.ts';
import type { Problem } from './problem.ts';

export function infoMessage(identity: DeviceIdentity, state: DeviceState, generation: number): Info {
  return {
    id: identity.id,
    kind: identity.kind,
    programVersion: identity.programVersion,
    apiVersion: API_VERSION,
    features: [...identity.features],
    pid: process.pid,
    image: { path: identity.imagePath, type: identity.imageType, size: state.size, readOnly: identity.readOnly },
    session: state.hasFrontEnd ? SessionState.CONNECTED : SessionState.WAITING,
    queues: state.queues.map((queue) => ({ ...queue, fault: queue.fault ?? '' })),
    drained: state.isDrained,
    limits: limitsMessage(state.limits),
    rateLimitGroup: state.limitsGroup,
    engine: state.engine,
    writeCache: state.writesThrough ? WriteCache.THROUGH : WriteCache.BACK,
    generation,
  };
}

export function limitsMessage({ bandwidth, ops }: RateLimits): Limits {
  return {
    ...(bandwidth === undefined ? {} : { bandwidth: bucketMessage(bandwidth) }),
    ...(ops === undefined ? {} : { ops: bucketMessage(ops) }),
  };
}

function bucketMessage({ size, oneTimeBurst, refillMs }: TokenBucketConfig) {
  return { size, oneTimeBurst, refillTime: refillMs };
}

const OPERATIONS = {
  read: Operation.READ,
  write: Operation.WRITE,
  flush: Operation.FLUSH,
  discard: Operation.DISCARD,
  'write-zeroes': Operation.WRITE_ZEROES,
  other: Operation.OTHER,
} as const;

export function statsMessage(statistics: DeviceStatistics): Stats {
  const { sinceMs, operations, ...counters } = statistics;
  return {
    since: { seconds: Math.floor(sinceMs / 1000), nanos: Math.round((sinceMs % 1000) * 1e6) },
    operations: operations.map(({ name, requests, bytes, errors, sumUs, buckets }) => ({
      operation: OPERATIONS[name],
      requests,
      bytes,
      errors,
      latency: { sumUs, buckets: buckets.map(({ upToUs, count }) => ({ upToUs, count })) },
    })),
    ...counters,
  };
}

const MASKED = ['bandwidth', 'ops'] as const;
type Masked = (typeof MASKED)[number];

/** The limits that a request asks for, on a device that has `present`. */
export function wantedLimits(request: UpdateLimitsRequest__Output, present: RateLimits): Result<RateLimits, Problem> {
  const given = request.updateMask?.paths ?? [];
  const unknown = given.find((path) => !isMasked(path));
  if (unknown !== undefined)
    return invalid('update_mask', `update_mask: there is no "${printable(unknown)}"; known are ${MASKED.join(' and ')}`);
  const mask = given.length === 0 ? MASKED : given.filter(isMasked);
  let wanted: RateLimits = {};
  for (const name of MASKED) {
    const bucket: Result<TokenBucketConfig | undefined, Problem> = mask.includes(name)
      ? readBucket(request.limits, name)
      : ok(present[name]);
    if (!bucket.ok) return bucket;
    if (bucket.value !== undefined) wanted = { ...wanted, [name]: bucket.value };
  }
  return ok(wanted);
}

function isMasked(path: string): path is Masked {
  return MASKED.some((name) => name === path);
}

function readBucket(limits: Limits__Output | null, name: Masked): Result<TokenBucketConfig | undefined, Problem> {
  const bucket = limits?.[name] ?? undefined;
  if (bucket === undefined) return ok(undefined);
  const bounds: readonly (readonly [field: keyof TokenBucket__Output, path: string, most: number])[] = [
    ['size', 'size', MAX_TOKENS],
    ['oneTimeBurst', 'one_time_burst', MAX_TOKENS],
    ['refillTime', 'refill_time', MAX_REFILL_MS],
  ];
  for (const [field, path, most] of bounds) {
    if (Number(bucket[field]) > most)
      return invalid(`limits.${name}.${path}`, `limits.${name}.${path} is ${bucket[field]}; the most is ${most}`);
  }
  return ok(tokenBucket(Number(bucket.size), Number(bucket.oneTimeBurst), Number(bucket.refillTime)));
}

function invalid(field: string, message: string): Result<never, Problem> {
  return err({ status: 'INVALID_ARGUMENT', reason: 'BAD_VALUE', field, message });
}
