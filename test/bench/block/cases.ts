/** What is measured, and what has to hold of each. */
import type { Workload } from './load.ts';

/** How the disk is set up; the backends of one setup are started once for all its cases. */
export interface Setup {
  readonly format: 'raw' | 'qcow2';
  readonly direct: boolean;
  readonly queues: number;
}

/** The least ratios that will do, above 1 being ahead; null: for reference. */
export interface Bars {
  /** Throughput beside the better backend. */
  readonly throughput: number | null;
  /** Throughput beside io_uring on the file itself. */
  readonly bare: number | null;
  readonly p50: number | null;
  /** Processor time a request. */
  readonly cpu: number | null;
}

export interface Case {
  readonly name: string;
  readonly setup: Setup;
  readonly workload: Workload;
  readonly bars: Bars;
}

/** An idle device, of the cached raw setup. */
export const IDLE = 'idle';
/** Time in user mode of the thread that moves the data, of the cached raw setup at the greatest depth. */
export const JS_PER_REQUEST = 'js-per-request';

const DEPTHS = [1, 32, 128];
const SEQUENTIAL_DEPTH = 32;
const NO_BARS: Bars = { throughput: null, bare: null, p50: null, cpu: null };

export const CASES: readonly Case[] = [
  ...casesOf({ format: 'raw', direct: false, queues: 1 }),
  ...casesOf({ format: 'raw', direct: true, queues: 1 }),
  ...casesOf({ format: 'qcow2', direct: false, queues: 1 }),
  ...casesOf({ format: 'qcow2', direct: true, queues: 1 }),
  ...casesOf({ format: 'raw', direct: false, queues: 4 }),
  ...casesOf({ format: 'raw', direct: true, queues: 4 }),
];

export const CASE_NAMES: readonly string[] = [...CASES.map(({ name }) => name), IDLE, JS_PER_REQUEST];

function casesOf(setup: Setup): readonly Case[] {
  return [false, true].flatMap((write) => [
    ...DEPTHS.map((depth) => caseOf(setup, { write, sequential: false, block: 4096, depth, queues: setup.queues })),
    caseOf(setup, { write, sequential: true, block: 128 << 10, depth: SEQUENTIAL_DEPTH, queues: setup.queues }),
  ]);
}

function caseOf(setup: Setup, workload: Workload): Case {
  const { write, sequential, block, depth } = workload;
  const parts = [
    ...(setup.format === 'raw' ? [] : [setup.format]),
    write ? 'write' : 'read',
    `${block >> 10}k`,
    sequential ? 'seq' : `qd${depth}`,
    setup.direct ? 'direct' : 'cached',
    ...(setup.queues === 1 ? [] : [`q${setup.queues}`]),
  ];
  return { name: parts.join('-'), setup, workload, bars: barsOf(setup, workload) };
}

function barsOf({ format, direct, queues }: Setup, { write, depth }: Workload): Bars {
  // More busy threads than these machines have cores measure the scheduler.
  if (queues > 1) return NO_BARS;
  // Beside our own raw disk.
  if (format === 'qcow2') return { ...NO_BARS, throughput: 0.8 };
  const p50 = depth === 1 ? 1 : null;
  if (direct) return { throughput: null, bare: 0.95, p50, cpu: 1 };
  return { throughput: write || depth === 128 ? 1.3 : 1, bare: null, p50, cpu: 1 };
}
