/**
 * A Linux kernel from its entry to its init, where virtual machines run here: in the lab, on a machine without virtualization.
 *
 * The guest's own clock measures it: printk's, which is zero where the kernel takes its first look at the clock, before memory
 * and devices are set up, and which init reads as its first act through a line of its own in the kernel's log. Both monitors'
 * guests start that clock at the same instruction, and no pipe, terminal or scheduler of the host lies between the two ends, as
 * it would between lines seen on the serial port: there a line is late by as much as the monitor takes to bring it out. What it
 * does not see is the monitor's own start; that is in the reference row `exec to init`, by the clock of the monitor's host.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '#shared/lang/result.ts';
import { busyboxInitramfs } from '../../services/chctl/image/initramfs.ts';
import { demoGuest } from '../harness/guests.ts';
import { chooseHypervisor, openPlace } from '../harness/lab/hypervisor.ts';
import { type Place, run } from '../harness/lab/place.ts';
import type { Bench } from './frame/bench.ts';
import { takePairs } from './frame/pairs.ts';
import { makeReady } from './frame/ready.ts';
import type { Row } from './frame/row.ts';
import { PAIRS, PAIRS_HELP } from './frame/samples.ts';
import { median } from './frame/statistics.ts';
import { MICROVM_WITH_CLOCK, type MachineSpec, type Monitor, OTHER_PEER_HELP, OURS, cloudHypervisor } from './machine/monitors.ts';

/** At most 1.6 times as long as the peer. */
const BAR = 1 / 1.6;
const CPUS = [1, 2];
const MEMORY_MIB = 512;
const LAB_MEMORY_MIB = 3072;
const BOOT_TIMEOUT_MS = 90_000;
/** A boot that fails is tried again, for the lab itself may hang: once in some hundreds. */
const ATTEMPTS = 2;
const SHOWN_LINES = 30;
/** Runs that count exits, each: KVM's own counters say it for both sides, and our log for ours. */
const COUNTING_RUNS = 3;
const CMDLINE = 'console=ttyS0 quiet panic=-1 reboot=t';
const COUNT = 'bench=count';

const INIT = `#!/bin/busybox sh
echo 'bench: init' > /dev/kmsg
echo 'bench: init'
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
echo "bench: clock $(/bin/busybox cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "bench: cpus $(/bin/busybox nproc)"
/bin/busybox dmesg | /bin/busybox grep 'bench: init'
/bin/busybox grep -q ${COUNT} /proc/cmdline && { echo 'bench: count'; /bin/busybox sleep 3; }
/bin/busybox poweroff -f
`;

export const bench: Bench = {
  name: 'boot',
  help: `boot: a Debian kernel from its entry to its init, by the guest's own clock, with ${CPUS.join(' and ')} vCPUs, ${MEMORY_MIB} MiB and one disk; in the lab (KVM on a software CPU), or on this machine's /dev/kvm where its CPU virtualizes (CH_PLACE=lab|host decides otherwise). ${COUNTING_RUNS} further runs of each count exits. For reference: exec of the monitor to init.
Peer: qemu-system-x86_64 -M microvm,rtc=on under the same KVM, with the same vmlinux, initramfs and command line (Debian package qemu-system-x86). ${OTHER_PEER_HELP}
${PAIRS_HELP}`,
  async run(note) {
    makeReady(['lab', 'images'], note);
    const { kernel } = await demoGuest(note);
    const hypervisor = chooseHypervisor();
    note(`virtual machines run in ${hypervisor.reason}`);
    const open = async (): Promise<Place> => expect(await openPlace(hypervisor, { memoryMiB: LAB_MEMORY_MIB, report: note }), 'the lab');
    const booter = new Booter(open, kernel, note);
    try {
      const rows: Row[] = [];
      for (const peer of [MICROVM_WITH_CLOCK, ...cloudHypervisor(note)])
        for (const cpus of CPUS) rows.push(...(await compare({ booter, peer, cpus, note })));
      return rows;
    } finally {
      await booter.close();
    }
  },
};

