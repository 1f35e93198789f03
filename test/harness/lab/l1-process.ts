import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { findVirtiofsd } from '../packages/requirements.ts';
import type { L1Image } from './l1-image.ts';

export interface L1Options {
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Gives L1 up while it comes up; with it L1 has a process group of its own, which a Ctrl-C at our terminal does not reach. */
  readonly giveUp: AbortSignal | undefined;
}

/** Where L1's processes have their sockets and logs, and the folder that it shares. */
export interface L1Folders {
  readonly work: string;
  readonly share: string;
}

/** Byte pipes into L1, in the agent's order: control, commands, and the terminal last. */
export const COMMAND_PORTS = 6;

export interface L1Process {
  readonly pipes: readonly Duplex[];
  /** Ends when QEMU does: nothing works any more then. */
  readonly gone: Promise<void>;
  kill(): void;
}

/**
 * Starts QEMU's software CPU and its file servers. All of them die with this process, whatever ends it: the kernel kills them
 * (PR_SET_PDEATHSIG).
 */
export async function startL1(image: L1Image, options: L1Options, folders: L1Folders): Promise<Result<L1Process, string>> {
  const children: ChildProcess[] = [];
  const kill = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  const ownGroup = options.giveUp !== undefined;
  const servers = [];
  for (const { tag, source } of [
    { tag: 'host', source: '/' },
    { tag: 'share', source: folders.share },
  ] as const) {
    const server = serveFiles(tag, source, { work: folders.work, ownGroup });
    if (server === undefined) return err('virtiofsd is not installed');
    children.push(server);
    servers.push(appears(join(folders.work, `${tag}.sock`), server).then((serves) => ({ tag, serves })));
  }
  const failed = (await Promise.all(servers)).find(({ serves }) => !serves);
  if (failed !== undefined) {
    kill();
    return err(`virtiofsd did not start: ${logTail(folders.work, `virtiofsd-${failed.tag}`)}`);
  }
  const qemu = startQemu(image, options, folders);
  children.push(qemu);
  const gone = new Promise<void>((resolve) => qemu.once('exit', () => resolve()).once('error', () => resolve()));
  void gone.then(kill);
  const pipes = qemu.stdio.slice(3).filter((stream) => stream instanceof Duplex);
  return ok({ pipes, gone, kill });
}

/** The last lines of one of L1's logs, for an error message. */
export function logTail(work: string, name: string): string {
  const path = join(work, `${name}.log`);
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n') : '(no log)';
}

function serveFiles(tag: string, source: string, { work, ownGroup }: { work: string; ownGroup: boolean }): ChildProcess | undefined {
  const program = findVirtiofsd();
  if (program === undefined) return undefined;
  const socket = join(work, `${tag}.sock`);
  // The root changes under nobody's hands during a run, so it is cached for good; the share belongs to both sides.
  const cache = tag === 'host' ? 'always' : 'auto';
  const sandbox = isRoot() ? 'chroot' : 'none';
  const options =
    program.flavour === 'rust'
      ? ['--socket-path', socket, '--shared-dir', source, '--sandbox', sandbox, '--cache', cache, '--no-announce-submounts']
      : [`--socket-path=${socket}`, '-o', `source=${source}`, '-o', `cache=${cache}`, '-o', 'sandbox=chroot', '--thread-pool-size=2'];
  const prefix = program.flavour === 'qemu' && !isRoot() ? ROOT_OF_NAMESPACE : [];
  return spawnMortal([program.path, ...options], { log: join(work, `virtiofsd-${tag}.log`), pipes: 0, prefix, ownGroup });
}

/** QEMU's virtiofsd wants to be root and to write below /run; of a namespace will do, in which it may read what its user may. */
const ROOT_OF_NAMESPACE = [
  ...['unshare', '--user', '--map-root-user', '--mount'],
  ...['sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh'],
];

