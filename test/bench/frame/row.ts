/** The benchmark contract: what one case has to say, and what follows from it. */
import { bootstrapInterval, median } from './statistics.ts';

/** One case beside one peer; `--json` prints each as one line. */
export interface Row {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly peerName: string;
  /** Taken in interleaved pairs: `samples[n]` belongs to `peerSamples[n]`. */
  readonly samples: readonly number[];
  readonly peerSamples: readonly number[];
  /** The least ratio that will do; null: for reference only. */
  readonly bar: number | null;
  /** Microseconds of processor time per unit of work, medians; null where there is no unit of work. */
  readonly cpuPerUnitUs: number | null;
  readonly peerCpuPerUnitUs: number | null;
  /** Rows with the same name here are drawn in one plot; the case's name otherwise. */
  readonly plot?: string;
  /** Why there are no samples: such a row falls short of any bar. */
  readonly failed?: string;
}

export interface Judged {
  readonly row: Row;
  /** Of each pair, turned so that above 1 we are ahead. */
  readonly ratios: readonly number[];
  readonly ratio: number;
  /** Where the median ratio lies with 90 % confidence. */
  readonly interval: readonly [low: number, high: number];
  readonly verdict: 'holds' | 'falls short' | 'reference' | 'failed';
}

export function judge(row: Row): Judged {
  const ratios = row.samples.map((ours, index) => ratioOf(ours, row.peerSamples[index] ?? Number.NaN, row.better));
  const interval = bootstrapInterval(ratios);
  return { row, ratios, ratio: median(ratios), interval, verdict: verdictOn(row, interval[1]) };
}

/** Whether a run with this row is no success. */
export function missesBar({ verdict }: Judged): boolean {
  return verdict === 'falls short' || verdict === 'failed';
}

function verdictOn(row: Row, high: number): Judged['verdict'] {
  if (row.failed !== undefined) return 'failed';
  if (row.bar === null) return 'reference';
  // No number at all holds no bar.
  return high >= row.bar ? 'holds' : 'falls short';
}

function ratioOf(ours: number, peer: number, better: Row['better']): number {
  // Two that use nothing at all are equal.
  if (ours === peer) return 1;
  return better === 'higher' ? ours / peer : peer / ours;
}
