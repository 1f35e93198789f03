/**
 * The data thread: one io_uring for everything that it waits for. Requests, kicks, the front end's socket, the listener of
 * front ends to come, the request to stop.
 *
 * While there is work it takes, submits, reaps and publishes in rounds, without asking for kicks. Then it polls the rings for as
 * long as that has paid off lately, asks for kicks, looks once more, and sleeps in io_uring_enter.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { IORING_OP, IORING_POLL_ADD_MULTI, IoUring } from '#shared/sys/io-uring.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { UnixSocket, accept } from '#shared/sys/unix-socket.ts';
import { Session } from '#shared/vhost-user/backend/index.ts';
import { BlockDevice } from './device.ts';
import { SpinPolicy } from './spin-policy.ts';

/** How the thread is told what to serve. Descriptors are the worker's from here on. */
export interface WorkerData {
  readonly imageFd: number;
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly id: Uint8Array;
  readonly queueCount: number;
  readonly maxQueueSize: number;
  /** A connected front end, or where front ends connect. */
  readonly socket: { readonly kind: 'connected' | 'listening'; readonly fd: number };
  /** An eventfd: end in order, with the status that is in `exitStatus` then. */
  readonly stopFd: number;
  readonly exitStatus: Int32Array<SharedArrayBuffer>;
  /** The start socket, or -1: its messages, and its end, are the main thread's to read. */
  readonly startFd: number;
}

/** What the worker tells the main thread. */
export type WorkerMessage =
  | { readonly kind: 'serving' }
  | { readonly kind: 'start-socket' }
  | { readonly kind: 'log'; readonly line: string };

const TOKEN_SOCKET = 0x2_0000;
const TOKEN_LISTENER = 0x2_0001;
const TOKEN_STOP = 0x2_0002;
const TOKEN_START = 0x2_0003;

exitOnUncaught('ch-block');

class Worker {
  readonly #data: WorkerData;
  readonly #uring: IoUring;
  readonly #device: BlockDevice;
  readonly #spin = new SpinPolicy();
  #session: Session | undefined;

  constructor(data: WorkerData) {
    this.#data = data;
    const operations = Object.values(IORING_OP);
    this.#uring = expect(IoUring.create({ entries: 512, operations, files: [asFd(data.imageFd)] }), 'io_uring');
    this.#device = new BlockDevice(data, data, this.#uring);
    this.#watch(asFd(data.stopFd), TOKEN_STOP);
    // At every message, and at the end: the main thread reads them, in its own time.
    if (data.startFd >= 0) this.#watch(asFd(data.startFd), TOKEN_START, IORING_POLL_ADD_MULTI);
    if (data.socket.kind === 'connected') this.#serve(new OwnedFd(data.socket.fd));
    else this.#watch(asFd(data.socket.fd), TOKEN_LISTENER);
    tell({ kind: 'serving' });
  }

  run(): never {
    for (;;) {
      const work = this.#round();
      if (work > 0) {
        this.#spin.begin();
        continue;
      }
      if (this.#spin.goesOn()) {
        this.#uring.poke();
        continue;
      }
      this.#sleep();
    }
  }

  /** One turn of everything that can be done without waiting; how much that was. */
  #round(): number {
    let work = this.#device.hasMore() ? this.#device.take() : 0;
    if (this.#uring.pending > 0) this.#uring.submit(0);
    while (this.#uring.next()) {
      work++;
      this.#dispatch(this.#uring.tokenHigh, this.#uring.tokenLow, this.#uring.result, this.#uring.flags);
    }
    for (const token of this.#device.takeForeign()) this.#dispatch(token, 0, 0, 0);
    this.#device.publish();
    return work;
  }

  #sleep(): void {
    if (this.#device.arm()) {
      this.#spin.sleeps();
      this.#uring.submit(1);
      this.#spin.wakes();
    }
    this.#device.quiet();
  }

  #dispatch(tokenHigh: number, tokenLow: number, result: number, flags: number): void {
    if (tokenHigh < TOKEN_SOCKET) return this.#device.complete(tokenHigh, tokenLow, result, flags);
    if (tokenHigh === TOKEN_SOCKET) return this.#readSession();
    if (tokenHigh === TOKEN_LISTENER) return this.#accept();
    if (tokenHigh === TOKEN_STOP) return this.#stop();
    tell({ kind: 'start-socket' });
  }

  #readSession(): void {
    const session = this.#session;
    if (session === undefined) return;
    const outcome = session.readable();
    if (outcome === 'open') return this.#watch(session.fd, TOKEN_SOCKET);
    if (outcome !== 'closed') tell({ kind: 'log', line: `front end left: ${describe(outcome)}` });
    this.#session = undefined;
    session.close();
    if (this.#data.socket.kind === 'connected') this.#stop();
    else this.#watch(asFd(this.#data.socket.fd), TOKEN_LISTENER);
  }

  /** One front end at a time: the listener is watched again when this one has gone. */
  #accept(): void {
    const connection = accept(asFd(this.#data.socket.fd));
    if (connection.ok) this.#serve(connection.value);
    else this.#watch(asFd(this.#data.socket.fd), TOKEN_LISTENER);
  }

  #serve(socket: OwnedFd): void {
    const trace = (event: string, facts: Readonly<Record<string, unknown>>): void =>
      tell({ kind: 'log', line: `${event}: ${describe(facts)}` });
    const session = new Session(new UnixSocket(socket), this.#device, trace);
    this.#session = session;
    this.#watch(session.fd, TOKEN_SOCKET);
  }

  /** Ends the requests under way, and the process. */
  #stop(): never {
    this.#session?.close();
    return exitNow(Atomics.load(this.#data.exitStatus, 0));
  }

  #watch(fd: Fd, token: number, mode = 0): void {
    this.#uring.prepare(IORING_OP.POLL_ADD, 0, fd, 0, 0, mode, 0, token, EPOLLIN);
  }
}

/** JSON with feature sets in it. */
function describe(facts: unknown): string {
  return JSON.stringify(facts, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));
}

function tell(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

const data: WorkerData = workerData;
new Worker(data).run();
