/** Time that the thread that moves the data spends in user mode on a request: JavaScript, for it does nothing else there. */
import { readFileSync, readdirSync } from 'node:fs';
import type { Row } from '../frame/row.ts';
import { PAIRS } from '../frame/samples.ts';
import { median } from '../frame/statistics.ts';
import { JS_PER_REQUEST } from './cases.ts';
import type { LoadGenerator } from './load.ts';
import type { Side } from './sides.ts';

/** Microseconds a request. */
const MOST = 0.25;
/** The kernel tells user time by looking once a tick: enough ticks. No warm-up, so that all requests count. */
const SPAN = { warmupMs: 0, measureMs: 1000 };
const WORKLOAD = { write: false, sequential: false, block: 4096, depth: 128, queues: 1 };
const US_PER_TICK = 10_000;

export async function measureScriptTime(load: LoadGenerator, ours: Side): Promise<Row> {
  const target = await ours.ready();
  if (target.kind === 'file') throw new Error('a file runs no JavaScript');
  const samples: number[] = [];
  const cpu: number[] = [];
  // The first warms its code.
  for (let count = 0; count <= PAIRS; count++) {
    const before = userTicks(target.pid);
    const sample = await load.measure(target, WORKLOAD, SPAN);
    const ticks = [...userTicks(target.pid)].map(([thread, after]) => after - (before.get(thread) ?? 0));
    if (count === 0) continue;
    samples.push((Math.max(...ticks) * US_PER_TICK) / sample.requests);
    cpu.push(sample.cpuUs);
  }
  return {
    bench: 'block',
    case: JS_PER_REQUEST,
    unit: 'us in user mode a request',
    better: 'lower',
    peerName: 'what is allowed',
    samples,
    peerSamples: samples.map(() => MOST),
    bar: 1,
    cpuPerUnitUs: median(cpu),
    peerCpuPerUnitUs: null,
  };
}

/** Of each thread, in hundredths of a second (proc(5), stat). */
function userTicks(pid: number): ReadonlyMap<string, number> {
  const folder = `/proc/${pid}/task`;
  return new Map(
    readdirSync(folder).map((thread) => {
      const line = readFileSync(`${folder}/${thread}/stat`, 'latin1');
      return [thread, Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[11])];
    }),
  );
}
