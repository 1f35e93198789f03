import { expect } from 'chai';
import type { DeviceStats } from '#shared/rpc/device-client.ts';
import { renderStats } from './render-device.ts';
import { statsBetween } from './stats-between.ts';

/** Reads with these latencies, in microseconds. */
function stats(seconds: string, latencies: readonly number[]): DeviceStats {
  const buckets = [...Map.groupBy(latencies, (us) => us)].map(([upToUs, all]) => ({ upToUs: String(upToUs), count: String(all.length) }));
  const sumUs = String(latencies.reduce((sum, us) => sum + us, 0));
  const [requests, bytes] = [String(latencies.length), String(latencies.length * 4096)];
  return {
    since: { seconds, nanos: 0 },
    operations: [{ operation: 'READ', requests, bytes, errors: '0', latency: { sumUs, buckets } }],
    ringFaults: '0',
    droppedChains: '0',
    throttledEvents: '0',
    throttledUs: '0',
  };
}

describe('statistics of an interval', () => {
  it('what was done between two answers', () => {
    const between = statsBetween(stats('5', [10, 10, 5000]), stats('5', [10, 10, 10, 20, 5000]));
    expect(renderStats(between, 2000)).to.equal(
      `operation  requests  data   errors  mean   p50    p99    most
read       2         8 KiB  0       15 us  10 us  20 us  20 us
in 2 s
`,
    );
  });

  it('of a device that counts from the start again -> all that it says', () => {
    const after = stats('9', [10]);
    expect(statsBetween(stats('5', [10, 10]), after)).to.equal(after);
  });
});
