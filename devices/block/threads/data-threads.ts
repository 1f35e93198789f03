/**
 * The threads of a disk's queues but the first, which is the session's thread's own. They load one after the other, for each takes a
 * tenth of a second of a CPU from the one that serves meanwhile.
 */
import { addressOf } from '#shared/sys/ffi.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { expect } from '#shared/lang/result.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import type { Served } from '../data-loop.ts';
import type { BucketMemory } from '../limits/rate-limiter.ts';
import type { SyncFailure } from '../served-image.ts';
import { cpusOf } from './affinity.ts';
import { DataThread } from './data-thread.ts';
import { QueueHost, type SessionRings } from './queue-host.ts';

export interface DataThreadsOptions {
  readonly served: Served;
  readonly sectors: number;
  readonly failure: SyncFailure;
  readonly buckets: BucketMemory;
  /** Serves all queues until their threads have loaded. */
  readonly session: SessionRings;
  /** Makes a thread that runs where this process may. */
  readonly makeThread: (make: () => void) => void;
  /** A line for whoever looks after this process. */
  readonly log: (line: string) => void;
}

export class DataThreads {
  /** Of queue 1, 2 and so on. */
  readonly hosts: readonly QueueHost[];
  #whenLoaded: (() => void) | undefined;
  readonly #makeThread: DataThreadsOptions['makeThread'];
  /** How many load, or have. */
  #begun = 0;
  /** To be watched: `hear` is to be called. */
  readonly newsFd: Fd = expect(createEventFd(), 'news of data threads').take();

  constructor({ served, sectors, failure, buckets, session, makeThread, log }: DataThreadsOptions) {
    const { queueCount, maxQueueSize, readOnly, id, sparse, limits, statistics, imageFd, fenceFd, group } = served;
    const rings = { queueCount, maxQueueSize, sectors, readOnly, id, sparse, limits, statistics, failure };
    const common = {
      imageFd: asFd(imageFd),
      fenceFd: fenceFd === undefined ? undefined : asFd(fenceFd),
      buckets: group === undefined ? buckets : undefined,
      groupAddress: group === undefined ? undefined : addressOf(group.memory),
      newsFd: this.newsFd,
      poolScript: served.poolScript,
    };
    this.#makeThread = makeThread;
    const script = new URL(served.threadScript);
    this.hosts = Array.from({ length: queueCount - 1 }, (_, index) => {
      const thread = index + 1;
      const hostCpus = cpusOf(served.queueAffinity, (queue) => queue === thread);
      return new QueueHost(session, new DataThread(script, { ...common, rings: { ...rings, thread }, hostCpus }, log));
    });
  }

  /** They begin to load, unless they have. Calls `done` when all have loaded what they run, and serve their queues. */
  begin(done: () => void): void {
    this.#whenLoaded = done;
    this.#goOn();
  }

  /** The same, and waits for that. */
  awaitAll(): void {
    for (const host of this.hosts) {
      this.#goOn();
      host.awaitThread();
    }
  }

  hear(): void {
    for (const host of this.hosts) host.hear();
    this.#goOn();
  }

  /** The next one loads, once those before it have. */
  #goOn(): void {
    const loaded = this.hosts.filter(({ hasThread }) => hasThread).length;
    const next = this.hosts[loaded];
    if (next === undefined) return this.#allLoaded();
    if (this.#begun > loaded) return;
    this.#begun++;
    this.#makeThread(() => next.begin());
  }

  #allLoaded(): void {
    const done = this.#whenLoaded;
    this.#whenLoaded = undefined;
    done?.();
  }
}
