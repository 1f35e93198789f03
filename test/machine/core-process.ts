/** The core as a real process, ordered about over its start socket as the launcher does, with a test at the other end of everything. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '#shared/lang/result.ts';
import { type CoreLauncherEnd, type FromCore, type ToCore, coreLauncherChannel, startSocketPair } from '#shared/rpc/start-channel.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { MSG_DONTWAIT, SOCK_STREAM, UnixSocket, socketPair } from '#shared/sys/unix-socket.ts';
import { type Watch, Watcher } from '#shared/sys/watcher.ts';
import { Kvm } from '../../vmm-core/kvm/kvm.ts';
import { planMemory } from '../../vmm-core/memory/map.ts';
import { CHECKOUT } from '../harness/checkout.ts';
import { writeCommandGuest } from './command-guest.ts';

export const MEMORY_SIZE = 64 * 2 ** 20;
const PROGRAM = join(CHECKOUT, 'vmm-core/main.ts');
/** Far more than anything here takes on a busy machine. */
const DEADLINE_MS = 50_000;

type CreateVm = NonNullable<ToCore['createVm']>;
type Recovery = NonNullable<NonNullable<NonNullable<ToCore['addDevice']>['vhostUser']>['recovery']>;

/** Files by their path: what the message then names by position. */
export interface MachineFiles {
  readonly kernel?: string;
  readonly initramfs?: string;
  readonly savedState?: string;
  readonly savedMemory?: string;
}

export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The folder and the watcher that the processes of a test have in common. */
export class CorePlace implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'core-process-'));
  readonly watcher = new Watcher();
  readonly kernel = join(this.folder, 'kernel');
  readonly #owned: (Disposable | AsyncDisposable)[] = [];

  constructor() {
    writeCommandGuest(this.kernel, { gedRegister: gedRegister() });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** Ends with this place. */
  own<T extends Disposable | AsyncDisposable>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }

  /** Resolves when there is something to be received. */
  readable({ fd }: OwnedFd): Promise<void> {
    return new Promise((resolve) => {
      const watch = this.watcher.watch(fd, EPOLLIN, () => {
        watch.close();
        resolve();
      });
    });
  }

  /** A core that waits for its orders. `preload`: code that every thread of it runs first. */
  spawn(preload = ''): CoreProcess {
    return this.own(new CoreProcess(this, preload));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const owned of this.#owned.reverse()) {
      if (Symbol.asyncDispose in owned) await owned[Symbol.asyncDispose]();
      else owned[Symbol.dispose]();
    }
    await this.watcher.close();
    rmSync(this.folder, { recursive: true });
  }
}

