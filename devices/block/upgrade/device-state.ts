/** What has become of a disk since it was started, for the process that takes over. */
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { CountersMessage, DeviceStateMessage } from '#shared/rpc/hand-over-channel.ts';
import { limitsMessage, limitsOf } from '#shared/rpc/start-limits.ts';
import type { LimitsFill } from '../limits/rate-limiter.ts';
import type { BucketFill } from '../limits/token-bucket.ts';
import type { RestoredOperations, StatisticsSnapshot } from '../stats/statistics.ts';

type BucketMessage = { [K in keyof BucketFill]: BucketFill[K] | null };
type Counters = Omit<StatisticsSnapshot, 'operations'> & RestoredOperations;

export interface DiskState {
  /** Bytes that the guest sees. */
  readonly size: number;
  readonly isDrained: boolean;
  readonly limits: RateLimits;
  /** What is left of them: buckets that are not said are full, or others'. */
  readonly limitsFill: LimitsFill;
  readonly writesThrough: boolean;
  /** Of the last change that clients know of. */
  readonly generation: number;
  readonly counters: Counters;
  /** Of the image's file. */
  readonly imageIdentity: string;
}

export function deviceStateMessage({
  size,
  isDrained,
  limits,
  limitsFill,
  writesThrough,
  generation,
  counters,
  imageIdentity,
}: DiskState): DeviceStateMessage {
  const { operations, ...sums } = counters;
  return {
    size,
    drained: isDrained,
    limits: limitsMessage(limits),
    limitsFill,
    writeThrough: writesThrough,
    generation,
    imageIdentity,
    counters: {
      ...sums,
      operations: operations.map(({ buckets, ...operation }) => ({ ...operation, buckets: buckets.map((bucket) => ({ ...bucket })) })),
    },
  };
}

export function readDeviceState(message: DeviceStateMessage): DiskState {
  return {
    size: message.size ?? 0,
    isDrained: message.drained ?? false,
    limits: limitsOf(message.limits),
    limitsFill: readFill(message.limitsFill ?? {}),
    writesThrough: message.writeThrough ?? false,
    generation: message.generation ?? 0,
    counters: readCounters(message.counters ?? {}),
    imageIdentity: message.imageIdentity ?? '',
  };
}

function readFill({ bandwidth, ops }: NonNullable<DeviceStateMessage['limitsFill']>): LimitsFill {
  return { ...readBucket('bandwidth', bandwidth), ...readBucket('ops', ops) };
}

function readBucket(name: keyof LimitsFill, fill: Partial<BucketMessage> | null | undefined): LimitsFill {
  const [tokens, burst] = [fill?.tokens ?? 0, fill?.burst ?? 0];
  return fill && Number.isFinite(tokens) && burst >= 0 ? { [name]: { tokens, burst } } : {};
}

function readCounters({ operations, ...sums }: CountersMessage): Counters {
  return {
    sinceMs: sums.sinceMs ?? 0,
    ringFaults: sums.ringFaults ?? 0,
    droppedChains: sums.droppedChains ?? 0,
    throttledEvents: sums.throttledEvents ?? 0,
    throttledUs: sums.throttledUs ?? 0,
    operations: (operations ?? []).map(({ name, bytes, errors, sumUs, buckets }) => ({
      name: name ?? '',
      bytes: bytes ?? 0,
      errors: errors ?? 0,
      sumUs: sumUs ?? 0,
      buckets: (buckets ?? []).map(({ upToUs, count }) => ({ upToUs: upToUs ?? 0, count: count ?? 0 })),
    })),
  };
}
