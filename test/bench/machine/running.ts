/** A monitor that runs a tiny guest on this machine, with its serial port on a pipe. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Monitor, MachineSpec } from './monitors.ts';
import { processTree, processorTimeUs } from './processes.ts';
import { GUEST_BYTE } from './tiny-kernel.ts';

const BYTE_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 10_000;
/** Between the signal that presses the power button, which a tiny guest does not heed, and the one that ends the machine. */
const SECOND_SIGNAL_MS = 100;

export interface FirstByte {
  /** From just before the program was started until the byte was read. */
  readonly elapsedMs: number;
  /** Processor time of all its processes until then. */
  readonly processorUs: number;
}

export interface Registration {
  readonly corePid: number;
  readonly devices: readonly { readonly id: string; readonly pid: number }[];
}

export class RunningMonitor {
  readonly #monitor: Monitor;
  readonly #child: ChildProcess;
  readonly #runRoot: string;
  readonly #gone: Promise<number | null>;
  #errors = '';

  private constructor(monitor: Monitor, child: ChildProcess, runRoot: string) {
    this.#monitor = monitor;
    this.#child = child;
    this.#runRoot = runRoot;
    child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#gone = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#errors += error.message;
        resolve(null);
      });
      child.once('close', (status) => resolve(status));
    });
  }

  /**
   * Starts it and reads the guest's first byte; what follows is read and forgotten. `folder` is for what it leaves while it
   * runs. Ended where the byte does not come.
   */
  static async start(
    monitor: Monitor,
    machine: MachineSpec,
    folder: string,
    more: readonly string[] = [],
  ): Promise<[RunningMonitor, FirstByte]> {
    const [program = '', ...args] = [...monitor.command(machine), ...more];
    const runRoot = join(folder, 'run');
    mkdirSync(runRoot, { recursive: true });
    const env = { ...process.env, XDG_RUNTIME_DIR: runRoot };
    const startedMs = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const running = new RunningMonitor(monitor, child, runRoot);
    const byte = new Promise<FirstByte>((resolve, reject) => {
      child.stdout.once('data', (chunk: Buffer) => {
        const elapsedMs = performance.now() - startedMs;
        if (chunk[0] !== GUEST_BYTE) reject(new Error(`${monitor.name} wrote first: ${chunk.toString()}`));
        resolve({ elapsedMs, processorUs: processorTimeUs(processTree(running.pid)) });
      });
      void running.#gone.then((status) => reject(new Error(`${monitor.name} ended with status ${status}:\n${running.#errors}`)));
      const late = new Error(`${monitor.name} brought no byte in ${BYTE_TIMEOUT_MS} ms`);
      setTimeout(() => reject(late), BYTE_TIMEOUT_MS).unref();
    });
    try {
      const first = await byte;
      child.stdout.resume();
      return [running, first];
    } catch (error) {
      await running.kill();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** What it wrote on standard error; complete when it has ended. */
  get errors(): string {
    return this.#errors;
  }

  /** Of `chctl run`: which processes the machine is made of. */
  async registration(): Promise<Registration> {
    const path = join(this.#runRoot, 'ch', `vm-${this.pid}`, 'vm.json');
    for (let tries = 0; tries < 100; tries++) {
      try {
        const read: Registration = JSON.parse(readFileSync(path, 'utf8'));
        return read;
      } catch {
        // It is written when the guest already runs, and not in one step.
        await delay(20);
      }
    }
    throw new Error(`${path} did not appear`);
  }

  /** Waits for the end that the guest asked for, where the monitor has it; else ends it. */
  async ended(): Promise<void> {
    if (!this.#monitor.endsWithGuest) return this.kill();
    const status = await this.#inTime();
    if (status !== 0) throw new Error(`${this.#monitor.name} ended with status ${status}:\n${this.#errors}`);
  }

  /** Ends it in an orderly way, though its guest goes on. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    // On a busy machine two signals can become one: again, until one was the second.
    const again = setInterval(() => void this.#child.kill('SIGTERM'), SECOND_SIGNAL_MS);
    try {
      await this.#inTime();
    } finally {
      clearInterval(again);
    }
  }

  /** Ends it and everything below it at once. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      // From the top: what was killed first cannot start anything in the place of what is killed after it.
      for (const pid of processTree(this.#child.pid)) killIfThere(pid);
    }
    await this.#gone;
  }

  async #inTime(): Promise<number | null> {
    const late = Symbol('late');
    const timer = new AbortController();
    const ended = await Promise.race([this.#gone, delay(END_TIMEOUT_MS, late, { signal: timer.signal }).catch(() => late)]);
    timer.abort();
    if (typeof ended !== 'symbol') return ended;
    await this.kill();
    throw new Error(`${this.#monitor.name} did not end in ${END_TIMEOUT_MS} ms:\n${this.#errors}`);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
