/** What an exit to our core costs beside one to a C program: a guest that reads the 16550's line status register without end. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { NODE_FLAGS } from '../../services/orchestrator/launch/start-process.ts';
import type { Bench } from './frame/bench.ts';
import { takePairs } from './frame/pairs.ts';
import { makeReady } from './frame/ready.ts';
import type { Row } from './frame/row.ts';
import { PAIRS, PAIRS_HELP } from './frame/samples.ts';
import { median } from './frame/statistics.ts';

/** A sample. */
const EXITS = 20_000;
const PLACE = join(import.meta.dirname, 'exits');
/** Microseconds more than the peer, at most. */
const BARS = { elapsed: 0.8, user: 0.5 } as const;

export const bench: Bench = {
  name: 'exits',
  help: `exits: microseconds for an exit to user space and back, elapsed and in user mode, ${EXITS} exits a sample, on this machine's own /dev/kvm.
Bars: ${BARS.elapsed} us elapsed and ${BARS.user} us of user time more than the peer, as ratios of its median.
Peer: the same guest and loop in a C program, built with gcc. ${PAIRS_HELP}`,
  async run(note) {
    makeReady(['compiler'], note);
    const folder = mkdtempSync(join(tmpdir(), 'bench-exits-'));
    const sides: Side[] = [];
    try {
      const program = join(folder, 'peer');
      execFileSync('gcc', ['-O2', '-o', program, join(PLACE, 'peer.c')]);
      const ours = new Side(process.execPath, [...NODE_FLAGS, join(PLACE, 'ours.ts'), String(EXITS)]);
      const peer = new Side(program, [String(EXITS)]);
      sides.push(ours, peer);
      // The first of each warms its code.
      await ours.sample();
      await peer.sample();
      const pairs = await takePairs(
        PAIRS,
        () => ours.sample(),
        () => peer.sample(),
      );
      return [rowOf('elapsed', pairs.ours, pairs.peer, note), rowOf('user', pairs.ours, pairs.peer, note)];
    } finally {
      for (const side of sides) await side.end();
      rmSync(folder, { recursive: true });
    }
  },
};

/** Microseconds an exit. */
interface Sample {
  readonly elapsed: number;
  readonly user: number;
}

/** A process that takes a sample for every line that it is given. */
class Side {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout);
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async sample(): Promise<Sample> {
    this.#child.stdin.write('\n');
    const answer = await this.#answers.next();
    const [elapsed = Number.NaN, user = Number.NaN] = answer.done === true ? [] : answer.value.split(' ').map(Number);
    if (!(elapsed > 0)) throw new Error(`${this.#child.spawnfile} ended instead of answering`);
    return { elapsed, user };
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'exit');
    this.#lines.close();
  }
}

function rowOf(name: keyof Sample, ours: readonly Sample[], peer: readonly Sample[], note: (line: string) => void): Row {
  const samples = ours.map((sample) => sample[name]);
  const peerSamples = peer.map((sample) => sample[name]);
  const theirs = median(peerSamples);
  const more = samples.map((sample, index) => sample - (peerSamples[index] ?? Number.NaN));
  note(`${name}: ${median(more).toFixed(2)} us more an exit (bar ${BARS[name]})`);
  return {
    bench: 'exits',
    case: `pio-read-${name}`,
    unit: 'us',
    better: 'lower',
    peerName: 'C',
    samples,
    peerSamples,
    bar: theirs / (theirs + BARS[name]),
    cpuPerUnitUs: median(ours.map(({ user }) => user)),
    peerCpuPerUnitUs: median(peer.map(({ user }) => user)),
  };
}
