/**
 * Descriptors that node's own event loop cannot watch (sockets that carry descriptors, eventfds, terminals), watched without
 * blocking it: one thread of the pool waits in epoll_wait for all of them, and hands what it finds to this thread's event loop.
 * Signals, timers, workers' messages and promises go on meanwhile. The hop costs some 20 us, so data paths wait by themselves.
 */
import { expect } from '../lang/result.ts';
import { EPOLLIN, Epoll } from './epoll.ts';
import { EPERM } from './errno.ts';
import { createEventFd, drainEventFd, signalEventFd } from './eventfd.ts';
import type { Fd } from './owned-fd.ts';

/** A descriptor's registration. Close it before the descriptor itself. */
export interface Watch {
  modify(events: number): void;
  close(): void;
}

export interface Timer {
  cancel(): void;
}

/** Rounds that are looked for without the pool's help after one that found something: answers often come in bursts. */
const ROUNDS_AT_ONCE = 16;

export class Watcher {
  readonly #epoll = expect(Epoll.create(), 'watcher');
  readonly #wake = expect(createEventFd(), 'watcher');
  readonly #ready = new Map<number, (events: number) => void>();
  #nextToken = 1;
  #waiting = false;
  #closing: (() => void) | undefined;

  constructor() {
    this.#ready.set(0, () => void drainEventFd(this.#wake.fd));
    expect(this.#epoll.add(this.#wake.fd, EPOLLIN, 0), 'watcher');
  }

  /** Calls `ready` in the event loop whenever `fd` has one of `events` (level-triggered). Throws where epoll refuses `fd`. */
  watch(fd: Fd, events: number, ready: (events: number) => void): Watch {
    const watch = this.tryWatch(fd, events, ready);
    if (watch === undefined) throw new Error(`descriptor ${fd} cannot be watched`);
    return watch;
  }

  /** As `watch`; undefined where the kernel has no readiness to tell of (regular files, /dev/null): those never wait. */
  tryWatch(fd: Fd, events: number, ready: (events: number) => void): Watch | undefined {
    const token = this.#nextToken++;
    const added = this.#epoll.add(fd, events, token);
    if (!added.ok && added.error.errno === EPERM) return undefined;
    expect(added, `watch descriptor ${fd}`);
    this.#ready.set(token, ready);
    this.#wait();
    return {
      modify: (changed) => void expect(this.#epoll.modify(fd, changed, token), `watch descriptor ${fd}`),
      close: () => {
        if (!this.#ready.delete(token)) return;
        this.#epoll.remove(fd);
        // Without a watch there is nothing to wait for: the process may end by itself.
        if (this.#ready.size === 1) signalEventFd(this.#wake.fd);
      },
    };
  }

  /** Runs `run` once, `delayMs` from now at the earliest. */
  after(delayMs: number, run: () => void): Timer {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  /** Releases the descriptors; resolves once the pool's thread has let go of them. Watches must be closed before. */
  close(): Promise<void> {
    if (this.#waiting) signalEventFd(this.#wake.fd);
    return new Promise((resolve) => {
      this.#closing = resolve;
      if (!this.#waiting) this.#release(resolve);
    });
  }

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#epoll.waitInBackground((count) => this.#dispatch(count));
  }

  #dispatch(found: number): void {
    let count = found;
    for (let round = 0; count > 0 && round < ROUNDS_AT_ONCE; round++) {
      for (let index = 0; index < count; index++) {
        // A handler of this round may have closed a later watch: its token is gone then.
        this.#ready.get(this.#epoll.tokenAt(index))?.(this.#epoll.eventsAt(index));
      }
      count = this.#epoll.wait(0);
    }
    this.#waiting = false;
    if (this.#closing !== undefined) this.#release(this.#closing);
    else if (this.#ready.size > 1) this.#wait();
  }

  #release(closed: () => void): void {
    this.#epoll.close();
    this.#wake.close();
    closed();
  }
}
