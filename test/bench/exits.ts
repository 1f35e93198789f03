/**
 * What an exit to this program costs beside one to a C program: a guest that reads the 16550's line status register without end.
 * `node test/bench/exits.ts [--json]`; the peer is compiled with gcc. Microseconds an exit, elapsed and in user mode.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { TinyMachine } from '../machine/tiny-machine.ts';
import { makeReady } from './frame/ready.ts';

const EXITS = 20_000;
const PAIRS = 12;
/** Microseconds more than the peer, at most. */
const ELAPSED_BAR = 0.8;
const USER_BAR = 0.5;

interface Sample {
  readonly elapsed: number;
  readonly user: number;
}

type Measure = () => Promise<Sample>;

async function withPeer(use: (peer: Measure) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exits-'));
  const program = join(folder, 'peer');
  try {
    execFileSync('gcc', ['-O2', '-o', program, fileURLToPath(new URL('./exits-peer.c', import.meta.url))]);
    const child = spawn(program, [String(EXITS)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await use(async () => {
      child.stdin.write('\n');
      const [elapsed = NaN, user = NaN] = String((await lines.next()).value)
        .split(' ')
        .map(Number);
      return { elapsed, user };
    });
    child.stdin.end();
    await once(child, 'exit');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withOurs(use: (ours: Measure) => Promise<void>): Promise<void> {
  await using machine = new TinyMachine({ code: [0x66, 0xba, 0xfd, 0x03, 0xec, 0xeb, 0xfd] }); // mov dx, 0x3fd; a: in al, dx; jmp a
  let take: (sample: Sample) => void = () => {};
  const report = (value: unknown): void => {
    if (isSample(value)) take(value);
    else throw new Error(`the guest stopped: ${JSON.stringify(value)}`);
  };
  machine.start('pause', { entry: new URL('./exits-vcpu.ts', import.meta.url), data: { exits: EXITS }, onMessage: report });
  await use(() => {
    const sample = new Promise<Sample>((resolve) => void (take = resolve));
    return machine.threads.pauseAll().then(() => {
      machine.threads.resumeAll();
      return sample;
    });
  });
}

function isSample(value: unknown): value is Sample {
  return typeof value === 'object' && value !== null && 'elapsed' in value && 'user' in value;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function print(name: 'elapsed' | 'user', bar: number, pairs: readonly (readonly [Sample, Sample])[]): void {
  const samples = pairs.map(([ours]) => ours[name]);
  const peerSamples = pairs.map(([, peer]) => peer[name]);
  const more = pairs.map(([ours, peer]) => ours[name] - peer[name]);
  if (process.argv.includes('--json')) {
    // The contract compares ratios, turned so that above 1 we are ahead: so much slower is still within the bar.
    const theirs = median(peerSamples);
    const row = {
      bench: 'exits',
      case: `pio-read-${name}`,
      unit: 'us',
      better: 'lower',
      peerName: 'C',
      samples,
      peerSamples,
      bar: theirs / (theirs + bar),
    };
    console.log(JSON.stringify(row));
  } else {
    const [least, most] = [Math.min(...more), Math.max(...more)].map((value) => value.toFixed(2));
    const medians = `ours ${median(samples).toFixed(2)} us, C ${median(peerSamples).toFixed(2)} us`;
    console.log(`exits, ${name}: ${medians}, more: ${median(more).toFixed(2)} us (${least} to ${most}; bar ${bar})`);
  }
}

exitOnUncaught('exits');
makeReady(['compiler'], (line) => console.error(line));
await withPeer((peer) =>
  withOurs(async (ours) => {
    const pairs: (readonly [Sample, Sample])[] = [];
    await ours();
    await peer();
    for (let pair = 0; pair < PAIRS; pair++) {
      if (pair % 2 === 0) pairs.push([await ours(), await peer()]);
      else {
        const theirs = await peer();
        pairs.push([await ours(), theirs]);
      }
    }
    print('elapsed', ELAPSED_BAR, pairs);
    print('user', USER_BAR, pairs);
  }),
);
exitNow(0);
