/**
 * From the start of the program until the harness reads the first byte of a tiny guest's serial port: what a user waits for
 * before the guest's own work begins.
 */
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './frame/bench.ts';
import { takePairs } from './frame/pairs.ts';
import { makeReady } from './frame/ready.ts';
import type { Row } from './frame/row.ts';
import { PAIRS, PAIRS_HELP } from './frame/samples.ts';
import { median } from './frame/statistics.ts';
import { MICROVM, type MachineSpec, type Monitor, OTHER_PEER_HELP, OURS, cloudHypervisor } from './machine/monitors.ts';
import { type FirstByte, RunningMonitor } from './machine/running.ts';
import { writeTinyKernel } from './machine/tiny-kernel.ts';

/** At most five times as long as the peer. */
const BAR = 1 / 5;
const DISK_BYTES = 16 << 20;

export const bench: Bench = {
  name: 'launch',
  help: `launch: from exec of bin/chctl run until the harness reads the byte that a guest of ten instructions writes to port 0x3f8, on this machine's own /dev/kvm, with one vCPU and one disk; files are cached, dist/ is built. A further ${PAIRS} runs with -v give the breakdown by phase.
Peer: qemu-system-x86_64 -M microvm (Debian package qemu-system-x86) with the same kernel and disk. ${OTHER_PEER_HELP}
${PAIRS_HELP}`,
  async run(note) {
    makeReady(['lab'], note);
    const folder = mkdtempSync(join(tmpdir(), 'bench-launch-'));
    try {
      writeTinyKernel(join(folder, 'kernel'), 'say-and-end');
      const rows: Row[] = [];
      for (const peer of [MICROVM, ...cloudHypervisor(note)]) rows.push(await compare(peer, folder, note));
      await breakDown(folder, note);
      return rows;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function compare(peer: Monitor, folder: string, note: (line: string) => void): Promise<Row> {
  note(`${PAIRS} pairs of launches beside ${peer.name}`);
  // The first of each brings the files into the cache.
  for (const monitor of [OURS, peer]) await launch(monitor, folder);
  const taken = await takePairs(
    PAIRS,
    () => launch(OURS, folder),
    () => launch(peer, folder),
  );
  return {
    bench: 'launch',
    case: 'exec to first byte',
    unit: 'ms',
    better: 'lower',
    peerName: peer.name,
    samples: taken.ours.map(({ elapsedMs }) => elapsedMs),
    peerSamples: taken.peer.map(({ elapsedMs }) => elapsedMs),
    bar: BAR,
    cpuPerUnitUs: median(taken.ours.map(({ processorUs }) => processorUs)),
    peerCpuPerUnitUs: median(taken.peer.map(({ processorUs }) => processorUs)),
  };
}

/** Each monitor has a disk of its own: an image's lock outlives its process by some milliseconds. */
function machineFor(monitor: Monitor, folder: string): MachineSpec {
  const disk = join(folder, `disk of ${monitor.name}`);
  if (!existsSync(disk)) {
    writeFileSync(disk, '');
    truncateSync(disk, DISK_BYTES);
  }
  return { kernel: join(folder, 'kernel'), disk, cpus: 1, memoryMiB: 128 };
}

async function launch(monitor: Monitor, folder: string): Promise<FirstByte> {
  const [running, first] = await RunningMonitor.start(monitor, machineFor(monitor, folder), folder);
  await running.ended();
  return first;
}

/** Runs of their own: what -v writes costs time. */
async function breakDown(folder: string, note: (line: string) => void): Promise<void> {
  const phases = new Map<string, number[]>();
  const totals: number[] = [];
  for (let count = 0; count < PAIRS; count++) {
    const [running, first] = await RunningMonitor.start(OURS, machineFor(OURS, folder), folder, ['-v']);
    await running.ended();
    totals.push(first.elapsedMs);
    for (const [, name = '', atMs] of running.errors.matchAll(/^chctl: started: (.+) at (-?[\d.]+) ms$/gm)) {
      phases.set(name, [...(phases.get(name) ?? []), Number(atMs)]);
    }
  }
  const total = median(totals);
  note(`phases, in ms since chctl's own process began (medians of ${PAIRS} runs with -v, ${total.toFixed(1)} ms in all):`);
  let before = 0;
  for (const [name, times] of phases) {
    const at = median(times);
    note(`  ${at.toFixed(1).padStart(7)}  +${(at - before).toFixed(1).padEnd(6)} ${name}`);
    before = at;
  }
  note(
    `  ${''.padStart(7)}  +${(total - before).toFixed(1).padEnd(6)} the shell before chctl's process, and from the last phase to the byte`,
  );
}