/**
 * Without XSAVE, and so AVX: below SVM this CPU lets a guest set XCR0 without KVM's knowledge, and KVM then runs it with another
 * one. Such a guest keeps no vector registers over a switch of its tasks, and complains of it ("XSAVE consistency problem").
 * Without ERMS, too: kernels that see it fill and copy pages byte by byte, which in software takes eight times as long.
 */
const CPU = 'max,-xsave,-xsaveopt,-avx,-avx2,-f16c,-fma,-pku,-vaes,-vpclmulqdq,-erms,-fsrm';

/**
 * A busy machine's timer ticks too late for the kernel's check of it (no_timer_check): L1 would hang there. The others spare it
 * work that nobody needs here: a seventh of the time it takes to come up.
 */
const KERNEL_OPTIONS = 'no_timer_check mitigations=off cryptomgr.notests audit=0 apparmor=0 random.trust_cpu=on rcupdate.rcu_expedited=1';

function startQemu(image: L1Image, options: L1Options, folders: L1Folders): ChildProcess {
  const { cpus, memoryMiB, giveUp } = options;
  const command = [
    ...['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-accel', 'tcg,thread=multi', '-cpu', CPU, '-smp', `${cpus}`, '-m', `${memoryMiB}M`],
    ...['-object', `memory-backend-memfd,id=memory,size=${memoryMiB}M,share=on`, '-numa', 'node,memdev=memory'],
    ...['-serial', `file:${join(folders.work, 'l1-console.log')}`],
    ...['-kernel', image.kernel, '-initrd', image.initramfs],
    ...['-append', `console=ttyS0 panic=-1 quiet ${KERNEL_OPTIONS} lab.share=${folders.share}${isRoot() ? '' : ' lab.plain'}`],
    ...['host', 'share'].flatMap((tag) => [
      ...['-chardev', `socket,id=${tag},path=${join(folders.work, `${tag}.sock`)}`],
      ...['-device', `vhost-user-fs-pci,chardev=${tag},tag=${tag}`],
    ]),
    ...['-device', 'virtio-serial-pci', ...serialPorts()],
  ];
  return spawnMortal(command, {
    log: join(folders.work, 'qemu.log'),
    pipes: COMMAND_PORTS + 2,
    prefix: [],
    ownGroup: giveUp !== undefined,
  });
}

/** Port 0 is kept by QEMU for a console; each of the others is one of the socket pairs that spawn makes from descriptor 3 on. */
function serialPorts(): readonly string[] {
  return Array.from({ length: COMMAND_PORTS + 2 }, (_, index) => {
    const kind = index === COMMAND_PORTS + 1 ? 'virtconsole' : 'virtserialport';
    return ['-chardev', `socket,id=pipe${index},fd=${index + 3}`, '-device', `${kind},chardev=pipe${index},nr=${index + 1}`];
  }).flat();
}

interface MortalOptions {
  readonly log: string;
  /** Socket pairs that it gets from descriptor 3 on. */
  readonly pipes: number;
  /** Words before the command that change its credentials: that would undo the arrangement for its death. */
  readonly prefix: readonly string[];
  readonly ownGroup: boolean;
}

/** A process that the kernel kills when this one is gone. */
function spawnMortal(command: readonly string[], { log, pipes, prefix, ownGroup }: MortalOptions): ChildProcess {
  const output = openSync(log, 'w');
  const stdio = ['ignore' as const, output, output, ...Array.from({ length: pipes }, () => 'pipe' as const)];
  const [program = 'setpriv', ...words] = [...prefix, 'setpriv', '--pdeathsig', 'KILL', ...command];
  const child = spawn(program, words, { stdio, detached: ownGroup });
  closeSync(output);
  child.on('error', () => {});
  return child;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function appears(path: string, owner: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 500 && owner.exitCode === null; tries++) {
    if (existsSync(path)) return true;
    await sleep(20);
  }
  return false;
}
