import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURES } from './checkout.ts';
import { type Ended, type Place, type RunResult, type RunningCommand, type SignalName, run } from './lab/place.ts';
import { type GuestResult, GuestTerminal } from './guest-terminal.ts';

export interface VmOptions {
  readonly kernel: string;
  readonly initramfs?: string;
  readonly cmdline?: string;
  readonly cpus?: number;
  /** As `--memory size=` takes it. */
  readonly memory?: string;
  /** Paths, or whole `--disk` values. */
  readonly disks?: readonly string[];
  /** As `--serial` takes it; `tty` by default: the test has the serial port as a conversation. */
  readonly serial?: string;
  /** As `--console` takes it; `off` by default. With `tty` it is the conversation, and the serial port needs another mode. */
  readonly console?: string;
  /** Further arguments of `chctl run`. */
  readonly arguments?: readonly string[];
}

const END_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** A guest in the lab takes longer to power off than the 10 s that a user is kept waiting. */
const STOP_TIMEOUT = ['--stop-timeout', '120'];

/**
 * One virtual machine of a test, started by `chctl run` in a place, with its serial port as a conversation. Whoever starts it
 * closes it (`closeVms` does, after each test): that fails when the machine left anything behind.
 */
export class TestVm {
  readonly #place: Place;
  readonly #id: string;
  readonly #command: RunningCommand;
  readonly #terminal: GuestTerminal;
  readonly #conversations: { readonly terminal: GuestTerminal; readonly command: RunningCommand }[] = [];
  #ended: Ended | undefined;
  #logs = '';

  private constructor(place: Place, id: string, command: RunningCommand) {
    this.#place = place;
    this.#id = id;
    this.#command = command;
    this.#terminal = new GuestTerminal((text) => command.write(text));
    command.onOutput((chunk) => this.#terminal.hear(chunk));
    void command.ended.then((ended) => {
      this.#ended = ended;
      this.#terminal.end();
    });
  }

  static async start(place: Place, options: VmOptions): Promise<TestVm> {
    const id = randomBytes(8).toString('hex');
    const vm = new TestVm(place, id, await place.start(startScript(id, options)));
    open.add(vm);
    return vm;
  }

  /** Everything that came from the serial port. */
  get serial(): string {
    return this.#terminal.text;
  }

  /** Waits for text on the serial port, from where the last wait ended; returns what came up to its end. */
  waitForText(wanted: string | RegExp, timeoutMs: number): Promise<string> {
    return this.#terminal.waitForText(wanted, timeoutMs);
  }

  /** Types on the serial port. */
  type(text: string): void {
    this.#terminal.type(text);
  }

  /** Logs in as root at the serial port's prompt, and leaves a shell that neither echoes nor prompts. */
  logIn(timeoutMs: number): Promise<void> {
    return this.#terminal.logIn(timeoutMs);
  }

  /** Makes the shell at the serial port one that `exec` can use: no echo, no prompt, no line editor. */
  quietShell(): Promise<void> {
    return this.#terminal.quietShell();
  }

  /** Runs a command line in the guest's shell (after logIn or quietShell). */
  exec(command: string, timeoutMs?: number): Promise<GuestResult> {
    return this.#terminal.exec(command, timeoutMs);
  }

  /**
   * A further conversation with the guest, where its serial port or console goes elsewhere: over a script beside the machine, whose
   * input is typed and whose output is heard.
   */
  async converse(script: string): Promise<GuestTerminal> {
    const command = await this.#place.start(script);
    const terminal = new GuestTerminal((text) => command.write(text));
    command.onOutput((chunk) => terminal.hear(chunk));
    void command.ended.then(() => terminal.end());
    this.#conversations.push({ terminal, command });
    return terminal;
  }

  /** Ends a conversation; the guest is not told. */
  async hangUp(terminal: GuestTerminal): Promise<void> {
    const command = this.#conversations.find((conversation) => conversation.terminal === terminal)?.command;
    command?.kill();
    await command?.ended;
  }

  /** Waits for a line of `chctl run` on standard error; returns what its groups caught. */
  async waitForNotice(wanted: RegExp, timeoutMs = END_TIMEOUT_MS): Promise<readonly string[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = wanted.exec(this.errors);
      if (found !== null) return found.slice(1);
      if (Date.now() > deadline) throw new Error(`waiting for ${String(wanted)}: ${timeoutMs} ms passed; it said:\n${this.errors}`);
      await sleep(POLL_MS);
    }
  }

