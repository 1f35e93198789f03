/** What a device costs that has nothing to do: a front end is connected, its queue runs, and no request comes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '../frame/row.ts';
import { PAIRS } from '../frame/samples.ts';
import { IDLE } from './cases.ts';
import type { LoadGenerator, Target } from './load.ts';
import type { Side } from './sides.ts';

const SECONDS = 10;
const BAR = 1;

/** All at once: every window of ten seconds, one beginning each second, so that no tick is between two samples. */
export async function measureIdle(load: LoadGenerator, ours: Side, peers: readonly Side[]): Promise<readonly Row[]> {
  const sides = [ours, ...peers];
  const holders: ChildProcess[] = [];
  const pids: number[] = [];
  const ticks: (readonly number[])[] = [];
  try {
    for (const side of sides) {
      const target = await side.ready();
      if (target.kind === 'file') throw new Error(`${side.name} is no device`);
      pids.push(target.pid);
      holders.push(await hold(load, target));
    }
    await delay(1000);
    while (ticks.length < PAIRS + SECONDS) {
      if (ticks.length > 0) await delay(1000);
      ticks.push(pids.map(cpuTicks));
    }
  } finally {
    for (const holder of holders) holder.kill();
  }
  const windows = (side: number): number[] => ticks.slice(SECONDS).map((end, index) => (end[side] ?? 0) - (ticks[index]?.[side] ?? 0));
  return peers.map((peer, index) => ({
    bench: 'block',
    case: IDLE,
    unit: `ticks of processor in ${SECONDS} s`,
    better: 'lower',
    peerName: peer.name,
    samples: windows(0),
    peerSamples: windows(index + 1),
    bar: BAR,
    cpuPerUnitUs: null,
    peerCpuPerUnitUs: null,
  }));
}

async function hold(load: LoadGenerator, target: Target): Promise<ChildProcess> {
  const { program, args, env } = load.holding(target);
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const [said]: unknown[] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!Buffer.isBuffer(said)) throw new Error('the front end ended that was to hold a device');
  return child;
}

/** User and system time of all threads, in hundredths of a second (proc(5), stat). */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
