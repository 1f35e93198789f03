/** The programs of a test with QEMU: QEMU itself with a Linux on its software CPU, and our `ch-block`s that its disks are. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECKOUT } from '../harness/checkout.ts';
import { GuestTerminal } from '../harness/guest-terminal.ts';

const CH_BLOCK = join(CHECKOUT, 'bin/ch-block');
/** A software CPU boots a Linux in some seconds; a busy machine takes longer. */
export const BOOT_MS = 150_000;

export const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0;

export interface Machine {
  readonly kernel: string;
  readonly initramfs: string;
  readonly cmdline: string;
  readonly cpus: number;
  /** As `-m` takes it. */
  readonly memory: string;
  readonly disks: readonly { readonly socket: string; readonly queues: number }[];
}

/** Memory that the back ends can map, the serial port on the program's input and output, nothing else. */
export function startQemu(machine: Machine): Program {
  const { kernel, initramfs, cmdline, cpus, memory } = machine;
  return new Program('qemu-system-x86_64', [
    ...['-M', 'q35,accel=tcg,memory-backend=ram', '-m', memory, '-smp', `${cpus}`],
    ...['-object', `memory-backend-memfd,id=ram,size=${memory},share=on`],
    ...['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio'],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', cmdline],
    ...machine.disks.flatMap(({ socket, queues }, index) => [
      ...['-chardev', `socket,id=c${index},path=${socket}`],
      ...['-device', `vhost-user-blk-pci,chardev=c${index},num-queues=${queues},event_idx=on`],
    ]),
  ]);
}

/** A child with its output as text, ended with the test. */
export class Program implements AsyncDisposable {
  output = '';
  /** What the program's terminal says, where it is one. */
  readonly terminal = new GuestTerminal((text) => this.type(text));
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  constructor(command: string, parameters: readonly string[]) {
    this.#child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#exit = once(this.#child, 'exit').finally(() => this.terminal.end());
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#hear(chunk));
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits for `text` after `from` in the output; where it ends. */
  async waitFor(text: string | RegExp, from: number): Promise<string> {
    const deadline = performance.now() + BOOT_MS;
    for (;;) {
      const found = this.output.slice(from).match(text);
      if (found !== null) return found[0];
      if (performance.now() > deadline || !this.isRunning) throw new Error(`no ${String(text)} in:\n${this.output.slice(-4000)}`);
      await sleep(20);
    }
  }

  async exited(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) this.#child.kill('SIGTERM');
    const ended = await Promise.race([this.#exit.then(() => true), sleep(5000, false, { ref: false })]);
    if (!ended) this.#child.kill('SIGKILL');
    await this.#exit;
  }

  #hear(chunk: Buffer): void {
    this.output += chunk.toString();
    this.terminal.hear(chunk);
  }
}

/** A `ch-block` that takes over from the one with that --api-socket. */
export function takeOver(apiSocket: string): Program {
  return new Program(CH_BLOCK, [`--upgrade-from=${apiSocket}`]);
}

/** A `ch-block` that listens. */
export async function serve(socket: string, ...options: readonly string[]): Promise<Program> {
  const program = new Program(CH_BLOCK, [`--socket-path=${socket}`, ...options]);
  while (!existsSync(socket)) {
    if (!program.isRunning) throw new Error(`ch-block ended:\n${program.output}`);
    await sleep(20);
  }
  return program;
}
