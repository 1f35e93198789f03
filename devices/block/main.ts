/**
 * ch-block: one raw image as a vhost-user block device.
 *
 * Started by the launcher, with one inherited socket that brings the rest, it has one thread (`launched.ts`). Started by hand, with a
 * socket of its own, it must heed signals while it sleeps in the kernel: this thread opens and locks the image, starts a data thread
 * and then waits for what ends the process.
 */
import { constants, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { createEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { listenUnix } from '#shared/sys/unix-socket.ts';
import { type BlockArguments, USAGE, parseArguments } from './arguments.ts';
import { takeImage } from './host.ts';
import { idBytes } from './spec.ts';
import { makeStatistics } from './stats/statistics.ts';
import type { Served } from './data-loop.ts';
import { serveLauncher } from './launched.ts';
import type { WorkerData } from './worker.ts';

/** After this the requests under way are the kernel's to finish. */
const STOP_DEADLINE_MS = 500;
const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;

exitOnUncaught('ch-block');

/** What the data thread ends the process with. */
const exitStatus = new Int32Array(new SharedArrayBuffer(4));

if (process.argv.length > 2) startByHand();
else serveLauncher();

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
  const what = `disk "${given.path}"`;
  const opened = openImage(given.path, given.readOnly);
  if (!opened.ok) return fail(opened.error);
  const image = takeImage(opened.value, what, given.readOnly);
  if (!image.ok) return fail(image.error);
  const { socket } = given;
  const stopFd = makeStopFd();
  // Before the socket is there: whoever sees it may end us.
  endOnSignals(stopFd, () => {
    if (socket.kind === 'path') rmSync(socket.path, { force: true });
  });
  const listener = socket.kind === 'path' ? listenUnix(socket.path) : undefined;
  if (listener !== undefined && !listener.ok) return fail(listener.error.message);
  const { serial, readOnly, queueCount } = given;
  const place =
    listener !== undefined
      ? { kind: 'listening' as const, fd: listener.value.take() }
      : { kind: 'connected' as const, fd: socket.kind === 'fd' ? socket.fd : -1 };
  const { fd, sectors } = image.value;
  const queues = { queueCount, maxQueueSize: given.queueSize };
  const served = {
    imageFd: fd,
    sectors,
    readOnly,
    id: idBytes(serial),
    ...queues,
    limits: {},
    statistics: makeStatistics(),
    socket: place,
  };
  startWorker(served, stopFd).on('message', (line: string) => writeSync(2, `ch-block: ${line}\n`));
}

/** An eventfd by which the data thread is asked to end. Open for the process's life. */
function makeStopFd(): Fd {
  const stopFd = createEventFd();
  if (!stopFd.ok) throw new Error(stopFd.error.message);
  return stopFd.value.take();
}

function startWorker(served: Served, stopFd: Fd): Worker {
  const data: WorkerData = { served, stopFd, exitStatus };
  const beside = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  return new Worker(new URL(beside, import.meta.url), { name: 'data', workerData: data });
}

function openImage(path: string, readOnly: boolean): Result<Fd, string> {
  const what = `disk "${path}"`;
  try {
    const status = statSync(path);
    if (status.isDirectory()) return err(`${what} is a directory; give the path of a raw image file`);
    if (!status.isFile() && !status.isBlockDevice()) return err(`${what} is no disk: give a raw image file or a block device`);
    return ok(asFd(openSync(path, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NOCTTY)));
  } catch (error) {
    return err(`${what} cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function endOnSignals(stopFd: Fd, cleanUp: () => void): void {
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      cleanUp();
      stop(stopFd, 128 + number);
    });
  }
}

/** The data thread ends the requests under way and then the process; past a deadline it is ended as it is. */
function stop(stopFd: Fd, status: number): void {
  Atomics.store(exitStatus, 0, status);
  signalEventFd(stopFd);
  setTimeout(() => exitNow(status), STOP_DEADLINE_MS);
}

function print(text: string): void {
  writeSync(1, `${text}\n`);
}

function fail(message: string, status: number = EXIT.failed): void {
  writeSync(2, `ch-block: ${message}\n`);
  exitNow(status);
}
