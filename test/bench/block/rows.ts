/** From the samples of a case to its rows: four quantities beside each peer, and which bar is asked where. */
import type { Row } from '../frame/row.ts';
import { median } from '../frame/statistics.ts';
import type { Bars, Case } from './cases.ts';
import type { Sample } from './load.ts';
import { BARE } from './sides.ts';

export interface SideSamples {
  readonly name: string;
  readonly samples: readonly Sample[];
}

interface Quantity {
  readonly suffix: string;
  readonly unit: string;
  readonly better: Row['better'];
  readonly of: (sample: Sample) => number;
  /** Beside the backend that is the better one of the case. */
  readonly bar: (bars: Bars) => number | null;
}

const THROUGHPUT: Quantity = {
  suffix: '',
  unit: 'kIOPS',
  better: 'higher',
  of: ({ kiops }) => kiops,
  bar: ({ throughput }) => throughput,
};
const LATENCIES: readonly Quantity[] = [
  { suffix: '-p50', unit: 'us', better: 'lower', of: ({ p50Us }) => p50Us, bar: ({ p50 }) => p50 },
  { suffix: '-p99', unit: 'us', better: 'lower', of: ({ p99Us }) => p99Us, bar: () => null },
];
const CPU: Quantity = {
  suffix: '-cpu',
  unit: 'us of processor a request',
  better: 'lower',
  of: ({ cpuUs }) => cpuUs,
  bar: ({ cpu }) => cpu,
};

/** All quantities of a case are judged beside one backend: the one that does more. Beside the others they are for reference. */
export function rowsOf(one: Case, ours: SideSamples, peers: readonly SideSamples[]): readonly Row[] {
  const better = betterBackend(peers);
  return [THROUGHPUT, ...LATENCIES, CPU].flatMap((quantity) =>
    peers
      // What io_uring on the file costs is in the generator itself.
      .filter(({ name }) => name !== BARE || quantity !== CPU)
      .map((peer) => rowOf(one, quantity, { ours, peer, bar: barOf(one.bars, quantity, { peer, better }) })),
  );
}

/** Instead of its rows, so that a case that cannot be measured is a case that fails. */
export function failedRow({ name, bars }: Pick<Case, 'name' | 'bars'>, why: string): Row {
  const { unit, better } = THROUGHPUT;
  const none = { samples: [], peerSamples: [], cpuPerUnitUs: null, peerCpuPerUnitUs: null };
  return { bench: 'block', case: name, unit, better, peerName: '', bar: bars.throughput ?? bars.bare, ...none, plot: name, failed: why };
}

/** By the median of what it does in a second; the file itself is no backend. */
export function betterBackend(peers: readonly SideSamples[]): string | undefined {
  const backends = peers.filter(({ name }) => name !== BARE);
  const kiops = (side: SideSamples): number => median(side.samples.map(THROUGHPUT.of));
  return backends.toSorted((a, b) => kiops(b) - kiops(a))[0]?.name;
}

function barOf(bars: Bars, quantity: Quantity, { peer, better }: { peer: SideSamples; better: string | undefined }): number | null {
  if (peer.name === BARE) return quantity === THROUGHPUT ? bars.bare : null;
  return peer.name === better ? quantity.bar(bars) : null;
}

function rowOf(one: Case, quantity: Quantity, { ours, peer, bar }: { ours: SideSamples; peer: SideSamples; bar: number | null }): Row {
  return {
    bench: 'block',
    case: one.name + quantity.suffix,
    unit: quantity.unit,
    better: quantity.better,
    peerName: peer.name,
    samples: ours.samples.map((sample) => quantity.of(sample)),
    peerSamples: peer.samples.map((sample) => quantity.of(sample)),
    bar,
    cpuPerUnitUs: median(ours.samples.map(CPU.of)),
    peerCpuPerUnitUs: median(peer.samples.map(CPU.of)),
    plot: one.name,
  };
}