interface Comparison {
  readonly booter: Booter;
  readonly peer: Monitor;
  readonly cpus: number;
  readonly note: (line: string) => void;
}

async function compare({ booter, peer, cpus, note }: Comparison): Promise<readonly Row[]> {
  note(`${cpus} vCPU beside ${peer.name}: ${PAIRS} pairs of boots`);
  // The first of each brings the files into the cache.
  for (const monitor of [OURS, peer]) note(`  ${monitor.name}: ${describe(await booter.boot(monitor, cpus))}`);
  const taken = await takePairs(
    PAIRS,
    () => booter.boot(OURS, cpus),
    () => booter.boot(peer, cpus),
  );
  for (const monitor of [OURS, peer]) {
    for (let count = 0; count < COUNTING_RUNS; count++) for (const line of await booter.countExits(monitor, cpus)) note(`  ${line}`);
  }
  const row = (name: string, figure: 'kernelMs' | 'execMs', bar: number | null): Row => ({
    ...{ bench: 'boot', case: `${name}, ${cpus} vCPU`, unit: 'ms', better: 'lower', peerName: peer.name, bar },
    samples: taken.ours.map((sample) => sample[figure]),
    peerSamples: taken.peer.map((sample) => sample[figure]),
    cpuPerUnitUs: median(taken.ours.map(({ processorUs }) => processorUs)),
    peerCpuPerUnitUs: median(taken.peer.map(({ processorUs }) => processorUs)),
  });
  return [row('kernel entry to init', 'kernelMs', BAR), row('exec to init', 'execMs', null)];
}

interface Boot {
  readonly kernelMs: number;
  readonly execMs: number;
  /** Of the whole run, its end included. */
  readonly processorUs: number;
  readonly clock: string;
}

function describe({ kernelMs, execMs, clock }: Boot): string {
  return `${kernelMs.toFixed(0)} ms from kernel entry, ${execMs.toFixed(0)} ms from exec, clock source ${clock}`;
}

/** Boots one guest after another in a place, which it opens again where it was lost. */
class Booter {
  readonly #open: () => Promise<Place>;
  readonly #kernel: string;
  readonly #note: (line: string) => void;
  #place: Place | undefined;

  constructor(open: () => Promise<Place>, kernel: string, note: (line: string) => void) {
    this.#open = open;
    this.#kernel = kernel;
    this.#note = note;
  }

  async boot(monitor: Monitor, cpus: number): Promise<Boot> {
    const { stdout } = await this.#run(monitor, cpus, false);
    const read = (pattern: RegExp): string => pattern.exec(stdout)?.[1] ?? '';
    if (read(/bench: cpus (\d+)/) !== String(cpus)) throw new Error(`${monitor.name} brought up other than ${cpus} vCPUs:\n${stdout}`);
    const [began, reached] = [Number(read(/^bench: exec ([\d.]+)/m)), Number(read(/^bench: reached ([\d.]+)/m))];
    return {
      kernelMs: Number(read(/\[ *([\d.]+)\] bench: init/)) * 1000,
      execMs: (reached - began) * 1000,
      processorUs: processorUs(stdout),
      clock: read(/bench: clock (\S+)/),
    };
  }

  /** Lines that say how many exits a boot took up to init. */
  async countExits(monitor: Monitor, cpus: number): Promise<readonly string[]> {
    const { stdout, stderr } = await this.#run(monitor, cpus, true);
    const counters = /^bench: kvm (.*)$/m.exec(stdout)?.[1] ?? 'no counters (no debugfs)';
    const kinds = [...stderr.matchAll(/exits: (vcpu\d+ .*)$/gm)].map(([, kinds]) => `${monitor.name}, to user space: ${kinds}`);
    return [`${monitor.name}, KVM's counters up to init: ${counters}`, ...kinds];
  }

