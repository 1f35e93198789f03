/** `bin/chctl run` as a user starts it, in a folder of a test, and whatever it leaves behind. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';

const MARK = 'CH_BAD_INPUT';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  /** Lines, without chctl's name before the first. */
  readonly lines: readonly string[];
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export interface MachineProcesses {
  readonly launcher: number;
  readonly core: number;
  readonly device: number;
}

export class CommandPlace implements AsyncDisposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'chctl-')));
  /** Whoever takes longer is killed, and its status is none: far more than most take on a busy machine. */
  deadlineMs = 40_000;

  constructor() {
    // Others may have to get in.
    chmodSync(this.folder, 0o755);
    mkdirSync(join(this.folder, 'run'));
  }

  /** Of every process that belongs here. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_RUNTIME_DIR: join(this.folder, 'run'), CH_NO_BUILD: '1', [MARK]: this.folder };
  }

  /** `program` is a command that takes chctl's arguments; the working directory is this place's folder. */
  start(args: readonly string[], program: readonly string[] = [join(CHECKOUT, 'bin/chctl')]): Started {
    const [file = '', ...before] = program;
    const options = { cwd: this.folder, env: this.environment, detached: true };
    const child = spawn(file, [...before, 'run', ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString('latin1')));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const late = setTimeout(() => this.killAll(), this.deadlineMs);
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (status) => {
        clearTimeout(late);
        const lines = stderr.replace(/^chctl: /, '').split('\n');
        resolve({ status, stdout, lines: lines.slice(0, -1) });
      });
    });
    return { child, ended, stdout: () => stdout, stderr: () => stderr };
  }

  /** Starts a machine and waits until it is registered, and its guest has said something; answers its processes. */
  async startRunning(args: readonly string[], isSilent = false): Promise<Started & MachineProcesses> {
    const before = this.registered();
    const started = this.start(args);
    for (;;) {
      const fresh = this.registered().find((name) => !before.includes(name));
      if (fresh !== undefined && (isSilent || started.stdout() !== '')) return { ...started, ...this.processesOf(fresh) };
      if (started.child.exitCode !== null) throw new Error(`it ended: ${(await started.ended).lines.join('\n')}`);
      await sleep(10);
    }
  }

  /** The run folders of machines that run. */
  registered(): readonly string[] {
    return this.#runFolders().filter((name) => existsSync(join(this.folder, 'run/ch', name, 'vm.json')));
  }

  /** By their process ids; without a disk `device` is 0. */
  processesOf(runFolder: string): MachineProcesses {
    const { launcherPid, corePid, devices } = JSON.parse(readFileSync(join(this.folder, 'run/ch', runFolder, 'vm.json'), 'utf8'));
    return { launcher: Number(launcherPid), core: Number(corePid), device: Number(devices[0]?.pid ?? 0) };
  }

  /** What is there: processes, run folders, and files that were not there at `files()`. */
  left(files: readonly string[]): readonly string[] {
    const known = new Set(files);
    return [
      ...this.processes().map((pid) => `process ${pid}: ${commandOf(pid)}`),
      ...this.#runFolders().map((name) => `run folder ${name}`),
      ...this.files().filter((name) => !known.has(name)),
    ];
  }

  /** That carry this place's mark in their environment, and are no zombies. */
  processes(): readonly number[] {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${MARK}=${this.folder}\0`) ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });
  }

  files(): readonly string[] {
    return readdirSync(this.folder);
  }

  killAll(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.killAll();
    while (this.processes().length > 0) await sleep(10);
    rmSync(this.folder, { recursive: true });
  }

  #runFolders(): readonly string[] {
    const root = join(this.folder, 'run/ch');
    return existsSync(root) ? readdirSync(root) : [];
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return 'gone';
  }
}

/** Every line of what was said begins as the wanted one does; `@` there stands for the place's folder. */
export function expectLines(place: CommandPlace, ended: Ended, wanted: readonly string[], status: number): void {
  const begins = wanted.map((line) => line.replaceAll('@', place.folder));
  expect(ended.lines.map((line, index) => line.slice(0, begins[index]?.length))).to.deep.equal(begins);
  expect(ended.status).to.equal(status);
}

/** The hooks of a suite: each test has a place of its own, which `prepare` fills, and fails where it leaves anything there. */
export function inPlaces(prepare: (place: CommandPlace) => void): void {
  let place: CommandPlace;
  let files: readonly string[];
  before(function () {
    this.timeout(120_000);
    build();
  });
  beforeEach(() => {
    place = new CommandPlace();
    prepare(place);
    files = place.files();
  });
  afterEach(async function () {
    const left = place.left(files);
    await place[Symbol.asyncDispose]();
    if (this.currentTest?.state !== 'failed') expect(left, 'left behind').to.deep.equal([]);
  });
}

/** Builds what `bin/chctl` runs, where sources are newer. */
function build(): void {
  const { status, stderr } = spawnSync(join(CHECKOUT, 'bin/chctl'), ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`bin/chctl does not start: ${stderr}`);
}
