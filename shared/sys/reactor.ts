/**
 * A thread's event loop over descriptors that node's own loop cannot watch: sockets that carry descriptors, eventfds,
 * terminals. Each round blocks in epoll_wait; rounds are chained by `setImmediate`, so promises and messages of the thread run
 * between them. While a round blocks nothing of node runs: whoever wants this thread signals `wakeFd`.
 */
import { expect } from '../lang/result.ts';
import { EPOLLIN, Epoll } from './epoll.ts';
import { EPERM } from './errno.ts';
import { createEventFd, drainEventFd, signalEventFd } from './eventfd.ts';
import { type Fd, type OwnedFd, asFd } from './owned-fd.ts';

/** A descriptor's registration. Close it before the descriptor itself. */
export interface Watch {
  modify(events: number): void;
  close(): void;
}

export interface Timer {
  cancel(): void;
}

interface Entry {
  readonly fd: Fd;
  readonly ready: (events: number) => void;
}

interface Deadline {
  readonly atMs: number;
  readonly run: () => void;
}

export class Reactor {
  readonly #epoll = expect(Epoll.create(), 'reactor');
  readonly #wake: Fd;
  #ownWake: OwnedFd | undefined;
  readonly #entries = new Map<number, Entry>();
  readonly #deadlines = new Set<Deadline>();
  #nextToken = 1;
  #stopped = false;
  #onWake: () => void = () => {};

  /** `wakeFd`: an eventfd that others know already, borrowed; without it the reactor makes one. */
  constructor(wakeFd?: Fd) {
    if (wakeFd === undefined) this.#ownWake = expect(createEventFd(), 'reactor');
    this.#wake = wakeFd ?? asFd(this.#ownWake?.fd ?? -1);
    this.watch(this.#wake, EPOLLIN, () => {
      drainEventFd(this.#wake);
      this.#onWake();
    });
  }

  /** An eventfd that any thread of this process may signal to make the reactor run a round. */
  get wakeFd(): Fd {
    return this.#wake;
  }

  /** What a signal of `wakeFd` runs, on this thread. */
  onWake(run: () => void): void {
    this.#onWake = run;
  }

  /** Wakes the reactor: from another thread through `signalEventFd(wakeFd)`, from this one to make a blocked round end. */
  wake(): void {
    signalEventFd(this.#wake);
  }

  /** Calls `ready` with the epoll events whenever `fd` has one of `events` (level-triggered). Throws where epoll refuses `fd`. */
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
    this.#entries.set(token, { fd, ready });
    return {
      modify: (changed) => void expect(this.#epoll.modify(fd, changed, token), `watch descriptor ${fd}`),
      close: () => {
        if (this.#entries.delete(token)) this.#epoll.remove(fd);
      },
    };
  }

  /** Runs `run` once, `delayMs` from now at the earliest. */
  after(delayMs: number, run: () => void): Timer {
    const deadline: Deadline = { atMs: performance.now() + delayMs, run };
    this.#deadlines.add(deadline);
    return { cancel: () => void this.#deadlines.delete(deadline) };
  }

  /** Runs rounds until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      this.#round();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.wake();
  }

  /** Releases the reactor's own descriptors. Watches must be closed before. */
  close(): void {
    this.#epoll.close();
    this.#ownWake?.close();
  }

  #round(): void {
    const ready = this.#epoll.wait(this.#timeoutMs());
    for (let index = 0; index < ready; index++) {
      // A handler of this round may have closed a later entry: its token is gone then.
      this.#entries.get(this.#epoll.tokenAt(index))?.ready(this.#epoll.eventsAt(index));
    }
    this.#runDeadlines();
  }

  #timeoutMs(): number {
    let nearest = Infinity;
    for (const deadline of this.#deadlines) nearest = Math.min(nearest, deadline.atMs);
    return nearest === Infinity ? -1 : Math.max(0, Math.ceil(nearest - performance.now()));
  }

  #runDeadlines(): void {
    if (this.#deadlines.size === 0) return;
    const now = performance.now();
    for (const deadline of [...this.#deadlines]) {
      if (deadline.atMs <= now && this.#deadlines.delete(deadline)) deadline.run();
    }
  }
}