  async close(): Promise<void> {
    await this.#place?.close();
  }

  async #run(monitor: Monitor, cpus: number, counting: boolean): Promise<{ stdout: string; stderr: string }> {
    for (let attempt = 1; ; attempt++) {
      const place = await this.#usablePlace();
      const machine = this.#machine(place, cpus, counting);
      const verbose = counting && monitor === OURS ? ['-v'] : [];
      const result = await run(place, script([...monitor.command(machine), ...verbose]), { timeoutMs: BOOT_TIMEOUT_MS });
      if (!result.timedOut && result.status === 0 && result.stdout.includes('bench: reached')) return result;
      const what = `${monitor.name} did not boot (status ${result.status}${result.timedOut ? ', timed out' : ''})`;
      if (attempt === ATTEMPTS) throw new Error(`${what}:\n${result.stdout}\n${result.stderr}`);
      const broken = place.broken === undefined ? '' : `; the lab broke down: ${place.broken}`;
      this.#note(`${what}${broken}: once more; it said:\n${result.stderr.trim().split('\n').slice(-SHOWN_LINES).join('\n')}`);
    }
  }

  #machine(place: Place, cpus: number, counting: boolean): MachineSpec {
    return {
      kernel: this.#kernel,
      initramfs: join(place.share, 'initramfs'),
      cmdline: counting ? `${CMDLINE} ${COUNT}` : CMDLINE,
      disk: join(place.share, 'disk'),
      cpus,
      memoryMiB: MEMORY_MIB,
    };
  }

  async #usablePlace(): Promise<Place> {
    if (this.#place?.usable === true && this.#place.broken === undefined) return this.#place;
    await this.#place?.close();
    const place = await this.#open();
    this.#place = place;
    const initramfs = busyboxInitramfs({
      init: Buffer.from(INIT),
      modules: [],
      folders: [],
      files: [{ kind: 'character device', path: 'dev/kmsg', major: 1, minor: 11 }],
    });
    writeFileSync(join(place.share, 'initramfs'), expect(initramfs, 'initramfs'));
    writeFileSync(join(place.share, 'disk'), Buffer.alloc(1 << 20));
    return place;
  }
}

/** Runs a monitor, passes its output on, and adds lines of its own: times by this side's clock, and KVM's counters when asked for. */
function script(command: readonly string[]): string {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return `
export CH_NO_BUILD=1
folder=$(mktemp -d)
export TMPDIR=$folder XDG_RUNTIME_DIR=$folder
[ -d /sys/kernel/debug/kvm ] || mount -t debugfs debugfs /sys/kernel/debug
echo "bench: exec $EPOCHREALTIME"
{ ${words}; echo "bench: status $?"; times; } | while IFS= read -r line; do
  echo "$line"
  case $line in
    'bench: init'*) echo "bench: reached $EPOCHREALTIME" ;;
    'bench: count'*)
      counts=
      for counter in exits io_exits mmio_exits halt_exits irq_exits pf_taken pages_4k pages_2m; do
        read -r count < /sys/kernel/debug/kvm/$counter
        counts="$counts $counter=$count"
      done
      echo "bench: kvm$counts" ;;
    'bench: status'*) status=\${line##* }; echo $status > "$folder/status" ;;
  esac
done
status=$(cat "$folder/status")
rm -rf "$folder"
exit "$status"`;
}

/** The second line of bash's \`times\`: user and system time of its children. */
function processorUs(output: string): number {
  const line = /^\d+m[\d.]+s \d+m[\d.]+s\s+^(\d+)m([\d.]+)s (\d+)m([\d.]+)s/m.exec(output);
  if (line === null) return Number.NaN;
  const [userMinutes = 0, user = 0, systemMinutes = 0, system = 0] = line.slice(1).map(Number);
  return Math.round(((userMinutes + systemMinutes) * 60 + user + system) * 1e6);
}
