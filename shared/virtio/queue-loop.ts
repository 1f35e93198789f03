/**
 * The one loop over a queue: disable, drain, publish, enable, look again. It does not know how its thread waits; whoever does
 * (a watcher's epoll, a data worker's io_uring) calls `serve` when kicked, or the steps one by one.
 */
import type { DescriptorChain } from './descriptor-chain.ts';
import type { SplitQueue } from './split-queue.ts';

/** What `handle` answers where the chain will be returned later, by `complete`. */
export const DEFERRED = -1;

export interface QueueHandler {
  /**
   * Serves one chain. Answers the bytes written into its writable segments, or DEFERRED. `chain` is overwritten by the next
   * one; its segments stay until its head is returned.
   */
  handle(chain: DescriptorChain): number;
}

/** Chains served before other queues of the thread get their turn. */
export const DEFAULT_BUDGET = 256;

export class QueueLoop {
  readonly queue: SplitQueue;
  readonly #handler: QueueHandler;
  readonly #signal: () => void;

  /** `signal` tells the driver that there are used chains: it writes the call eventfd, where there is one. */
  constructor(queue: SplitQueue, handler: QueueHandler, signal: () => void) {
    this.queue = queue;
    this.#handler = handler;
    this.#signal = signal;
  }

  /**
   * Serves what is there, for a handler that mostly answers at once. True where it stopped for `budget` with more to do, and
   * without waiting for a kick: call it again after the others. Chains that are dropped count too: a driver that makes
   * nothing but bad ones available would else keep us here.
   */
  serve(budget = DEFAULT_BUDGET): boolean {
    let left = budget;
    do {
      this.queue.disableNotification();
      const dropped = this.queue.dropped;
      left -= this.drain(left) + this.queue.dropped - dropped;
      this.publish();
      if (left <= 0) return this.queue.hasMore() || !this.queue.enableNotification();
    } while (!this.queue.enableNotification());
    return false;
  }

  /** Takes and handles up to `budget` chains, returns how many. Publishes nothing. Hot. */
  drain(budget: number): number {
    let count = 0;
    while (count < budget && this.queue.take()) {
      count++;
      const { head } = this.queue.chain;
      const written = this.#handler.handle(this.queue.chain);
      if (written !== DEFERRED) this.queue.push(head, written);
    }
    return count;
  }

  /** Returns a deferred chain; seen by the driver at the next `publish`. Hot. */
  complete(head: number, written: number): void {
    this.queue.push(head, written);
  }

  /** Shows the driver what was returned, and signals where it wants that. */
  publish(): void {
    if (this.queue.publish()) this.#signal();
  }
}
