/**
 * Memory of every process of a machine beside a bare node with as many threads: private dirty, which is what one more machine
 * costs, and PSS, where node's own text is shared out among its users. Guest memory is left out on every side.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CrashRun, writeDisk } from '../chaos/crash-run.ts';
import type { Bench } from './frame/bench.ts';
import { makeReady } from './frame/ready.ts';
import type { Row } from './frame/row.ts';
import { PAIRS, PAIRS_HELP, number } from './frame/samples.ts';
import { median } from './frame/statistics.ts';
import { type Monitor, OTHER_PEER_HELP, OURS, cloudHypervisor } from './machine/monitors.ts';
import { type MemoryUse, memoryUse } from './machine/processes.ts';
import { RunningMonitor } from './machine/running.ts';
import { type TinyProgram, writeTinyKernel } from './machine/tiny-kernel.ts';

const LOAD_SECONDS = number('CH_BENCH_LOAD_SECONDS', 60);
/** What a start leaves to be done later is done by then. */
const SETTLE_MS = 3000;
const DISK_BYTES = 64 << 20;
const BLOCK = 4096;
/** In MB. */
const BARS = { core: 45, device: 40, more: 12 } as const;
/** A difference of two processes is noise below this, in MB. */
const LEAST_DIFFERENCE = 0.1;

