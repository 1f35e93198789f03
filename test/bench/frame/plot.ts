/** A benchmark's outcome, drawn: the ratios of all rows in one plot, and every sample of both sides in one for each case. */
import { spread } from './report.ts';
import { type Judged, judge, type Row } from './row.ts';
import { median, quantile } from './statistics.ts';

const OURS = '#27c';
const PEER = '#888';
const BAR = '#c33';
const WIDTH = 900;
const LEFT = 290;
const RIGHT = WIDTH - 30;
const ROW_HEIGHT = 34;
const STRIP_HEIGHT = 26;

/** One line per row with a bar or of a case's own quantity: a dot per pair's ratio, the median's interval, and the bar to hold. */
export function renderPlot(title: string, rows: readonly Row[]): string {
  const judged = rows.filter((row) => row.bar !== null || row.failed !== undefined || (row.plot ?? row.case) === row.case).map(judge);
  const bounds = judged.flatMap(({ interval, row }) => [interval[1], row.bar ?? 0]).filter(Number.isFinite);
  const scale = new Scale(Math.min(4, Math.max(1.2, ...bounds)));
  const top = 64;
  const bottom = top + judged.length * ROW_HEIGHT;
  const parts = judged.map((one, index) => ratioLine(one, top + index * ROW_HEIGHT + 12, scale));
  const unity = line(scale.x(1), scale.x(1), top - 6, bottom, '#bbb');
  return document(bottom + 40, [
    text(8, 22, `${title}: ratio to the peer, above 1 is ahead`, 'font-size="16"'),
    text(
      8,
      42,
      'a dot for each pair, the 90 % interval of the median, and in red the least that will do; all beyond the edge are at the edge',
    ),
    unity,
    ...parts,
    axis(scale, bottom + 8),
  ]);
}

/** The samples of one case: a panel for each of its rows' quantities, in it a strip for us and for each peer. */
export function renderSamples(title: string, rows: readonly Row[]): string {
  const parts: string[] = [text(8, 22, title, 'font-size="16"')];
  let y = 40;
  for (const panel of Map.groupBy(rows, (row) => row.case).values()) {
    const drawn = renderPanel(panel.map(judge), y);
    parts.push(drawn.svg);
    y += drawn.height;
  }
  return document(y, parts);
}

/** From nothing at the left to the greatest at the right. */
class Scale {
  readonly most: number;

  constructor(most: number) {
    this.most = most > 0 ? most : 1;
  }

  x(value: number): number {
    return LEFT + (Math.min(Math.max(value, 0), this.most) / this.most) * (RIGHT - LEFT);
  }

