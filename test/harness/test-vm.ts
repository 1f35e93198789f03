import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURES } from './checkout.ts';
import { type Ended, type Place, type RunningCommand, type SignalName, run } from './lab/place.ts';
import { TextLog } from './text-log.ts';

export interface VmOptions {
  readonly kernel: string;
  readonly initramfs?: string;
  readonly cmdline?: string;
  readonly cpus?: number;
  /** As `--memory size=` takes it. */
  readonly memory?: string;
  /** Paths, or whole `--disk` values. */
  readonly disks?: readonly string[];
  /** Further arguments of `chctl run`. */
  readonly arguments?: readonly string[];
}

/** What `exec` in a guest came to. */
export interface GuestResult {
  readonly status: number;
  /** Its standard output and error, with plain newlines. */
  readonly output: string;
}

const COMMAND_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 30_000;

/**
 * One virtual machine of a test, started by `chctl run` in a place, with its serial port as a conversation. Whoever starts it
 * closes it (`closeVms` does, after each test): that fails when the machine left anything behind.
 */
export class TestVm {
  readonly #place: Place;
  readonly #id: string;
  readonly #command: RunningCommand;
  readonly #serial = new TextLog();
  #ended: Ended | undefined;

  private constructor(place: Place, id: string, command: RunningCommand) {
    this.#place = place;
    this.#id = id;
    this.#command = command;
    command.onOutput((chunk) => this.#serial.add(chunk));
    void command.ended.then((ended) => {
      this.#ended = ended;
      this.#serial.end();
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
    return this.#serial.text;
  }

  /** Waits for text on the serial port, from where the last wait ended; returns what came up to its end. */
  waitForText(wanted: string | RegExp, timeoutMs: number): Promise<string> {
    return this.#serial.find(wanted, timeoutMs);
  }

  /** Types on the serial port. */
  type(text: string): void {
    this.#command.write(text);
  }

  /** Logs in as root at the serial port's prompt, and leaves a shell that neither echoes nor prompts. */
  async logIn(timeoutMs: number): Promise<void> {
    await this.waitForText('login: ', timeoutMs);
    this.type('root\n');
    await this.waitForText(/[#$] $/, COMMAND_TIMEOUT_MS);
    await this.quietShell();
  }

  /** Makes the shell at the serial port one that `exec` can use: no echo, no prompt, no line editor. */
  async quietShell(): Promise<void> {
    this.type('exec env PS1= sh\n');
    this.type("stty -echo; echo 're''ady'\n");
    await this.waitForText('ready', COMMAND_TIMEOUT_MS);
  }

  /** Runs a command line in the guest's shell (after logIn or quietShell). */
  async exec(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<GuestResult> {
    const mark = randomBytes(8).toString('hex');
    this.type(`echo ${mark}-begin; ${command}\necho ${mark}-end $?\n`);
    await this.waitForText(`${mark}-begin`, timeoutMs);
    const text = await this.waitForText(new RegExp(`${mark}-end (\\d+)`), timeoutMs);
    const at = text.lastIndexOf(`${mark}-end`);
    return { status: Number(text.slice(at).split(' ')[1]), output: text.slice(0, at).replaceAll('\r', '').trim() };
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

  /** What `chctl run` and its processes said on standard error; complete once it has ended. */
  get errors(): string {
    return this.#ended?.stderr ?? '';
  }

  /** Ends it, if it has not ended, and says what it left behind: processes, sockets and files, a line each. */
  async close(): Promise<readonly string[]> {
    open.delete(this);
    const killed = this.#ended === undefined;
    if (killed) this.#command.kill();
    const ended = await this.#command.ended;
    const check = await run(this.#place, leftScript(this.#id), { timeoutMs: END_TIMEOUT_MS });
    // One that was killed as a whole could not tidy up.
    if (killed) return [];
    return [...ended.left, ...check.stdout.split('\n').filter((line) => line !== '')];
  }

  /** Puts the serial port's text and every process's log into a folder; returns it. */
  keepLogs(name: string): string {
    const folder = join(FAILURES, `${new Date().toISOString().replaceAll(':', '')}-${name.replaceAll(/[^\w.-]+/g, '-').slice(0, 80)}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'serial.log'), this.serial, 'latin1');
    writeFileSync(join(folder, 'chctl.log'), `${this.errors}\nexit status: ${this.#ended?.status ?? 'killed'}\n`);
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

/** A machine's temporary files and sockets go to folders of its own, and its id into the environment of its processes. */
function startScript(id: string, options: VmOptions): string {
  const folder = `/tmp/ch-vm-${id}`;
  return `
export CH_TEST_VM=${id} CH_NO_BUILD=1 TMPDIR=${folder}/tmp XDG_RUNTIME_DIR=${folder}/run
mkdir -p "$TMPDIR" "$XDG_RUNTIME_DIR"
exec bin/chctl run ${runArguments(options).map(quote).join(' ')}`;
}

function leftScript(id: string): string {
  return `
for environment in $(grep -lsF CH_TEST_VM=${id} /proc/[0-9]*/environ); do
  process=\${environment%/environ}
  echo "process \${process#/proc/}: $(tr '\\0' ' ' < $process/cmdline)"
  kill -KILL "\${process#/proc/}"
done
find /tmp/ch-vm-${id} -mindepth 2 -not -type d
rm -rf /tmp/ch-vm-${id}`;
}

function runArguments(options: VmOptions): readonly string[] {
  const { kernel, initramfs, cmdline, cpus = 1, memory = '512M', disks = [] } = options;
  return [
    ...['--kernel', kernel],
    ...(initramfs === undefined ? [] : ['--initramfs', initramfs]),
    ...(cmdline === undefined ? [] : ['--cmdline', cmdline]),
    ...['--cpus', `boot=${cpus}`, '--memory', `size=${memory}`],
    ...(disks.length === 0 ? [] : ['--disk', ...disks.map((disk) => (disk.includes('path=') ? disk : `path=${disk}`))]),
    ...['--serial', 'tty', '--console', 'off'],
    ...(options.arguments ?? []),
  ];
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
