/**
 * Descriptors that node's own event loop cannot watch, watched without blocking it: one thread of the pool waits in
 * epoll_wait for all of them. For processes whose main loop is node's (`chctl`, the launcher); data paths use `Reactor`.
 */
import { expect } from '../lang/result.ts';
import { EPOLLIN, Epoll } from './epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from './eventfd.ts';
import type { Fd } from './owned-fd.ts';
import type { Watch } from './reactor.ts';

export class BackgroundWatcher {
  readonly #epoll = expect(Epoll.create(), 'background watcher');
  readonly #wake = expect(createEventFd(), 'background watcher');
  readonly #ready = new Map<number, (events: number) => void>();
  #nextToken = 1;
  #waiting = false;
  #closing = false;

  constructor() {
    this.#ready.set(0, () => void drainEventFd(this.#wake.fd));
    expect(this.#epoll.add(this.#wake.fd, EPOLLIN, 0), 'background watcher');
  }

  /** Calls `ready` in the event loop whenever `fd` has one of `events` (level-triggered). Close the watch before `fd`. */
  watch(fd: Fd, events: number, ready: (events: number) => void): Omit<Watch, 'modify'> {
    const token = this.#nextToken++;
    expect(this.#epoll.add(fd, events, token), `watch descriptor ${fd}`);
    this.#ready.set(token, ready);
    this.#wait();
    return {
      close: () => {
        if (!this.#ready.delete(token)) return;
        this.#epoll.remove(fd);
        // Without a watch there is nothing to wait for: the process may end by itself.
        if (this.#ready.size === 1) signalEventFd(this.#wake.fd);
      },
    };
  }

  /** Releases the descriptors once no wait is under way. Watches must be closed before. */
  close(): void {
    this.#closing = true;
    if (this.#waiting) signalEventFd(this.#wake.fd);
    else this.#release();
  }

  #wait(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#epoll.waitInBackground((count) => this.#dispatch(count));
  }

  #dispatch(count: number): void {
    this.#waiting = false;
    for (let index = 0; index < count; index++) {
      // A handler of this round may have closed a later watch: its token is gone then.
      this.#ready.get(this.#epoll.tokenAt(index))?.(this.#epoll.eventsAt(index));
    }
    if (this.#closing) this.#release();
    else if (this.#ready.size > 1) this.#wait();
  }

  #release(): void {
    this.#epoll.close();
    this.#wake.close();
  }
}
