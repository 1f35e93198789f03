import type { DeviceStats } from '#shared/rpc/device-client.ts';

type Operation = DeviceStats['operations'][number];
type Buckets = NonNullable<Operation['latency']>['buckets'];

/** What was done between two answers of one device; where it counts from the start again, all that the later one says. */
export function statsBetween(before: DeviceStats, after: DeviceStats): DeviceStats {
  if (Number(after.since?.seconds ?? 0) !== Number(before.since?.seconds ?? 0)) return after;
  return {
    ...after,
    operations: after.operations.map((operation) => {
      const old = before.operations.find((one) => one.operation === operation.operation);
      return old === undefined ? operation : operationBetween(old, operation);
    }),
    ringFaults: difference(before.ringFaults, after.ringFaults),
    droppedChains: difference(before.droppedChains, after.droppedChains),
    throttledEvents: difference(before.throttledEvents, after.throttledEvents),
    throttledUs: difference(before.throttledUs, after.throttledUs),
  };
}

function operationBetween(before: Operation, after: Operation): Operation {
  return {
    ...after,
    requests: difference(before.requests, after.requests),
    bytes: difference(before.bytes, after.bytes),
    errors: difference(before.errors, after.errors),
    latency: {
      sumUs: difference(before.latency?.sumUs ?? '0', after.latency?.sumUs ?? '0'),
      buckets: bucketsBetween(before.latency?.buckets ?? [], after.latency?.buckets ?? []),
    },
  };
}

function bucketsBetween(before: Buckets, after: Buckets): Buckets {
  const counts = new Map(before.map(({ upToUs, count }) => [String(upToUs), count]));
  return after
    .map(({ upToUs, count }) => ({ upToUs, count: difference(counts.get(String(upToUs)) ?? '0', count) }))
    .filter(({ count }) => count !== '0');
}

/** Of two counters, as their messages carry them. */
function difference(before: string, after: string): string {
  return String(Math.max(Number(after) - Number(before), 0));
}