export class CoreProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<Ending>;
  /** Everything that it has told, in order. */
  readonly messages: FromCore[] = [];
  /** What its guest has written to the serial port. */
  serial = '';
  readonly #channel: CoreLauncherEnd;
  readonly #watches: Watch[] = [];
  readonly #log: string;
  readonly #waiting = new Set<() => void>();
  #taken = 0;
  #terminal: OwnedFd | undefined;
  readonly #place: CorePlace;

  constructor(place: CorePlace, preload: string) {
    this.#place = place;
    const [ours, theirs] = expect(startSocketPair(), 'start socket');
    this.#log = place.path(`core-${theirs.fd}-${performance.now()}.log`);
    const log = openSync(this.#log, 'w');
    const imports = preload === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
    this.child = spawn(process.execPath, [...imports, PROGRAM], { stdio: ['ignore', log, log, theirs.fd] });
    closeSync(log);
    theirs.close();
    this.exited = new Promise((resolve) => void this.child.once('exit', (status, signal) => resolve({ status, signal })));
    this.#channel = coreLauncherChannel(ours);
    this.#watches.push(place.watcher.watch(this.#channel.fd, EPOLLIN, () => this.#hear()));
  }

  /** Resolves when its main thread waits in that system call. */
  async isIn(syscall: number): Promise<void> {
    const { pid } = this.child;
    while (!readFileSync(`/proc/${pid}/task/${pid}/syscall`, 'latin1').startsWith(`${syscall} `)) await sleep(5);
  }

  /** What it printed. */
  get printed(): string {
    return readFileSync(this.#log, 'utf8');
  }

  send(message: ToCore, fds: readonly OwnedFd[] = []): void {
    expect(
      this.#channel.send(
        message,
        fds.map(({ fd }) => fd),
      ),
      'start message',
    );
  }

  /** The same to a core that may have ended. */
  trySend(message: ToCore): void {
    this.#channel.send(message);
  }

  /** The first order: a machine with a serial port, whose other end `serial` and `type` are. */
  create(files: MachineFiles, changes: Partial<CreateVm> = {}, isTerminalFull = false): void {
    const opened = Object.entries({ kvm: '/dev/kvm', ...files }).map(([name, path]) => [name, openSync(path, 'r+')] as const);
    const positions = Object.fromEntries(opened.map(([name], index) => [name, index + 1]));
    const createVm: CreateVm = { id: 'vm', bootVcpus: 1, maxVcpus: 1, memorySize: MEMORY_SIZE, ...positions, ...changes };
    const fds = opened.map(([, fd]) => asFd(fd));
    expect(this.#channel.send({ createVm }, fds), 'start message');
    for (const fd of fds) closeSync(fd);
    // One that refuses the machine may be gone already.
    this.#addSerial(isTerminalFull);
  }

  /** A disk whose back end gets the other end of the connection; of a machine that runs, its next back end. */
  addDisk(id = 'disk0', recovery?: Recovery): OwnedFd {
    const [front, back] = expect(socketPair(SOCK_STREAM), 'vhost-user socket');
    const vhostUser = { deviceType: 2, numQueues: 1, queueSize: 128, socket: 1, ...(recovery === undefined ? {} : { recovery }) };
    this.send({ addDevice: { id, vhostUser } }, [front]);
    front.close();
    return back;
  }

  /** The devices that the core serves by itself: a console of nobody, and randomness. */
  addConsoleAndRng(): void {
    this.#channel.send({ addDevice: { id: 'console', console: { channel: {} } } });
    const source = new OwnedFd(openSync('/dev/urandom', 'r'));
    this.#channel.send({ addDevice: { id: 'rng', rng: { source: 1 } } }, [source.fd]);
    source.close();
  }

  /** Answers when the guest runs; a core that refuses fails the test with what it says. */
  async run(paused = false): Promise<void> {
    this.send({ run: { paused } });
    await this.told((message) => message.started);
  }

  /** The next message of which `pick` makes something; those before it have been looked at then. */
  async told<T>(pick: (message: FromCore) => T | null | undefined): Promise<T> {
    let found: T | undefined;
    await this.#until('a message', () => {
      while (found === undefined && this.#taken < this.messages.length) {
        const message = this.messages[this.#taken++];
        found = message === undefined ? undefined : (pick(message) ?? undefined);
      }
      return found !== undefined;
    });
    if (found === undefined) throw new Error('no message');
    return found;
  }

  /** Whether an order was carried out: `done`, or what was said instead. */
  answer(): Promise<string> {
    return this.told(({ done, failed }) => (done ? 'done' : failed?.message));
  }

  async order(message: ToCore, fds: readonly OwnedFd[] = []): Promise<string> {
    this.send(message, fds);
    return this.answer();
  }

  /** Writes the paused machine into two new files. */
  async save(state: string, memory: string): Promise<string> {
    this.beginSave(state, memory);
    return this.answer();
  }

  beginSave(state: string, memory: string): void {
    const fds = [state, memory].map((path) => asFd(openSync(path, 'w+')));
    expect(this.#channel.send({ save: { state: 1, memory: 2 } }, fds), 'save');
    for (const fd of fds) closeSync(fd);
  }

  type(text: string): void {
    if (this.#terminal === undefined) throw new Error('no machine was created');
    writeSync(this.#terminal.fd, text);
  }

  /** Sends the guest a letter; what it says up to and with that letter. */
  async ask(letter: string): Promise<string> {
    const from = this.serial.length;
    this.type(letter);
    await this.#until(`the guest's ${letter}`, () => this.serial.includes(letter, from));
    return this.serial.slice(from);
  }

  /** Until the guest has said that much since its start. */
  async says(what: string | ((serial: string) => boolean)): Promise<void> {
    await this.#until(`"${String(what)}"`, () => (typeof what === 'string' ? this.serial.includes(what) : what(this.serial)));
  }

  /** Our end of the start socket goes away. */
  hangUp(): void {
    for (const watch of this.#watches.splice(0, 1)) watch.close();
    this.#channel.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    for (const watch of this.#watches) watch.close();
    this.#terminal?.close();
    this.#channel.close();
  }

  /** `isFull`: it takes nothing, for it is full and nobody reads. */
  #addSerial(isFull: boolean): void {
    const [ours, theirs] = expect(socketPair(SOCK_STREAM), 'terminal');
    if (isFull) fill(theirs);
    const second = expect(theirs.duplicate(), 'terminal');
    this.#channel.send({ addDevice: { id: '__serial', serial: { channel: { input: 1, output: 2 } } } }, [theirs.fd, second.fd]);
    for (const end of [theirs, second]) end.close();
    this.#terminal = ours;
    if (isFull) return;
    const buffer = Buffer.alloc(4096);
    const watch = this.#place.watcher.watch(ours.fd, EPOLLIN, () => {
      const length = readOrEnd(ours, buffer);
      this.serial += buffer.toString('latin1', 0, length);
      if (length === 0) watch.close();
      this.#notice();
    });
    this.#watches.push(watch);
  }

  #hear(): void {
    for (;;) {
      const received = this.#channel.tryReceive();
      if (!received.ok) this.#watches[0]?.close();
      if (!received.ok || received.value === undefined) break;
      this.messages.push(received.value.message);
    }
    this.#notice();
  }

  #notice(): void {
    for (const look of [...this.#waiting]) look();
  }

  async #until(what: string, isDone: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!isDone()) return;
        clearTimeout(late);
        this.#waiting.delete(look);
        resolve();
      };
      const late = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no ${what} within ${DEADLINE_MS} ms; told ${JSON.stringify(this.messages.slice(-3))}; ${this.printed}`));
      }, DEADLINE_MS);
      this.#waiting.add(look);
      look();
    });
  }
}

/** A terminal whose core has ended with something unread says so by an error. */
function readOrEnd({ fd }: OwnedFd, buffer: Buffer): number {
  try {
    return readSync(fd, buffer);
  } catch {
    return 0;
  }
}

function fill(socket: OwnedFd): void {
  const lent = new UnixSocket(expect(socket.duplicate(), 'terminal'));
  const bytes = allocate(4096);
  while (lent.send(bytes, 0, bytes.bytes.length, [], MSG_DONTWAIT).ok);
  while (lent.send(bytes, 0, 1, [], MSG_DONTWAIT).ok);
  lent.close();
}

function gedRegister(): number {
  const kvm = expect(Kvm.open(), 'test');
  const leaf = expect(kvm.supportedCpuid(), 'test').find((entry) => entry.leaf === 0x8000_0008);
  kvm.close();
  return expect(planMemory({ ramSize: MEMORY_SIZE, physicalBits: (leaf?.eax ?? 0) & 0xff }), 'test').gedRegister;
}