  /** Another `chctl` of the machine's user, beside it; what it said, and its status. */
  chctl(...words: readonly string[]): Promise<RunResult> {
    return run(this.#place, chctlScript(this.#id, words), { timeoutMs: END_TIMEOUT_MS });
  }

  /** SIGTERM to `chctl run` presses the guest's power button. */
  powerButton(): void {
    this.signal('TERM');
  }

  signal(name: SignalName): void {
    this.#command.signal(name);
  }

  /** The exit status of `chctl run`. */
  async waitForExit(timeoutMs = END_TIMEOUT_MS): Promise<number> {
    const late = sleep(timeoutMs, undefined, { ref: false });
    const ended = await Promise.race([this.#command.ended, late]);
    if (ended === undefined)
      throw new Error(`the machine did not end in ${timeoutMs} ms; the last that came:\n${this.serial.slice(-2000)}`);
    return ended.status;
  }

  /** What `chctl run` and its processes said on standard error so far. */
  get errors(): string {
    return this.#ended?.stderr ?? this.#command.errors();
  }

  /** Ends it, if it has not ended, and says what it left behind: processes, sockets and files, a line each. */
  async close(): Promise<readonly string[]> {
    open.delete(this);
    const killed = this.#ended === undefined;
    if (killed) this.#command.kill();
    const ended = await this.#command.ended;
    for (const { command } of this.#conversations) command.kill();
    await Promise.all(this.#conversations.map(({ command }) => command.ended));
    // One that ended by itself has said what matters of its processes' logs, and removed them.
    if (killed) this.#logs = (await run(this.#place, logsScript(this.#id), { timeoutMs: END_TIMEOUT_MS })).stdout;
    const check = await run(this.#place, leftScript(this.#id), { timeoutMs: END_TIMEOUT_MS });
    // One that was killed as a whole could not tidy up.
    if (killed) return [];
    return [...ended.left, ...check.stdout.split('\n').filter((line) => line !== '')];
  }

  /** Puts the serial port's text and every process's log into a folder; returns it. After close(). */
  keepLogs(name: string): string {
    const folder = join(FAILURES, `${new Date().toISOString().replaceAll(':', '')}-${name.replaceAll(/[^\w.-]+/g, '-').slice(0, 80)}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'serial.log'), this.serial, 'latin1');
    for (const [index, { terminal }] of this.#conversations.entries())
      writeFileSync(join(folder, `conversation-${index}.log`), terminal.text, 'latin1');
    writeFileSync(join(folder, 'chctl.log'), `${this.errors}\nexit status: ${this.#ended?.status ?? 'killed'}\n`);
    if (this.#logs !== '') writeFileSync(join(folder, 'processes.log'), this.#logs);
    return folder;
  }
}

const open = new Set<TestVm>();

/** For afterEach: closes what the test left open; keeps the logs where it failed, and fails it where something was left behind. */
export async function closeVms(test: { readonly state?: string | undefined; fullTitle(): string } | undefined): Promise<void> {
  const left: string[] = [];
  for (const vm of open) {
    const remains = await vm.close();
    left.push(...remains);
    if (test?.state !== 'failed' && remains.length === 0) continue;
    process.stderr.write(`      logs: ${vm.keepLogs(test?.fullTitle() ?? 'vm')}\n`);
  }
  if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
}

function folderOf(id: string): string {
  return `/tmp/ch-vm-${id}`;
}

/** A machine's temporary files and sockets go to folders of its own, and its id into the environment of its processes. */
function startScript(id: string, options: VmOptions): string {
  return chctlScript(id, ['run', ...runArguments(options)]);
}

function chctlScript(id: string, words: readonly string[]): string {
  const folder = folderOf(id);
  return `
export CH_TEST_VM=${id} CH_NO_BUILD=1 TMPDIR=${folder}/tmp XDG_RUNTIME_DIR=${folder}/run
mkdir -p "$TMPDIR" "$XDG_RUNTIME_DIR"
exec bin/chctl ${words.map(quote).join(' ')}`;
}

/** The logs of core and devices, from the run folder of a machine that could not tidy up. */
function logsScript(id: string): string {
  return `find ${folderOf(id)}/run -name '*.log' -exec tail -v -c 65536 {} +`;
}

function leftScript(id: string): string {
  return `
for environment in $(grep -lsF CH_TEST_VM=${id} /proc/[0-9]*/environ); do
  process=\${environment%/environ}
  echo "process \${process#/proc/}: $(tr '\\0' ' ' < $process/cmdline)"
  kill -KILL "\${process#/proc/}"
done
find ${folderOf(id)} -mindepth 2 -not -type d
rm -rf ${folderOf(id)}`;
}

function runArguments(options: VmOptions): readonly string[] {
  const { kernel, initramfs, cmdline, cpus = 1, memory = '512M', disks = [] } = options;
  return [
    ...['--kernel', kernel],
    ...(initramfs === undefined ? [] : ['--initramfs', initramfs]),
    ...(cmdline === undefined ? [] : ['--cmdline', cmdline]),
    ...['--cpus', `boot=${cpus}`, '--memory', `size=${memory}`],
    ...(disks.length === 0 ? [] : ['--disk', ...disks.map((disk) => (disk.includes('path=') ? disk : `path=${disk}`))]),
    ...['--serial', options.serial ?? 'tty', '--console', options.console ?? 'off'],
    ...STOP_TIMEOUT,
    ...(options.arguments ?? []),
  ];
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
