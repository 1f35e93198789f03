/**
 * ch-block as a user or a service manager starts it, with a socket of its own. It must heed signals while it sleeps in the kernel: this
 * thread opens the image, makes the sockets, starts a data thread and then waits for what ends the process. A process that takes over
 * from another has all that from that one, and its command line too.
 */
import { constants, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { imageSerial } from '#shared/config/image-serial.ts';
import { errorName, fileProblem } from '#shared/lang/file-message.ts';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { Greeted } from '#shared/hand-over/index.ts';
import { ClientListener, listenPrivately } from '#shared/sys/client-listener.ts';
import { createEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { exitNow } from '#shared/sys/process-exit.ts';
import { listenAt } from '#shared/sys/named-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import type { BlockArguments } from './arguments.ts';
import { ControlThread, controlPorts } from './control/control-thread.ts';
import type { Served } from './data-loop.ts';
import { takeImage } from './host.ts';
import { idBytes } from './spec.ts';
import type { Scripts } from './start-message.ts';
import { makeStatistics } from './stats/statistics.ts';
import { affinityProblem } from './threads/affinity.ts';
import { type FromWorker, WORD, WORDS, type WorkerData } from './worker-data.ts';

/** After this the requests under way are the kernel's to finish, and an image of a format is left to be put in order when it is opened next. */
const STOP_DEADLINE_MS = { raw: 500, format: 5000 } as const;
/** Clients that connect at the same moment. */
const CLIENT_BACKLOG = 16;
const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;

export interface ByHandScripts extends Scripts {
  readonly data: URL;
}

/** Where this process comes from, and what happens where it cannot serve. */
export interface Origin extends Greeted {
  /** The socket to the process that serves still; undefined: there is none. */
  readonly predecessor: OwnedFd | undefined;
  /** One line for the user. */
  fail(line: string): void;
}

export function serveByHand(given: BlockArguments, scripts: ByHandScripts, origin: Origin): void {
  const isServed = origin.predecessor !== undefined;
  const image = openGiven(given, isServed);
  if (!image.ok) return origin.fail(image.error);
  const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  const stopFd = makeEventFd();
  const paths = [...(given.socket.kind === 'path' ? [given.socket.path] : []), ...(given.apiSocket === undefined ? [] : [given.apiSocket])];
  // Those of another process, before it has handed over and after this one has, are not ours to remove.
  const cleanUp = (): void => {
    if (Atomics.load(words, WORD.isOurs) === 1) for (const path of paths) rmSync(path, { force: true });
  };
  // Before the socket is there: whoever sees it may end us.
  const deadlineMs = (given.imageType ?? 'raw') === 'raw' ? STOP_DEADLINE_MS.raw : STOP_DEADLINE_MS.format;
  endOnSignals({ stopFd, deadlineMs, words }, cleanUp);
  const sockets = isServed ? ok(INHERITED) : listen(given);
  if (!sockets.ok) return origin.fail(sockets.error);
  if (!isServed) Atomics.store(words, WORD.isOurs, 1);
  const served = toServe(given, image.value, { scripts, place: sockets.value.place });
  const { clients } = sockets.value;
  const control = given.apiSocket === undefined ? undefined : new ControlBeginning(scripts.control, served);
  const data: WorkerData = {
    ...{ served, stopFd, words, control: control?.dataEnd },
    ...{ arguments: origin.arguments, directory: origin.directory },
    ...{ predecessorFd: origin.predecessor?.take(), clientListenerFd: clients?.fd },
  };
  const worker = new Worker(scripts.data, {
    name: 'data',
    workerData: data,
    transferList: control === undefined ? [] : [control.dataEnd.port],
  });
  if (clients !== undefined) control?.listen(clients);
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'log') return void writeSync(2, `ch-block: ${message.line}\n`);
    if (message.kind === 'serves') {
      if (message.clientListenerFd !== undefined) control?.listen(new OwnedFd(message.clientListenerFd), message.generation);
      return;
    }
    cleanUp();
    origin.fail(message.line);
  });
}

interface Sockets {
  readonly place: Served['socket'];
  readonly clients: OwnedFd | undefined;
}
const INHERITED: Sockets = { place: { kind: 'inherited' }, clients: undefined };

function listen({ socket, apiSocket }: BlockArguments): Result<Sockets, string> {
  const clients =
    apiSocket === undefined ? undefined : listenAt('--api-socket', apiSocket, (path) => listenPrivately(path, CLIENT_BACKLOG));
  if (clients?.ok === false) return clients;
  if (socket.kind === 'fd') return ok({ place: { kind: 'connected', fd: socket.fd }, clients: clients?.value });
  const listener = listenAt('--socket-path', socket.path);
  if (listener.ok) return ok({ place: { kind: 'listening', fd: listener.value.take() }, clients: clients?.value });
  if (apiSocket !== undefined) rmSync(apiSocket);
  return listener;
}

