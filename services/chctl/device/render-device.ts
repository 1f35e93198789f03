/** What a device says, as a person reads it. */
import { printable, roundSize, threeDigits } from '#shared/lang/printable.ts';
import type { DeviceInfo, DeviceLimits, DeviceStats } from '#shared/rpc/device-client.ts';
import type { FoundDevice } from '../../orchestrator/index.ts';

export function renderDevices(devices: readonly FoundDevice[]): string {
  return columns([
    ['disk', 'process', 'socket'],
    ...devices.map(({ vm, id, pid, socket }) => [`${vm}/${id}`, String(pid), printable(socket)]),
  ]);
}

export function renderInfo(info: DeviceInfo): string {
  const { image, queues, limits } = info;
  const rows: (readonly string[])[] = [
    ['id', info.id === '' ? '-' : info.id],
    ['kind', info.kind],
    ['process', `${info.pid}, version ${info.programVersion}, ${info.apiVersion}`],
    ['image', `${image?.path ?? ''} (${image?.type ?? ''}${image?.readOnly === true ? ', read-only' : ''})`],
    ['size', `${roundSize(Number(image?.size ?? 0))} (${image?.size ?? 0} bytes)`],
    ['engine', info.engine],
    ...(image?.readOnly === true ? [] : [['write cache', info.writeCache === 'THROUGH' ? 'off (write through)' : 'on (write back)']]),
    ['guest', `${info.session.toLowerCase()}${info.drained ? ', drained' : ''}`],
    ...queues.map(({ index, size, enabled, inFlight, fault }) => [
      `queue ${index}`,
      `${size} entries, ${enabled ? 'enabled' : 'disabled'}, ${inFlight} under way${fault === '' ? '' : `, broken: ${fault}`}`,
    ]),
    ...limitRows(limits),
    ...(info.rateLimitGroup === '' ? [] : [['rate limit group', info.rateLimitGroup]]),
    ['generation', String(info.generation)],
  ];
  return columns(rows);
}

export function renderLimits(limits: DeviceLimits | null): string {
  return columns(limitRows(limits));
}

function limitRows(limits: DeviceLimits | null): (readonly string[])[] {
  return [
    ['bandwidth', bucketText(limits?.bandwidth ?? undefined, roundSize)],
    ['ops', bucketText(limits?.ops ?? undefined, (count) => `${count} requests`)],
  ];
}

function bucketText(bucket: DeviceLimits['bandwidth'] | undefined, text: (tokens: number) => string): string {
  if (bucket === undefined || bucket === null) return 'unlimited';
  const burst = Number(bucket.oneTimeBurst);
  return `${text(Number(bucket.size))} in ${bucket.refillTime} ms${burst === 0 ? '' : `, and ${text(burst)} once`}`;
}

/** Of all that it has done; or, where there is an interval, of what it did in that. */
export function renderStats(stats: DeviceStats, intervalMs?: number): string {
  const rows = stats.operations.map(({ operation, requests, bytes, errors, latency }) => {
    const buckets = latency?.buckets ?? [];
    const count = Number(requests);
    const mean = count === 0 ? '-' : timeText(Number(latency?.sumUs ?? 0) / count);
    const quantiles = [0.5, 0.99, 1].map((part) => quantile(buckets, part));
    return [operation.toLowerCase().replace('_', '-'), String(requests), roundSize(Number(bytes)), String(errors), mean, ...quantiles];
  });
  const table = columns([['operation', 'requests', 'data', 'errors', 'mean', 'p50', 'p99', 'most'], ...rows]);
  const since = new Date(Number(stats.since?.seconds ?? 0) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const notes = [
    [Number(stats.throttledEvents), `waited ${timeText(Number(stats.throttledUs))} for its limits, ${stats.throttledEvents} times`],
    [Number(stats.droppedChains), `${stats.droppedChains} requests with wrong descriptors were dropped`],
    [Number(stats.ringFaults), `${stats.ringFaults} rings broke`],
  ] as const;
  const when = intervalMs === undefined ? `since ${since} UTC` : `in ${timeText(intervalMs * 1000)}`;
  return `${table}${when}\n${notes.map(([count, line]) => (count > 0 ? `${line}\n` : '')).join('')}`;
}

type Buckets = NonNullable<DeviceStats['operations'][number]['latency']>['buckets'];

/** The bound of the bucket in which the request of that rank is. */
function quantile(buckets: Buckets, part: number): string {
  const all = buckets.reduce((sum, { count }) => sum + Number(count), 0);
  let seen = 0;
  for (const { upToUs, count } of buckets) {
    seen += Number(count);
    if (seen >= all * part) return timeText(Number(upToUs));
  }
  return '-';
}

export function timeText(us: number): string {
  if (us < 1000) return `${Math.round(us)} us`;
  return us < 1_000_000 ? `${threeDigits(us / 1000)} ms` : `${threeDigits(us / 1_000_000)} s`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  const line = (row: readonly string[]): string => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
