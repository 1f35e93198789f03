/**
 * The lab: a Linux (L1) on QEMU's software CPU, which has AMD's virtualization, so that KVM works in it wherever the machine's
 * own CPU has none. Its files are this machine's: the same checkout, the same node; what it writes outside the share is gone
 * with it. One L1 serves a whole batch of commands.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { CHECKOUT, FAILURES } from '../checkout.ts';
import { L1Health } from './l1-health.ts';
import { l1Image } from './l1-image.ts';
import { type L1Options, type L1Process, logTail, startL1 } from './l1-process.ts';
import { OutputLog } from './output-log.ts';
import type { Ended, Place, RunningCommand, SignalName } from './place.ts';
import { Port } from './port.ts';

export interface LabError {
  readonly code: 'NO_IMAGE' | 'NO_BOOT' | 'GIVEN_UP';
  readonly message: string;
}

/** It takes 6 s on an idle machine. An L1 that hangs is known (once in some hundreds): the next attempt is another one. */
const BOOT_TIMEOUT_MS = 90_000;
const BOOT_ATTEMPTS = 2;
/** A command that was killed and has not ended by then hangs in L1's kernel, or L1 hangs as a whole: it is given up. */
const KILL_TIMEOUT_MS = 30_000;

export class Lab implements Place {
  readonly kind = 'lab';
  readonly share: string;
  #usable = true;
  readonly #work: string;
  readonly #l1: L1Process;
  readonly #control: NodeJS.ReadWriteStream;
  readonly #health: L1Health;
  #broken: string | undefined;
  readonly #ports: readonly Port[];
  readonly #terminal: Port;

  private constructor(folders: { work: string; share: string }, l1: L1Process, control: NodeJS.ReadWriteStream, ports: readonly Port[]) {
    this.#work = folders.work;
    this.share = folders.share;
    this.#l1 = l1;
    this.#control = control;
    this.#ports = ports.slice(0, -1);
    const terminal = ports.at(-1);
    if (terminal === undefined) throw new Error('L1 was started without ports');
    this.#terminal = terminal;
    this.#health = new L1Health({
      consoleLog: join(this.#work, 'l1-console.log'),
      ask: () => void control.write('ping\n'),
      broke: (why) => this.#breakDown(why),
    });
    control.on('data', () => this.#health.answered());
    void l1.gone.then(() => {
      this.#usable = false;
      this.#health.stop();
    });
  }

  get usable(): boolean {
    return this.#usable;
  }

  get broken(): string | undefined {
    return this.#broken;
  }

  /** Boots L1; `report` hears what takes time. */
  static async start(options: L1Options, report: (line: string) => void): Promise<Result<Lab, LabError>> {
    const image = l1Image();
    if (!image.ok) return err({ code: 'NO_IMAGE', message: `the lab cannot start: ${image.error.message}` });
    let why = '';
    for (let attempt = 1; attempt <= BOOT_ATTEMPTS; attempt++) {
      const folders = makeFolders();
      const l1 = await startL1(image.value, options, folders);
      if (l1.ok && (await saysReady(l1.value, options.giveUp))) return ok(Lab.#over(folders, l1.value));
      why = l1.ok ? logTail(folders.work, 'l1-console') : l1.error;
      if (l1.ok) {
        l1.value.kill();
        await l1.value.gone;
      }
      const givenUp = options.giveUp?.aborted === true;
      const kept = givenUp ? '' : keepLogs(folders.work, 'lab-boot');
      rmSync(folders.work, { recursive: true, force: true });
      if (givenUp) return err({ code: 'GIVEN_UP', message: 'the lab was given up' });
      report(`the lab did not come up (attempt ${attempt} of ${BOOT_ATTEMPTS}); its logs: ${kept}`);
    }
    return err({ code: 'NO_BOOT', message: `the lab did not come up:\n${why}` });
  }

  static #over(folders: { work: string; share: string }, l1: L1Process): Lab {
    const [control, ...rest] = l1.pipes;
    if (control === undefined) throw new Error('L1 was started without ports');
    return new Lab(
      folders,
      l1,
      control,
      rest.map((pipe) => new Port(pipe)),
    );
  }

  async start(script: string): Promise<RunningCommand> {
    const port = this.#ports.find(({ idle }) => idle);
    if (port === undefined) throw new Error(`${this.#ports.length} commands run in the lab already`);
    return this.#attend(port, this.#store(script), true);
  }

