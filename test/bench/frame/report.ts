/** A benchmark's outcome for people: a table, and a plot of every sample. */
import { type Judged, judge, type Row } from './row.ts';
import { median, quantile } from './statistics.ts';

export function renderTable(rows: readonly Row[]): string {
  const head = ['case', 'unit', 'ours', 'peer', 'ratio', '90 %', 'bar', 'us/op', 'peer us/op', 'verdict'];
  const lines = rows
    .map(judge)
    .map((judged) => [
      judged.row.case,
      judged.row.unit,
      spread(judged.row.samples),
      `${judged.row.peerName} ${spread(judged.row.peerSamples)}`,
      judged.ratio.toFixed(2),
      judged.interval.map((bound) => bound.toFixed(2)).join('-'),
      judged.row.bar === null ? '' : String(Math.round(judged.row.bar * 1000) / 1000),
      judged.row.cpuPerUnitUs?.toFixed(2) ?? '',
      judged.row.peerCpuPerUnitUs?.toFixed(2) ?? '',
      judged.verdict,
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

/** Median and the middle half. */
function spread(samples: readonly number[]): string {
  const [low, high] = [quantile(samples, 0.25), quantile(samples, 0.75)].map((value) => value.toFixed(1));
  return `${median(samples).toFixed(1)} (${low}-${high})`;
}

const ROW_HEIGHT = 46;
const LEFT = 230;
const WIDTH = 520;

/** One line per case: a dot per pair's ratio, the median's interval as a bar, and the bar to hold. */
export function renderPlot(rows: readonly Row[]): string {
  const judged = rows.map(judge);
  const most = Math.max(1.2, ...judged.flatMap(({ ratios, row }) => [...ratios, row.bar ?? 0]).filter(Number.isFinite));
  const x = (ratio: number): string => (LEFT + (Math.min(ratio, most) / most) * WIDTH).toFixed(1);
  const height = judged.length * ROW_HEIGHT + 40;
  const parts = judged.map((one, index) => renderCase(one, 20 + index * ROW_HEIGHT, x));
  const unity = `<line x1="${x(1)}" x2="${x(1)}" y1="10" y2="${height - 24}" stroke="#999"/><text x="${x(1)}" y="${height - 8}" text-anchor="middle">1 = the peer</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 30}" height="${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${unity}${parts.join('')}</svg>\n`;
}

function renderCase({ row, ratios, interval, ratio }: Judged, top: number, x: (ratio: number) => string): string {
  const y = top + 14;
  const label = `<text x="8" y="${y}">${escape(`${row.bench}: ${row.case}`)}</text><text x="8" y="${y + 15}" fill="#666">${escape(`beside ${row.peerName}: ${ratio.toFixed(2)}`)}</text>`;
  const range = `<line x1="${x(interval[0])}" x2="${x(interval[1])}" y1="${y}" y2="${y}" stroke="#27c" stroke-width="6" stroke-opacity="0.4"/>`;
  const dots = ratios.map((one) => `<circle cx="${x(one)}" cy="${y}" r="3" fill="#27c"/>`).join('');
  const bar =
    row.bar === null ? '' : `<line x1="${x(row.bar)}" x2="${x(row.bar)}" y1="${y - 12}" y2="${y + 12}" stroke="#c33" stroke-width="2"/>`;
  return label + range + dots + bar;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
