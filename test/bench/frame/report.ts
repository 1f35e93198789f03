/** A benchmark's outcome for people, as a table. */
import { judge, type Row } from './row.ts';
import { median, quantile } from './statistics.ts';

export function renderTable(rows: readonly Row[]): string {
  const head = ['case', 'unit', 'ours', 'peer', 'ratio', '90 %', 'bar', 'us/op', 'peer us/op', 'verdict'];
  const lines = rows
    .map(judge)
    .map((judged) => [
      judged.row.case,
      judged.row.unit,
      spread(judged.row.samples),
      `${judged.row.peerName} ${spread(judged.row.peerSamples)}`.trimEnd(),
      ...(judged.ratios.length === 0 ? ['', ''] : [judged.ratio.toFixed(2), judged.interval.map((bound) => bound.toFixed(2)).join('-')]),
      judged.row.bar === null ? '' : String(Math.round(judged.row.bar * 1000) / 1000),
      judged.row.cpuPerUnitUs?.toFixed(2) ?? '',
      judged.row.peerCpuPerUnitUs?.toFixed(2) ?? '',
      judged.row.failed === undefined ? judged.verdict : `failed: ${judged.row.failed}`,
    ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Median and the middle half; nothing of nothing. */
export function spread(samples: readonly number[]): string {
  if (samples.length === 0) return '';
  const [low, high] = [quantile(samples, 0.25), quantile(samples, 0.75)].map((value) => value.toFixed(1));
  return `${median(samples).toFixed(1)} (${low}-${high})`;
}