  /** Starts a script on L1's one terminal, in raw bytes both ways. */
  startOnTerminal(script: string, size: TerminalSize): RunningCommand {
    const id = this.#store(script);
    const command = this.#attend(this.#terminal, id, false);
    this.#control.write(`terminal ${id} ${size.rows} ${size.columns}\n`);
    return command;
  }

  resizeTerminal(size: TerminalSize): void {
    this.#control.write(`resize ${size.rows} ${size.columns}\n`);
  }

  async close(): Promise<void> {
    this.#health.stop();
    this.#l1.kill();
    await this.#l1.gone;
    rmSync(this.#work, { recursive: true, force: true });
  }

  /** Copies L1's own logs to where they stay; returns the folder. */
  keepLogs(name: string): string {
    return keepLogs(this.#work, name);
  }

  /** Nothing that runs in it proves anything now: all of it ends. */
  #breakDown(why: string): void {
    this.#broken = why;
    this.#usable = false;
    process.stderr.write(`    the lab broke down: ${why}; its logs: ${this.keepLogs('lab-broke')}\n`);
    this.#l1.kill();
  }

  #store(script: string): string {
    const id = randomBytes(16).toString('hex');
    const folder = this.#sessionFolder(id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'command'), `cd '${CHECKOUT}'\n${script}\n`);
    return id;
  }

  #attend(port: Port, id: string, announce: boolean): RunningCommand {
    const output = new OutputLog();
    const status = port.attend(id, announce, (chunk) => output.add(chunk));
    const lost = this.#l1.gone.then(() => undefined);
    const ended = Promise.race([status, lost]).then((value) => this.#ended(id, value));
    return {
      onOutput: (listener) => output.listen(listener),
      errors: () => readIfThere(join(this.#sessionFolder(id), 'stderr')),
      write: (bytes) => port.write(bytes),
      signal: (name: SignalName) => void this.#control.write(`signal ${id} ${name}\n`),
      kill: () => {
        this.#control.write(`kill ${id}\n`);
        const hung = setTimeout(() => this.#l1.kill(), KILL_TIMEOUT_MS);
        void ended.then(() => clearTimeout(hung));
      },
      ended,
    };
  }

  #ended(id: string, status: number | undefined): Ended {
    const file = (name: string): string => readIfThere(join(this.#sessionFolder(id), name));
    const left = file('left')
      .split('\n')
      .filter((line) => line !== '');
    const ended = { stderr: file('stderr'), left };
    if (status !== undefined) return { ...ended, status };
    return {
      ...ended,
      status: 125,
      stderr: `${ended.stderr}\nlab: L1 died${this.#broken === undefined ? '' : `: ${this.#broken}`}:\n${logTail(this.#work, 'l1-console')}\n`,
    };
  }

  #sessionFolder(id: string): string {
    return join(this.share, '.sessions', id);
  }
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

const WORK_PREFIX = 'ch-lab-';

function makeFolders(): { work: string; share: string } {
  removeAbandoned();
  const work = mkdtempSync(join(tmpdir(), `${WORK_PREFIX}${process.pid}-`));
  const share = join(work, 'share');
  mkdirSync(join(share, '.sessions'), { recursive: true });
  cpSync(new URL('agent.sh', import.meta.url), join(share, '.agent'));
  return { work, share };
}

/** A run that was killed left its folder behind: its name says whose it was. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(WORK_PREFIX) ? Number(name.slice(WORK_PREFIX.length).split('-')[0]) : Number.NaN;
    if (Number.isInteger(owner) && !existsSync(`/proc/${owner}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function saysReady(l1: L1Process, giveUp: AbortSignal | undefined): Promise<boolean> {
  const [control] = l1.pipes;
  return new Promise((resolve) => {
    const deadline = setTimeout(() => resolve(false), BOOT_TIMEOUT_MS);
    const answer = (ready: boolean): void => {
      clearTimeout(deadline);
      resolve(ready);
    };
    control?.once('data', () => answer(true));
    control?.on('error', () => answer(false));
    void l1.gone.then(() => answer(false));
    giveUp?.addEventListener('abort', () => answer(false));
    if (giveUp?.aborted === true) answer(false);
  });
}

function keepLogs(work: string, name: string): string {
  const kept = join(FAILURES, `${new Date().toISOString().replaceAll(':', '')}-${name}`);
  mkdirSync(kept, { recursive: true });
  cpSync(work, kept, { recursive: true, filter: (path) => !path.endsWith('.sock') && !path.startsWith(join(work, 'share')) });
  return kept;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
