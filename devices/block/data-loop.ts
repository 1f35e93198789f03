/**
 * The data path's loop: one io_uring for everything that its thread waits for. Requests, kicks, the front end's socket, the listener
 * of front ends to come, the request to stop.
 *
 * While there is work it takes, submits, reaps and publishes in rounds, without asking for kicks. Then it polls the rings for as
 * long as that has paid off lately, asks for kicks, looks once more, and sleeps in io_uring_enter.
 */
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { IORING_CQE_F_MORE, IORING_OP, IORING_POLL_ADD_MULTI } from '#shared/sys/io-uring.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { UnixSocket, accept } from '#shared/sys/unix-socket.ts';
import { Session } from '#shared/vhost-user/backend/index.ts';
import { BlockDevice, type DeviceOptions } from './device.ts';
import type { Engine } from './engine/engine.ts';
import { openEngine } from './engine/open-engine.ts';
import { whyLeft } from './front-end-left.ts';
import { RingSet, TOKEN_FOREIGN } from './ring-set.ts';
import { SpinPolicy } from './spin-policy.ts';

/** What is served, as plain data. Descriptors are the loop's from here on. */
export interface Served extends DeviceOptions {
  readonly imageFd: number;
  /** A file whose lock must live as long as the last request: the ring keeps it. */
  readonly fenceFd?: number;
  /** A connected front end, or where front ends connect. */
  readonly socket: { readonly kind: 'connected' | 'listening'; readonly fd: number };
}

/** A descriptor of whoever runs the loop. */
export interface Watched {
  readonly fd: Fd;
  /** Called on the loop's thread whenever there is something to read. */
  readonly ready: () => void;
}

export type LogLevel = 'warning' | 'info';

export interface LoopHost {
  readonly watched: readonly Watched[];
  /** A line for whoever looks after this process. */
  log(level: LogLevel, line: string): void;
  /** The connected front end has left: there is nothing to do any more. */
  ended(): never;
}

const TOKEN_SOCKET = TOKEN_FOREIGN;
const TOKEN_LISTENER = TOKEN_FOREIGN + 1;
const TOKEN_TIMEOUT = TOKEN_FOREIGN + 2;
/** And those above: the host's own. */
const TOKEN_WATCHED = TOKEN_FOREIGN + 3;

/** What is sooner is not worth a sleep of its own. */
const SHORTEST_SLEEP_MS = 0.05;

export class DataLoop {
  readonly #served: Served;
  readonly #host: LoopHost;
  readonly #engine: Engine;
  readonly #rings: RingSet;
  readonly device: BlockDevice;
  readonly #spin = new SpinPolicy();
  #session: Session | undefined;
  /** struct __kernel_timespec, for the wake-up that is asked for. */
  readonly #timespec = allocate(16);
  /** When the earliest wake-up that was asked for comes; in milliseconds. */
  #wakesAt = Infinity;

