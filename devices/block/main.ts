/**
 * ch-block: one raw image as a vhost-user block device.
 *
 * Started by the launcher, with one inherited socket that brings the rest, it has one thread (`launched.ts`). Started by hand, with a
 * socket of its own, it must heed signals while it sleeps in the kernel: this thread opens and locks the image, starts a data thread
 * and then waits for what ends the process.
 */
import { constants, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { ClientListener, listenPrivately } from '#shared/sys/client-listener.ts';
import { createEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { type Fd, type OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { nameProcess } from '#shared/sys/process-name.ts';
import { listenUnix } from '#shared/sys/unix-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { type BlockArguments, USAGE, parseArguments } from './arguments.ts';
import { ControlThread, controlPorts } from './control/control-thread.ts';
import { takeImage } from './host.ts';
import { idBytes } from './spec.ts';
import { makeStatistics } from './stats/statistics.ts';
import { affinityProblem } from './threads/affinity.ts';
import type { Served } from './data-loop.ts';
import { serveLauncher } from './launched.ts';
import type { FromWorker, WorkerData } from './worker.ts';

/** After this the requests under way are the kernel's to finish, and an image of a format is left to be put in order when it is opened next. */
const STOP_DEADLINE_MS = { raw: 500, format: 5000 } as const;
/** Clients that connect at the same moment. */
const CLIENT_BACKLOG = 16;
const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;

exitOnUncaught('ch-block');
nameProcess('ch-block');

/** What the data thread ends the process with. */
const exitStatus = new Int32Array(new SharedArrayBuffer(4));

if (process.argv.length > 2) startByHand();
else serveLauncher({ control: beside('control/worker'), pool: beside('engine/worker'), queue: beside('threads/worker') });

function startByHand(): void {
  const parsed = parseArguments(process.argv.slice(2));
  if (!parsed.ok) return fail(`${parsed.error}\n${USAGE}`, EXIT.usage);
  switch (parsed.value.kind) {
    case 'help':
      return print(USAGE);
    case 'capabilities':
      return print(JSON.stringify({ type: 'block', features: ['blk-file', 'read-only'] }));
    case 'serve':
      return serveArguments(parsed.value);
  }
}

function serveArguments(given: BlockArguments): void {
  const misplaced = affinityProblem(given.queueAffinity);
  if (misplaced !== undefined) return fail(`disk "${printable(given.path)}" ${misplaced}`);
  const image = openGiven(given);
  if (!image.ok) return fail(image.error.line);
  const { socket } = given;
  const stopFd = makeEventFd();
  // Before the socket is there: whoever sees it may end us.
  const paths = [...(socket.kind === 'path' ? [socket.path] : []), ...(given.apiSocket === undefined ? [] : [given.apiSocket])];
  const cleanUp = (): void => {
    for (const path of paths) rmSync(path, { force: true });
  };
  const deadlineMs = (given.imageType ?? 'raw') === 'raw' ? STOP_DEADLINE_MS.raw : STOP_DEADLINE_MS.format;
  endOnSignals({ stopFd, deadlineMs }, cleanUp);
  const clients = given.apiSocket === undefined ? undefined : listenPrivately(given.apiSocket, CLIENT_BACKLOG);
  if (clients !== undefined && !clients.ok) return fail(clients.error.message);
  const listener = socket.kind === 'path' ? listenUnix(socket.path) : undefined;
  if (listener !== undefined && !listener.ok) {
    if (given.apiSocket !== undefined) rmSync(given.apiSocket);
    return fail(listener.error.message);
  }
  const { serial, readOnly, numQueues } = given;
  const place =
    listener !== undefined
      ? { kind: 'listening' as const, fd: listener.value.take() }
      : { kind: 'connected' as const, fd: socket.kind === 'fd' ? socket.fd : -1 };
  const { fd, sectors: rawSectors } = image.value;
  const queues = { queueCount: numQueues, maxQueueSize: given.queueSize };
  const served: Served = {
    imageFd: fd,
    imageType: given.imageType ?? 'raw',
    imagePath: given.path,
    direct: given.direct,
    backingFiles: given.backingFiles,
    lockGranularity: given.lockGranularity,
    rawSectors,
    readOnly,
    id: idBytes(serial ?? ''),
    ...queues,
    sparse: given.sparse,
    writeThrough: false,
    limits: given.limits,
    statistics: makeStatistics(numQueues),
    poolScript: beside('engine/worker').href,
    threadScript: beside('threads/worker').href,
    queueAffinity: given.queueAffinity,
    socket: place,
  };
  const control = clients === undefined ? undefined : serveClients(clients.value, served);
  const data: WorkerData = { served, stopFd, exitStatus, control };
  const transferList = control === undefined ? [] : [control.port];
  const worker = new Worker(beside('worker'), { name: 'data', workerData: data, transferList });
  worker.on('message', ({ kind, line }: FromWorker) => {
    if (kind === 'log') return void writeSync(2, `ch-block: ${line}\n`);
    cleanUp();
    fail(line);
  });
}

/** What a thread of this process runs: sources beside sources, bundles beside bundles. */
function beside(script: string): URL {
  return new URL(`./${script}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

/** Accepts clients of ch.device.v1, for a thread of theirs that the first one brings about; the data thread's end of what it asks. */
function serveClients(listener: OwnedFd, { statistics, readOnly, imagePath, imageType }: Served): NonNullable<WorkerData['control']> {
  const wakeFd = makeEventFd();
  const ports = controlPorts();
  const thread = new ControlThread(beside('control/worker'), { id: '', imagePath, imageType, readOnly, wakeFd, statistics }, ports.control);
  new ClientListener(new Watcher(), listener, { client: (client) => thread.connect(client) });
  return { port: ports.data, wakeFd };
}

/** An eventfd that wakes the data thread. Open for the process's life. */
function makeEventFd(): Fd {
  const made = createEventFd();
  if (!made.ok) throw new Error(made.error.message);
  return made.value.take();
}

/** Opened, looked at and locked. */
function openGiven(given: BlockArguments): ReturnType<typeof takeImage> {
  const what = `disk "${printable(given.path)}"`;
  const opened = openImage(given, what);
  if (!opened.ok) return err({ line: opened.error, isLocked: false });
  return takeImage(opened.value, what, { ...given, granularity: given.lockGranularity });
}

function openImage({ path, readOnly, direct }: BlockArguments, what: string): Result<Fd, string> {
  try {
    const status = statSync(path);
    if (status.isDirectory()) return err(`${what} is a directory; give the path of a raw image file`);
    if (!status.isFile() && !status.isBlockDevice()) return err(`${what} is no disk: give a raw image file or a block device`);
    const flags = (readOnly ? constants.O_RDONLY : constants.O_RDWR) | (direct ? constants.O_DIRECT : 0);
    return ok(asFd(openSync(path, flags | constants.O_NOCTTY)));
  } catch (error) {
    const hint = direct && error instanceof Error && 'code' in error && error.code === 'EINVAL' ? '; leave direct=on out' : '';
    return err(`${what} cannot be opened: ${error instanceof Error ? error.message : String(error)}${hint}`);
  }
}

interface Stopping {
  readonly stopFd: Fd;
  readonly deadlineMs: number;
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
function stop({ stopFd, deadlineMs }: Stopping, status: number): void {
  Atomics.store(exitStatus, 0, status);
  signalEventFd(stopFd);
  setTimeout(() => exitNow(status), deadlineMs);
}

function print(text: string): void {
  writeSync(1, `${text}\n`);
}

function fail(message: string, status: number = EXIT.failed): void {
  writeSync(2, `ch-block: ${message}\n`);
  exitNow(status);
}
