/** Starts the sides of each setup once, measures its cases in turn, and ends them. */
import type { Row } from '../frame/row.ts';
import { takeRounds } from '../frame/pairs.ts';
import { PAIRS } from '../frame/samples.ts';
import { type Case, IDLE, type Setup } from './cases.ts';
import { measureIdle } from './idle.ts';
import { makeImages, settle } from './images.ts';
import type { LoadGenerator, Sample, Span } from './load.ts';
import { type SideSamples, failedRow, rowsOf } from './rows.ts';
import { measureScriptTime } from './script-time.ts';
import { type Side, type SideSpec, sidesOf } from './sides.ts';

export interface Place {
  readonly folder: string;
  readonly load: LoadGenerator;
  readonly span: Span;
  readonly note: (line: string) => void;
}

/** The disk that has the cases beside those of throughput. */
export const PLAIN: Setup = { format: 'raw', direct: false, queues: 1 };
const NO_BARS = { throughput: null, bare: null, p50: null, cpu: null };

/** The cases of one setup, and what else is `wanted` of it. */
export async function runSetup(setup: Setup, cases: readonly Case[], extras: readonly string[], place: Place): Promise<readonly Row[]> {
  const started: Side[] = [];
  try {
    const [ours, ...peers] = sidesOf(setup, makeImages(place.folder, setup));
    if (ours === undefined) return [];
    started.push(await ours.start(place.folder));
    for (const peer of peers) started.push(...(await startPeer(peer, place)));
    return await measureAll(started, { cases, extras }, place);
  } catch (error) {
    const why = problem(error);
    return [...cases, ...extras.map((name) => ({ name, bars: NO_BARS }))].map((one) => failed(one, why, place));
  } finally {
    for (const side of started) side.end();
  }
}

async function measureAll(
  started: readonly Side[],
  { cases, extras }: { readonly cases: readonly Case[]; readonly extras: readonly string[] },
  place: Place,
): Promise<readonly Row[]> {
  const [ours, ...peers] = started;
  if (ours === undefined) return [];
  const rows: Row[] = [];
  for (const one of cases) rows.push(...(await measureCase(one, started, place)));
  for (const name of extras) rows.push(...(await measureExtra(name, ours, { peers, place })));
  return rows;
}

async function measureExtra(
  name: string,
  ours: Side,
  { peers, place }: { readonly peers: readonly Side[]; readonly place: Place },
): Promise<readonly Row[]> {
  place.note(`${name}: ${PAIRS} samples`);
  try {
    return name === IDLE ? await measureIdle(place.load, ours, peers) : [await measureScriptTime(place.load, ours)];
  } catch (error) {
    return [failed({ name, bars: NO_BARS }, problem(error), place)];
  }
}

/** A peer that does not work is left out by name. */
async function startPeer(peer: SideSpec, { folder, note }: Place): Promise<readonly Side[]> {
  try {
    return [await peer.start(folder)];
  } catch (error) {
    note(`left out: ${problem(error)}`);
    return [];
  }
}

async function measureCase(one: Case, sides: readonly Side[], place: Place): Promise<readonly Row[]> {
  place.note(`${one.name}: ${PAIRS} samples each of ${sides.map(({ name }) => name).join(', ')}`);
  settle(place.folder);
  const runs = sides.map((side) => new SideRun(side, one, place));
  // The first of each warms its code.
  for (const each of runs) await each.sample();
  await takeRounds(
    PAIRS,
    runs.map((each) => () => each.sample()),
  );
  const [ours, ...peers] = runs;
  if (ours?.failure !== undefined) return [failed(one, ours.failure, place)];
  const fine = peers.filter(({ failure }) => failure === undefined);
  for (const { name, failure } of peers) if (failure !== undefined) place.note(`${one.name}: ${name} is left out: ${failure}`);
  if (ours === undefined || fine.length === 0) return [failed(one, 'there is no peer', place)];
  return rowsOf(one, ours, fine);
}

/** The samples of one side of one case, until one fails. */
class SideRun implements SideSamples {
  readonly samples: Sample[] = [];
  failure: string | undefined;
  readonly #side: Side;
  readonly #case: Case;
  readonly #place: Place;
  #warm = false;

  constructor(side: Side, one: Case, place: Place) {
    this.#side = side;
    this.#case = one;
    this.#place = place;
  }

  get name(): string {
    return this.#side.name;
  }

  async sample(): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      const sample = await this.#place.load.measure(await this.#side.ready(), this.#case.workload, this.#place.span);
      if (this.#warm) this.samples.push(sample);
      this.#warm = true;
    } catch (error) {
      this.failure = problem(error);
    }
  }
}

function failed(one: Pick<Case, 'name' | 'bars'>, why: string, { note }: Place): Row {
  note(`${one.name} failed: ${why}`);
  return failedRow(one, why);
}

function problem(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, '; ');
}