  /** About eight round numbers. */
  ticks(): readonly number[] {
    const rough = this.most / 8;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
    return Array.from({ length: Math.floor(this.most / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
  }
}

function ratioLine({ row, ratios, interval, ratio, verdict }: Judged, y: number, scale: Scale): string {
  const colour = verdict === 'falls short' || verdict === 'failed' ? BAR : '#000';
  const said = verdict === 'failed' ? (row.failed ?? '') : `beside ${row.peerName}: ${ratio.toFixed(2)}, ${verdict}`;
  const label = text(8, y, row.case, `fill="${colour}"`) + text(8, y + 13, said.slice(0, 60), 'fill="#666" font-size="10"');
  if (ratios.length === 0) return label;
  const range = `<line x1="${round(scale.x(interval[0]))}" x2="${round(scale.x(interval[1]))}" y1="${y}" y2="${y}" stroke="${OURS}" stroke-width="7" stroke-opacity="0.4"/>`;
  const dots = ratios.map((one) => dot(scale.x(one), y, OURS)).join('');
  return label + range + dots + (row.bar === null ? '' : line(scale.x(row.bar), scale.x(row.bar), y - 11, y + 11, BAR, 2));
}

function renderPanel(judged: readonly Judged[], top: number): { readonly svg: string; readonly height: number } {
  const [first] = judged;
  if (first === undefined) return { svg: '', height: 0 };
  const { row } = first;
  const values = judged.flatMap((one) => [...one.row.samples, ...one.row.peerSamples, barValue(one) ?? 0]);
  const scale = new Scale(Math.max(...values) * 1.04);
  const parts = [text(8, top + 14, `${row.case}: ${row.unit}, ${row.better} is better`, 'font-weight="bold"')];
  let y = top + 36;
  if (row.failed !== undefined) parts.push(text(8, y, `failed: ${row.failed}`, `fill="${BAR}"`));
  else {
    parts.push(strip('ours', row.samples, { y, colour: OURS, scale }));
    for (const one of judged) {
      y += STRIP_HEIGHT;
      parts.push(
        strip(one.row.peerName, one.row.peerSamples, { y, colour: PEER, scale }),
        outcome(one, y + 13),
        target(one, top + 26, y + 10, scale),
      );
      y += 14;
    }
    parts.push(axis(scale, y + 12));
  }
  return { svg: parts.join(''), height: y + 50 - top };
}

interface Place {
  readonly y: number;
  readonly colour: string;
  readonly scale: Scale;
}

/** A dot per sample, its middle half as a box, its median as a stroke. */
function strip(name: string, samples: readonly number[], { y, colour, scale }: Place): string {
  const [low = 0, high = 0] = [quantile(samples, 0.25), quantile(samples, 0.75)].map((value) => scale.x(value));
  const middle = scale.x(median(samples));
  const box = `<rect x="${round(low)}" y="${y - 9}" width="${round(Math.max(1, high - low))}" height="18" fill="${colour}" fill-opacity="0.2"/>`;
  const dots = samples.map((sample, index) => dot(scale.x(sample), y - 5 + (index % 5) * 2.5, colour)).join('');
  return text(8, y + 4, `${name}: ${spread(samples)}`) + box + line(middle, middle, y - 9, y + 9, colour, 2) + dots;
}

/** What the judgement beside this peer is. */
function outcome({ row, ratio, interval, verdict }: Judged, y: number): string {
  const colour = verdict === 'falls short' ? BAR : '#666';
  const bar = row.bar === null ? '' : `, bar ${Math.round(row.bar * 1000) / 1000}`;
  const said = `ratio ${ratio.toFixed(2)} (${interval.map((bound) => bound.toFixed(2)).join('-')})${bar}: ${verdict}`;
  return text(20, y + 4, said, `fill="${colour}" font-size="10"`);
}

/** In red, from our strip to the peer's: what we have to reach beside it. */
function target(judged: Judged, top: number, bottom: number, scale: Scale): string {
  const value = barValue(judged);
  return value === undefined ? '' : line(scale.x(value), scale.x(value), top, bottom, BAR, 1.5);
}

/** What our median has to be beside the peer's. */
function barValue({ row }: Judged): number | undefined {
  if (row.bar === null || row.peerSamples.length === 0) return undefined;
  const theirs = median(row.peerSamples);
  return row.better === 'higher' ? theirs * row.bar : theirs / row.bar;
}

function axis(scale: Scale, y: number): string {
  const ticks = scale.ticks().map((tick) => {
    const x = scale.x(tick);
    return line(x, x, y - 3, y, '#999') + text(x, y + 12, String(tick), 'text-anchor="middle" font-size="10" fill="#666"');
  });
  return line(LEFT, RIGHT, y - 3, y - 3, '#999') + ticks.join('');
}

function document(height: number, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`;
  return `${head}<rect width="100%" height="100%" fill="#fff"/>${parts.join('\n')}</svg>\n`;
}

function line(
  ...[x1, x2, y1, y2, colour, width = 1]: [x1: number, x2: number, y1: number, y2: number, colour: string, width?: number]
): string {
  return `<line x1="${round(x1)}" x2="${round(x2)}" y1="${round(y1)}" y2="${round(y2)}" stroke="${colour}" stroke-width="${width}"/>`;
}

function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="2.5" fill="${colour}" fill-opacity="0.7"/>`;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(words)}</text>`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