  constructor(served: Served, host: LoopHost) {
    this.#served = served;
    this.#host = host;
    const files = [served.imageFd, ...(served.fenceFd === undefined ? [] : [served.fenceFd])].map(asFd);
    this.#engine = expect(openEngine({ files }), 'engine').engine;
    this.#rings = new RingSet(served, this.#engine);
    this.device = new BlockDevice(served, this.#rings);
    // At every message, and at the end.
    for (const [index, { fd }] of host.watched.entries()) this.#watch(fd, TOKEN_WATCHED + index, IORING_POLL_ADD_MULTI);
    if (served.socket.kind === 'connected') this.#serve(new OwnedFd(served.socket.fd));
    else this.#watch(asFd(served.socket.fd), TOKEN_LISTENER);
  }

  get hasFrontEnd(): boolean {
    return this.#session !== undefined;
  }

  /** Ends the requests under way. What comes after is the process's end. */
  stop(): void {
    this.#session?.close();
  }

  run(): never {
    for (;;) {
      const work = this.#round();
      if (work > 0) {
        this.#spin.begin();
        continue;
      }
      if (this.#spin.goesOn()) {
        this.#engine.poke();
        continue;
      }
      this.#sleep();
    }
  }

  /** One turn of everything that can be done without waiting; how much that was. */
  #round(): number {
    let work = this.#rings.hasMore() ? this.#rings.take() : 0;
    if (this.#engine.pending > 0) this.#engine.submit(0);
    if (this.#engine.next()) {
      this.#rings.statistics.tick();
      do {
        work++;
        this.#dispatch(this.#engine.tokenHigh, this.#engine.tokenLow, this.#engine.result, this.#engine.flags);
      } while (this.#engine.next());
    }
    for (const { token, result, flags } of this.#rings.takeForeign()) this.#dispatch(token, 0, result, flags);
    this.#rings.publish();
    this.#rings.settle();
    return work;
  }

  #sleep(): void {
    if (this.#rings.arm()) {
      if (this.#rings.gate.isShut) this.#wakeIn(this.#rings.gate.opensIn());
      this.#spin.sleeps();
      this.#engine.submit(1);
      this.#spin.wakes();
    }
    this.#rings.quiet();
  }

  #dispatch(tokenHigh: number, tokenLow: number, result: number, flags: number): void {
    if (tokenHigh < TOKEN_FOREIGN) return this.#rings.complete(tokenHigh, tokenLow, result, flags);
    if (tokenHigh === TOKEN_SOCKET) return this.#readSession();
    if (tokenHigh === TOKEN_LISTENER) return this.#accept();
    if (tokenHigh === TOKEN_TIMEOUT) {
      this.#wakesAt = Infinity;
      return;
    }
    const watched = this.#host.watched[tokenHigh - TOKEN_WATCHED];
    if (watched !== undefined && (flags & IORING_CQE_F_MORE) === 0 && result >= 0)
      this.#watch(watched.fd, tokenHigh, IORING_POLL_ADD_MULTI);
    watched?.ready();
  }

  #readSession(): void {
    const session = this.#session;
    if (session === undefined) return;
    const outcome = session.readable();
    if (outcome === 'open') return this.#watch(session.fd, TOKEN_SOCKET);
    const why = whyLeft(outcome);
    if (why !== undefined) this.#host.log('warning', why);
    this.#session = undefined;
    session.close();
    if (this.#served.socket.kind === 'connected') this.#host.ended();
    else this.#watch(asFd(this.#served.socket.fd), TOKEN_LISTENER);
  }

  /** One front end at a time: the listener is watched again when this one has gone. */
  #accept(): void {
    const connection = accept(asFd(this.#served.socket.fd));
    if (connection.ok) this.#serve(connection.value);
    else this.#watch(asFd(this.#served.socket.fd), TOKEN_LISTENER);
  }

  #serve(socket: OwnedFd): void {
    const trace = (event: string, facts: Readonly<Record<string, unknown>>): void => this.#host.log('info', `${event}: ${describe(facts)}`);
    const session = new Session(new UnixSocket(socket), this.device, trace);
    this.#session = session;
    this.#watch(session.fd, TOKEN_SOCKET);
  }

  /** Ends the sleep that comes, where nothing else does. One that comes too late for it is of no consequence. */
  #wakeIn(ms: number): void {
    const at = performance.now() + Math.max(ms, SHORTEST_SLEEP_MS);
    if (at >= this.#wakesAt || ms === Infinity) return;
    this.#wakesAt = at;
    const nanoseconds = Math.ceil(Math.max(ms, SHORTEST_SLEEP_MS) * 1e6);
    this.#timespec.view.setUint32(0, nanoseconds / 1e9, true);
    this.#timespec.view.setUint32(8, nanoseconds % 1e9, true);
    this.#engine.prepare(IORING_OP.TIMEOUT, 0, -1, 0, this.#timespec.address, 1, 0, TOKEN_TIMEOUT);
  }

  #watch(fd: Fd, token: number, mode = 0): void {
    this.#engine.prepare(IORING_OP.POLL_ADD, 0, fd, 0, 0, mode, 0, token, EPOLLIN);
  }
}

/** JSON with feature sets in it. */
function describe(facts: unknown): string {
  return JSON.stringify(facts, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));
}