interface Surroundings {
  readonly scripts: ByHandScripts;
  readonly place: Served['socket'];
}

function toServe(given: BlockArguments, image: { readonly fd: Fd; readonly sectors: number }, { scripts, place }: Surroundings): Served {
  return {
    imageFd: image.fd,
    imageType: given.imageType ?? 'raw',
    imagePath: given.path,
    direct: given.direct,
    backingFiles: given.backingFiles,
    lockGranularity: given.lockGranularity,
    rawSectors: image.sectors,
    readOnly: given.readOnly,
    id: idBytes(given.serial ?? imageSerial(fstatSync(image.fd))),
    queueCount: given.numQueues,
    maxQueueSize: given.queueSize,
    sparse: given.sparse,
    writeThrough: false,
    limits: given.limits,
    statistics: makeStatistics(given.numQueues),
    poolScript: scripts.pool.href,
    threadScript: scripts.queue.href,
    queueAffinity: given.queueAffinity,
    socket: place,
  };
}

/** Accepts clients of ch.device.v1, for a thread of theirs that the first one brings about. */
class ControlBeginning {
  /** Where the data thread gets what they ask. */
  readonly dataEnd: NonNullable<WorkerData['control']>;
  readonly #ports = controlPorts();
  readonly #script: URL;
  readonly #served: Served;

  constructor(script: URL, served: Served) {
    this.#script = script;
    this.#served = served;
    this.dataEnd = { port: this.#ports.data, wakeFd: makeEventFd() };
  }

  listen(listener: OwnedFd, generation = 1): void {
    const { imagePath, imageType, readOnly, statistics } = this.#served;
    const { wakeFd } = this.dataEnd;
    const facts = { id: '', imagePath, imageType, readOnly, wakeFd: asFd(wakeFd), statistics, generation };
    const thread = new ControlThread(this.#script, facts, this.#ports.control);
    new ClientListener(new Watcher(), listener, { client: (client) => thread.connect(client) });
  }
}

/** An eventfd that wakes the data thread. Open for the process's life. */
function makeEventFd(): Fd {
  const made = createEventFd();
  if (!made.ok) throw new Error(made.error.message);
  return made.value.take();
}

/** Opened and looked at, and locked, unless another process serves it still. */
function openGiven(given: BlockArguments, isServed: boolean): Result<{ readonly fd: Fd; readonly sectors: number }, string> {
  const what = `disk "${printable(given.path)}"`;
  const misplaced = affinityProblem(given.queueAffinity);
  if (misplaced !== undefined) return err(`${what} ${misplaced}`);
  const opened = openImage(given, what);
  if (!opened.ok) return opened;
  // One that was found to be raw is so, whatever its guest has written since then.
  const imageType = isServed ? (given.imageType ?? 'raw') : given.imageType;
  const taken = takeImage(opened.value, what, { ...given, imageType, granularity: given.lockGranularity, isServed });
  return taken.ok ? taken : err(taken.error.line);
}

function openImage({ path, readOnly, direct }: BlockArguments, what: string): Result<Fd, string> {
  try {
    const status = statSync(path);
    if (status.isDirectory()) return err(`${what} ${fileProblem('EISDIR')}`);
    if (!status.isFile() && !status.isBlockDevice()) return err(`${what} is no disk: give an image file or a block device`);
    const flags = (readOnly ? constants.O_RDONLY : constants.O_RDWR) | (direct ? constants.O_DIRECT : 0);
    return ok(asFd(openSync(path, flags | constants.O_NOCTTY)));
  } catch (error) {
    const name = errorName(error);
    if (direct && name === 'EINVAL') return err(`${what} is on a file system without O_DIRECT; leave direct=on out`);
    const hint = !readOnly && ['EACCES', 'EPERM', 'EROFS'].includes(name) ? '; or add readonly=on' : '';
    return err(`${what} ${fileProblem(name)}${hint}`);
  }
}

interface Stopping {
  readonly stopFd: Fd;
  readonly deadlineMs: number;
  readonly words: Int32Array<SharedArrayBuffer>;
}

function endOnSignals(stopping: Stopping, cleanUp: () => void): void {
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      cleanUp();
      stop(stopping, 128 + number);
    });
  }
}

/** The data thread ends the requests under way and then the process; past a deadline it is ended as it is. */
function stop({ stopFd, deadlineMs, words }: Stopping, status: number): void {
  Atomics.store(words, WORD.exitStatus, status);
  signalEventFd(stopFd);
  setTimeout(() => exitNow(status), deadlineMs);
}
