/** Waiting for what a test has set going in its own process: until something holds, or until nothing more happens. */
import { expect } from '../lang/result.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from '../sys/eventfd.ts';
import type { Fd } from '../sys/owned-fd.ts';
import { type Watch, Watcher } from '../sys/watcher.ts';

/** More than anything here takes: what still goes on then goes on for ever. */
const MAX_ROUNDS = 1000;
const DEADLINE_MS = 15_000;

/** A watcher that can tell when its event loop has come to rest. */
export class QuietWatcher extends Watcher {
  #told = 0;

  override tryWatch(fd: Fd, events: number, ready: (events: number) => void): Watch | undefined {
    return super.tryWatch(fd, events, (what) => {
      this.#told++;
      ready(what);
    });
  }

  /**
   * Resolves when there is nothing left to happen on this thread without new input: no watched descriptor is ready, and no
   * immediate is pending. Timers are not waited for. Throws where that never comes.
   *
   * A number of turns of the event loop would not do: a thread of the pool finds out what is ready, and is as slow as the machine
   * is busy. So a descriptor of our own is made ready, and awaited. What was ready before it is told of before it or with it: epoll
   * hands over whatever is ready, at once, as long as that is fewer than its buffer holds. When nothing else was told of, nothing
   * was ready; when anything was, it may have made other things ready, so the next round looks again.
   */
  async settle(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = this.#told;
      const isIdle = !hasImmediates();
      await (isIdle ? this.#goRound() : nextTurn());
      if (isIdle && this.#told === before && !hasImmediates()) return;
    }
    throw new Error(`the event loop has not come to rest in ${MAX_ROUNDS} rounds`);
  }

  async #goRound(): Promise<void> {
    using own = expect(createEventFd(), 'settle');
    await new Promise<void>((resolve) => {
      const watch = super.tryWatch(own.fd, EPOLLIN, () => {
        drainEventFd(own.fd);
        watch?.close();
        resolve();
      });
      signalEventFd(own.fd);
    });
  }
}

/** Lets the event loop go on until `done`. */
export async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${done.toString()}`);
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function hasImmediates(): boolean {
  return process.getActiveResourcesInfo().includes('Immediate');
}
