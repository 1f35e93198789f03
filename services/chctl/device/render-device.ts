/** What a device says, as a person reads it. */
import type { DeviceInfo, DeviceLimits, DeviceStats } from '#shared/rpc/device-client.ts';

export function renderInfo(info: DeviceInfo): string {
  const { image, queues, limits } = info;
  const rows: (readonly string[])[] = [
    ['id', info.id === '' ? '-' : info.id],
    ['kind', info.kind],
    ['process', `${info.pid}, version ${info.programVersion}, ${info.apiVersion}`],
    ['image', `${image?.path ?? ''} (${image?.type ?? ''}${image?.readOnly === true ? ', read-only' : ''})`],
    ['size', `${image?.size ?? 0} bytes (${sizeText(Number(image?.size ?? 0))})`],
    ['engine', info.engine],
    ['write cache', info.writeCache === 'THROUGH' ? 'off (write through)' : 'on (write back)'],
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
    ['bandwidth', bucketText(limits?.bandwidth ?? undefined, sizeText)],
    ['ops', bucketText(limits?.ops ?? undefined, (count) => `${count} requests`)],
  ];
}

function bucketText(bucket: DeviceLimits['bandwidth'] | undefined, text: (tokens: number) => string): string {
  if (bucket === undefined || bucket === null) return 'unlimited';
  const burst = Number(bucket.oneTimeBurst);
  return `${text(Number(bucket.size))} in ${bucket.refillTime} ms${burst === 0 ? '' : `, and ${text(burst)} once`}`;
}

export function renderStats(stats: DeviceStats): string {
  const rows = stats.operations.map(({ operation, requests, bytes, errors, latency }) => {
    const buckets = latency?.buckets ?? [];
    const count = Number(requests);
    const mean = count === 0 ? '-' : timeText(Number(latency?.sumUs ?? 0) / count);
    const quantiles = [0.5, 0.99, 1].map((part) => quantile(buckets, part));
    return [operation.toLowerCase(), String(requests), sizeText(Number(bytes)), String(errors), mean, ...quantiles];
  });
  const table = columns([['operation', 'requests', 'data', 'errors', 'mean', 'p50', 'p99', 'most'], ...rows]);
  const since = new Date(Number(stats.since?.seconds ?? 0) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const notes = [
    [Number(stats.throttledEvents), `waited ${timeText(Number(stats.throttledUs))} for its limits, in ${stats.throttledEvents} times`],
    [Number(stats.droppedChains), `${stats.droppedChains} requests with wrong descriptors were dropped`],
    [Number(stats.ringFaults), `${stats.ringFaults} rings broke`],
  ] as const;
  return `${table}since ${since} UTC\n${notes.map(([count, line]) => (count > 0 ? `${line}\n` : '')).join('')}`;
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
  return us < 1_000_000 ? `${short(us / 1000)} ms` : `${short(us / 1_000_000)} s`;
}

export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${short(value)} ${units[unit] ?? ''}`;
}

/** Three digits. */
function short(value: number): string {
  return Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  const line = (row: readonly string[]): string => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