export const bench: Bench = {
  name: 'memory',
  help: `memory: private dirty memory and PSS of each process of a one-vCPU, one-disk machine with a tiny guest, in MB and without guest memory: idle, and after ${LOAD_SECONDS} s of load (the core: a guest that writes to its serial port without end; the device: 4 KiB random reads, as many at a time as its ring has room for, of a ch-block started as a launcher does it). Then what a second vCPU adds to the core and a second queue to the device. Natively, on this machine's own /dev/kvm.
Bars: core ${BARS.core} MB, device ${BARS.device} MB, a further vCPU or queue ${BARS.more} MB; as ratios of the peer's median.
Peer: a bare node with as many workers, idle. ${OTHER_PEER_HELP}
${PAIRS_HELP} CH_BENCH_LOAD_SECONDS=N loads for N seconds instead of 60. The whole takes a quarter of an hour.`,
  async run(note) {
    makeReady(['lab', 'images'], note);
    const folder = mkdtempSync(join(tmpdir(), 'bench-memory-'));
    try {
      const place = makePlace(folder);
      const others = cloudHypervisor(note);
      const rounds: Round[] = [];
      for (let count = 1; count <= PAIRS; count++) {
        note(`round ${count} of ${PAIRS}: idle machines and bare nodes, then ${LOAD_SECONDS} s of load`);
        rounds.push(await measureRound(place, others));
      }
      return [...rowsBesideNode(rounds), ...others.flatMap(({ name }) => rowsBeside(name, rounds))];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

interface Place {
  readonly folder: string;
  readonly disk: string;
}

function makePlace(folder: string): Place {
  const disk = join(folder, 'disk');
  writeFileSync(disk, '');
  truncateSync(disk, DISK_BYTES);
  for (const program of ['say-and-halt', 'say-on'] as const) writeTinyKernel(join(folder, program), program);
  return { folder, disk };
}

interface OneMachine {
  readonly chctl: MemoryUse;
  readonly core: MemoryUse;
  readonly device: MemoryUse;
}

interface Round {
  readonly idle: OneMachine;
  /** With a second vCPU and a second queue. */
  readonly larger: OneMachine;
  readonly loaded: OneMachine;
  /** Bare nodes by their number of workers, and two with one. */
  readonly nodes: readonly [none: MemoryUse, one: MemoryUse, another: MemoryUse, two: MemoryUse];
  readonly others: ReadonlyMap<string, { readonly idle: MemoryUse; readonly loaded: MemoryUse }>;
}

async function measureRound(place: Place, others: readonly Monitor[]): Promise<Round> {
  const idle = await measureIdle(place, 1);
  const larger = await measureIdle(place, 2);
  const nodes = await measureNodes();
  const othersIdle = new Map<string, MemoryUse>();
  for (const other of others) othersIdle.set(other.name, await measureOther(other, place));
  const loaded = await measureLoaded(place, others);
  const both = others.map(({ name }) => {
    const pair = { idle: othersIdle.get(name) ?? NOTHING, loaded: loaded.others.get(name) ?? NOTHING };
    return [name, pair] as const;
  });
  return { idle, larger, nodes, loaded: loaded.ours, others: new Map(both) };
}

const NOTHING: MemoryUse = { privateDirty: Number.NaN, pss: Number.NaN };

/** With as many vCPUs as queues. */
async function measureIdle(place: Place, size: 1 | 2): Promise<OneMachine> {
  const running = await start(OURS, place, 'say-and-halt', size);
  try {
    await delay(SETTLE_MS);
    return await measure(running);
  } finally {
    await running.stop();
  }
}

async function measureOther(monitor: Monitor, place: Place): Promise<MemoryUse> {
  const running = await start(monitor, place, 'say-and-halt', 1);
  try {
    await delay(SETTLE_MS);
    return memoryUse(running.pid);
  } finally {
    await running.kill();
  }
}

interface Loaded {
  readonly ours: OneMachine;
  readonly others: ReadonlyMap<string, MemoryUse>;
}

/** Everything at once. The loaded device and its driver are two nodes more than a machine has, which makes PSS some percent less. */
async function measureLoaded(place: Place, others: readonly Monitor[]): Promise<Loaded> {
  const running = new Map<string, RunningMonitor>();
  try {
    for (const monitor of [OURS, ...others]) running.set(monitor.name, await start(monitor, place, 'say-on', 1));
    const device = await measureLoadedDevice(place);
    const machine = running.get(OURS.name);
    if (machine === undefined) throw new Error('the machine was not started');
    const ours = { ...(await measure(machine)), device };
    return { ours, others: new Map(others.map(({ name }) => [name, memoryUse(running.get(name)?.pid ?? -1)])) };
  } finally {
    for (const [name, one] of running) await (name === OURS.name ? one.stop() : one.kill());
  }
}

async function start(monitor: Monitor, { folder, disk }: Place, program: TinyProgram, size: 1 | 2): Promise<RunningMonitor> {
  const machine = { kernel: join(folder, program), disk, cpus: size, queues: size, memoryMiB: 128 };
  const [running] = await RunningMonitor.start(monitor, machine, folder);
  return running;
}

async function measure(running: RunningMonitor): Promise<OneMachine> {
  const { corePid, devices } = await running.registration();
  const [disk] = devices;
  if (disk === undefined) throw new Error('the machine has no device process');
  return { chctl: memoryUse(running.pid), core: memoryUse(corePid), device: memoryUse(disk.pid) };
}

async function measureLoadedDevice({ folder }: Place): Promise<MemoryUse> {
  // An image of its own: the machine's is locked.
  const disk = { path: join(folder, 'image'), blockSize: BLOCK, blocks: DISK_BYTES / BLOCK };
  writeDisk(disk.path, disk.blockSize, disk.blocks);
  await using run = await CrashRun.begin({ ...disk, mixture: { writes: 0 } });
  for (let second = 0; second < LOAD_SECONDS; second++) await run.forMs(1000);
  const use = memoryUse(run.disk.child.pid ?? -1);
  await run.finish();
  return use;
}

const BARE_NODE = `
const { Worker } = require('node:worker_threads');
const worker = "require('node:worker_threads').parentPort.postMessage(0); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
let left = Number(process.argv[1]);
const say = () => { if (left-- === 0) console.log('ready'); };
for (let count = left; count > 0; count--) new Worker(worker, { eval: true }).on('message', say);
say();
setInterval(() => {}, 1e9);
`;

async function measureNodes(): Promise<Round['nodes']> {
  const children: ChildProcess[] = [];
  try {
    for (const workers of [0, 1, 1, 2]) {
      const child = spawn(process.execPath, ['-e', BARE_NODE, String(workers)], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      if (child.stdout !== null) await once(child.stdout, 'data');
    }
    await delay(SETTLE_MS);
    const [none = NOTHING, one = NOTHING, another = NOTHING, two = NOTHING] = children.map(({ pid }) => memoryUse(pid ?? -1));
    return [none, one, another, two];
  } finally {
    for (const child of children) await killed(child);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

interface Case {
  readonly name: string;
  /** In MB; none for what is only shown. */
  readonly bar?: number;
  ours(round: Round): MemoryUse;
  peer(round: Round): MemoryUse;
}

function difference(more: MemoryUse, less: MemoryUse): MemoryUse {
  const atLeast = (mb: number): number => Math.max(LEAST_DIFFERENCE, mb);
  return { privateDirty: atLeast(more.privateDirty - less.privateDirty), pss: atLeast(more.pss - less.pss) };
}

const BESIDE_NODE: readonly Case[] = [
  { name: 'core, idle', bar: BARS.core, ours: ({ idle }) => idle.core, peer: ({ nodes }) => nodes[1] },
  { name: 'core, loaded', bar: BARS.core, ours: ({ loaded }) => loaded.core, peer: ({ nodes }) => nodes[1] },
  { name: 'device, idle', bar: BARS.device, ours: ({ idle }) => idle.device, peer: ({ nodes }) => nodes[0] },
  { name: 'device, loaded', bar: BARS.device, ours: ({ loaded }) => loaded.device, peer: ({ nodes }) => nodes[0] },
  {
    name: 'a further vCPU',
    bar: BARS.more,
    ours: ({ idle, larger }) => difference(larger.core, idle.core),
    peer: ({ nodes: [, one, , two] }) => difference(two, one),
  },
  {
    // One thread serves all queues.
    name: 'a further queue',
    bar: BARS.more,
    ours: ({ idle, larger }) => difference(larger.device, idle.device),
    peer: ({ nodes: [, one, another] }) => difference(another, one),
  },
  { name: 'chctl, idle', ours: ({ idle }) => idle.chctl, peer: ({ nodes }) => nodes[0] },
  { name: 'chctl, loaded', ours: ({ loaded }) => loaded.chctl, peer: ({ nodes }) => nodes[0] },
];

function rowsBesideNode(rounds: readonly Round[]): readonly Row[] {
  return BESIDE_NODE.flatMap((one) => rowsOf(one, 'node', rounds));
}

/** Its one process does the core's work and the device's. */
function rowsBeside(name: string, rounds: readonly Round[]): readonly Row[] {
  const cases: readonly Case[] = [
    { name: 'core, idle', ours: ({ idle }) => idle.core, peer: ({ others }) => others.get(name)?.idle ?? NOTHING },
    { name: 'core, loaded', ours: ({ loaded }) => loaded.core, peer: ({ others }) => others.get(name)?.loaded ?? NOTHING },
  ];
  return cases.flatMap((one) => rowsOf(one, name, rounds));
}

function rowsOf(one: Case, peerName: string, rounds: readonly Round[]): readonly Row[] {
  const figures = [
    ['private dirty', 'privateDirty'],
    ['PSS', 'pss'],
  ] as const;
  return figures.map(([label, figure]) => {
    const samples = rounds.map((round) => one.ours(round)[figure]);
    const peerSamples = rounds.map((round) => one.peer(round)[figure]);
    return {
      ...{ bench: 'memory', case: `${one.name}: ${label}`, unit: 'MB', better: 'lower', peerName, samples, peerSamples },
      // Ratios are what is judged, turned so that above 1 we are ahead: so many MB are this much of the peer's.
      bar: one.bar === undefined ? null : median(peerSamples) / one.bar,
      cpuPerUnitUs: null,
      peerCpuPerUnitUs: null,
    } as const;
  });
}
