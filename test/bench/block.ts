/** Random reads of one cached image through vhost-user, ours beside qemu-storage-daemon, from one load generator. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Bench } from './frame/bench.ts';
import { type BlkioBench, blkioBench } from './frame/blkio-bench.ts';
import { takePairs } from './frame/pairs.ts';
import { makeReady } from './frame/ready.ts';
import type { Row } from './frame/row.ts';
import { PAIRS, PAIRS_HELP } from './frame/samples.ts';
import { median } from './frame/statistics.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const IMAGE_BYTES = 256 << 20;
const DEPTHS = [1, 32, 128];
const RUN_SECONDS = 1;
const BAR = 0.9;
const IDLE_SECONDS = 10;
const US_PER_TICK = 10_000;
const OTHER_PEER = 'CH_VHOST_USER_BLOCK';
const run = promisify(execFile);

export const bench: Bench = {
  name: 'block',
  help: `block: 4 KiB random reads of a cached image at depth ${DEPTHS.join(', ')} by libblkio's blkio-bench, and the processor time of an idle device.
Peers: qemu-storage-daemon (Debian package qemu-system-common or qemu-storage-daemon); ${OTHER_PEER}=PATH names Cloud Hypervisor's vhost_user_block.
blkio-bench is fetched from Debian and built with gcc at the first run. ${PAIRS_HELP}`,
  async run(note) {
    makeReady(['images', 'peers', 'compiler'], note);
    const folder = mkdtempSync(join(tmpdir(), 'bench-block-'));
    const backends: Backend[] = [];
    try {
      const tool = blkioBench(note);
      const image = join(folder, 'image');
      writeFileSync(image, Buffer.alloc(IMAGE_BYTES, 0x5a));
      const start = async (name: string, command: (socket: string) => string[]): Promise<Backend> => {
        const backend = await startBackend(name, join(folder, `${name}.sock`), command);
        backends.push(backend);
        return backend;
      };
      const ours = await start('ch-block', (socket) => [
        join(ROOT, 'bin/ch-block'),
        '--socket-path',
        socket,
        '--disk',
        `path=${image},readonly=on`,
      ]);
      const peers = [await start('qemu-storage-daemon', (socket) => storageDaemon(socket, image))];
      const other = process.env[OTHER_PEER];
      if (other === undefined) note(`${OTHER_PEER} is not set: Cloud Hypervisor's vhost_user_block is left out`);
      else
        peers.push(await start('vhost_user_block', (socket) => [other, '--block-backend', `path=${image},socket=${socket},readonly=true`]));
      const rows: Row[] = [];
      for (const peer of peers) {
        for (const depth of DEPTHS) rows.push(await compare(depth, { tool, ours, peer }, note));
        rows.push(await compareIdle(ours, peer, note));
      }
      return rows;
    } finally {
      for (const backend of backends) backend.child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  },
};

interface Backend {
  readonly name: string;
  readonly socket: string;
  readonly child: ChildProcess;
}

interface Sample {
  readonly kiops: number;
  readonly cpuUs: number;
}

interface Pairing {
  readonly tool: BlkioBench;
  readonly ours: Backend;
  readonly peer: Backend;
}

async function compare(depth: number, { tool, ours, peer }: Pairing, note: (line: string) => void): Promise<Row> {
  note(`depth ${depth} beside ${peer.name}: ${PAIRS} pairs of ${RUN_SECONDS} s`);
  // One run of each warms its code and the cache.
  for (const backend of [ours, peer]) await measure(tool, backend, depth);
  const taken = await takePairs(
    PAIRS,
    () => measure(tool, ours, depth),
    () => measure(tool, peer, depth),
  );
  return {
    bench: 'block',
    case: `randread 4k depth ${depth}`,
    unit: 'kIOPS',
    better: 'higher',
    peerName: peer.name,
    samples: taken.ours.map((sample) => sample.kiops),
    peerSamples: taken.peer.map((sample) => sample.kiops),
    bar: BAR,
    cpuPerUnitUs: median(taken.ours.map((sample) => sample.cpuUs)),
    peerCpuPerUnitUs: median(taken.peer.map((sample) => sample.cpuUs)),
  };
}

/** Doing nothing, both at once: every window of ten seconds, one beginning each second, so that no tick is between two samples. */
async function compareIdle(ours: Backend, peer: Backend, note: (line: string) => void): Promise<Row> {
  note(`idle for ${PAIRS + IDLE_SECONDS - 1} s`);
  const ticks: (readonly [ours: number, peer: number])[] = [];
  while (ticks.length < PAIRS + IDLE_SECONDS) {
    if (ticks.length > 0) await delay(1000);
    ticks.push([cpuTicks(ours), cpuTicks(peer)]);
  }
  const windows = (side: 0 | 1): number[] =>
    ticks.slice(IDLE_SECONDS).map((end, index) => end[side] - (ticks[index]?.[side] ?? Number.NaN));
  const shape = { bench: 'block', case: 'idle', unit: `ticks in ${IDLE_SECONDS} s`, better: 'lower', peerName: peer.name } as const;
  return { ...shape, samples: windows(0), peerSamples: windows(1), bar: BAR, cpuPerUnitUs: null, peerCpuPerUnitUs: null };
}

async function measure(tool: BlkioBench, backend: Backend, depth: number): Promise<Sample> {
  const before = cpuTicks(backend);
  const options = [
    `--runtime=${RUN_SECONDS}`,
    `--iodepth=${depth}`,
    '--readwrite=randread',
    'virtio-blk-vhost-user',
    `path=${backend.socket}`,
    'read-only=true',
  ];
  const { stdout } = await run(tool.program, options, { env: { LD_LIBRARY_PATH: tool.libraries }, timeout: 30_000 });
  const kiops = Number(/"kiops": ([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN);
  if (!(kiops > 0)) throw new Error(`blkio-bench on ${backend.name} said: ${stdout}`);
  return { kiops, cpuUs: ((cpuTicks(backend) - before) * US_PER_TICK) / (kiops * 1000 * RUN_SECONDS) };
}

/** User and system time, in hundredths of a second (proc(5), stat). */
function cpuTicks({ child }: Backend): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function startBackend(name: string, socket: string, command: (socket: string) => string[]): Promise<Backend> {
  const [program = '', ...args] = command(socket);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', (error) => reject(new Error(`${name} cannot be started: ${error.message}`)));
    child.on('exit', (status) => reject(new Error(`${name} ended with status ${status}`)));
  });
  failed.catch(() => {});
  await Promise.race([failed, appears(socket)]);
  return { name, socket, child };
}

async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await delay(20);
}

function storageDaemon(socket: string, image: string): string[] {
  return [
    'qemu-storage-daemon',
    '--blockdev',
    // Two readers of one image: QEMU's own lock protocol takes our shared lock for a writer's.
    `driver=file,filename=${image},node-name=n0,aio=io_uring,read-only=on,locking=off`,
    '--export',
    `type=vhost-user-blk,id=e0,node-name=n0,addr.type=unix,addr.path=${socket},num-queues=1`,
  ];
}
