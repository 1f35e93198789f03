/**
 * The data path's loop: one engine for everything that its thread waits for. Requests, kicks, and the descriptors of whoever the
 * thread works for besides.
 *
 * While there is work it takes, submits, reaps and publishes in rounds, without asking for kicks. Then it polls the rings for as
 * long as that has paid off lately, asks for kicks, looks once more, and sleeps in the engine.
 */
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { IORING_CQE_F_MORE, IORING_OP, IORING_POLL_ADD_MULTI } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { Engine } from './engine/engine.ts';
import { type RingSet, TOKEN_FOREIGN } from './ring-set.ts';
import { SpinPolicy } from './spin-policy.ts';

const TOKEN_TIMEOUT = TOKEN_FOREIGN;
/** And those above: one for each descriptor that is watched. */
const TOKEN_WATCHED = TOKEN_FOREIGN + 1;

/** What is sooner is not worth a sleep of its own. */
const SHORTEST_SLEEP_MS = 0.05;
/** And a longer one (34 years) is not worth its words of 32 bits. */
const LONGEST_SLEEP_MS = 2 ** 40;
/** A front end that has no kick for a ring wants it polled (vhost-user, VHOST_USER_SET_VRING_KICK). */
const KICKLESS_MS = 1;

interface Watched {
  readonly fd: Fd;
  readonly ready: () => void;
  readonly isOnce: boolean;
}

export class RingLoop {
  readonly #engine: Engine;
  readonly #rings: RingSet;
  readonly #spin = new SpinPolicy();
  /** By what their tokens are above the first. */
  readonly #watched: (Watched | undefined)[] = [];
  /** struct __kernel_timespec, for the wake-up that is asked for. */
  readonly #timespec = allocate(16);
  /** Requests that the present round has begun. */
  #taken = 0;
  /** When the earliest wake-up that was asked for comes; in milliseconds. */
  #wakesAt = Infinity;

  constructor(rings: RingSet, engine: Engine) {
    this.#rings = rings;
    this.#engine = engine;
  }

  /** Calls `ready` at every message, and at the end, for as long as the thread lives. */
  watch(fd: Fd, ready: () => void): void {
    this.#arm({ fd, ready, isOnce: false });
  }

  /** Calls `ready` once, as soon as there is something to read. */
  watchOnce(fd: Fd, ready: () => void): void {
    this.#arm({ fd, ready, isOnce: true });
  }

  run(): never {
    for (;;) {
      if (this.#round()) {
        this.#spin.did(this.#taken);
        continue;
      }
      if (this.#spin.looksOn(this.#rings.isUnderWay)) this.#engine.poke();
      else this.#sleep();
    }
  }

  /** One turn of everything that can be done without waiting; false where there was nothing. */
  #round(): boolean {
    this.#taken = this.#rings.hasMore() ? this.#rings.take() : 0;
    let hasWorked = this.#taken > 0;
    if (this.#engine.pending > 0) this.#engine.submit(0);
    // What is done at once enters no kernel, and what else the engine waits for has to be looked for all the same.
    if (this.#taken > 0) this.#engine.poke();
    if (this.#engine.next()) {
      this.#rings.statistics.tick();
      hasWorked = true;
      do {
        this.#dispatch(this.#engine.tokenHigh, this.#engine.tokenLow, this.#engine.result, this.#engine.flags);
      } while (this.#engine.next());
    }
    for (const { token, result, flags } of this.#rings.takeForeign()) {
      // What it brings about may leave others behind, which no sleep would end for.
      hasWorked = true;
      this.#dispatch(token, 0, result, flags);
    }
    this.#rings.publish();
    this.#rings.settle();
    return hasWorked;
  }

  /** Until something happens. */
  #sleep(): void {
    if (this.#rings.arm()) {
      if (this.#rings.gate.isShut) this.#wakeIn(this.#rings.gate.opensIn());
      else if (this.#rings.isKickless) this.#wakeIn(KICKLESS_MS);
      this.#spin.sleeps();
      this.#engine.submit(1);
      this.#spin.wakes();
    }
    this.#rings.quiet();
  }

  #dispatch(tokenHigh: number, tokenLow: number, result: number, flags: number): void {
    if (tokenHigh < TOKEN_FOREIGN) return this.#rings.complete(tokenHigh, tokenLow, result, flags);
    if (tokenHigh === TOKEN_TIMEOUT) {
      this.#wakesAt = Infinity;
      return;
    }
    const at = tokenHigh - TOKEN_WATCHED;
    const watched = this.#watched[at];
    if (watched === undefined) return;
    if (watched.isOnce) this.#watched[at] = undefined;
    else if ((flags & IORING_CQE_F_MORE) === 0 && result >= 0) this.#poll(watched, at);
    watched.ready();
  }

  /** Ends the sleep that comes, where nothing else does. One that comes too late for it is of no consequence. */
  #wakeIn(ms: number): void {
    const at = performance.now() + Math.max(ms, SHORTEST_SLEEP_MS);
    if (at >= this.#wakesAt || ms === Infinity) return;
    this.#wakesAt = at;
    const nanoseconds = Math.ceil(Math.min(Math.max(ms, SHORTEST_SLEEP_MS), LONGEST_SLEEP_MS) * 1e6);
    this.#timespec.view.setUint32(0, nanoseconds / 1e9, true);
    this.#timespec.view.setUint32(8, nanoseconds % 1e9, true);
    this.#engine.prepare(IORING_OP.TIMEOUT, 0, -1, 0, this.#timespec.address, 1, 0, TOKEN_TIMEOUT);
  }

  #arm(watched: Watched): void {
    const free = this.#watched.indexOf(undefined);
    const at = free < 0 ? this.#watched.length : free;
    this.#watched[at] = watched;
    this.#poll(watched, at);
  }

  #poll({ fd, isOnce }: Watched, at: number): void {
    this.#engine.prepare(IORING_OP.POLL_ADD, 0, fd, 0, 0, isOnce ? 0 : IORING_POLL_ADD_MULTI, 0, TOKEN_WATCHED + at, EPOLLIN);
  }
}
