/** The threads of a disk's queues but the first, which is the session's thread's own. */
import { addressOf } from '#shared/sys/ffi.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { expect } from '#shared/lang/result.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import type { Served } from '../data-loop.ts';
import type { BucketMemory } from '../limits/rate-limiter.ts';
import type { RingHost } from '../ring-host.ts';
import { cpusOf } from './affinity.ts';
import { DataThread } from './data-thread.ts';
import { QueueHost } from './queue-host.ts';

export interface DataThreadsOptions {
  readonly served: Served;
  readonly sectors: number;
  readonly buckets: BucketMemory;
  /** Serves all queues until their threads have loaded. */
  readonly session: RingHost;
  /** A line for whoever looks after this process. */
  readonly log: (line: string) => void;
}

export class DataThreads {
  /** Of queue 1, 2 and so on. */
  readonly hosts: readonly QueueHost[];
  #whenLoaded: (() => void) | undefined;
  /** To be watched: `hear` is to be called. */
  readonly newsFd: Fd = expect(createEventFd(), 'news of data threads').take();

  /** They begin at once, beside the calling thread. */
  constructor({ served, sectors, buckets, session, log }: DataThreadsOptions) {
    const { queueCount, maxQueueSize, readOnly, id, sparse, limits, statistics, imageFd, fenceFd, group } = served;
    const rings = { queueCount, maxQueueSize, sectors, readOnly, id, sparse, limits, statistics };
    const common = {
      imageFd: asFd(imageFd),
      fenceFd: fenceFd === undefined ? undefined : asFd(fenceFd),
      buckets: group === undefined ? buckets : undefined,
      groupAddress: group === undefined ? undefined : addressOf(group.memory),
      newsFd: this.newsFd,
      poolScript: served.poolScript,
    };
    const script = new URL(served.threadScript);
    this.hosts = Array.from({ length: queueCount - 1 }, (_, index) => {
      const thread = index + 1;
      const hostCpus = cpusOf(served.queueAffinity, (queue) => queue === thread);
      return new QueueHost(session, new DataThread(script, { ...common, rings: { ...rings, thread }, hostCpus }, log));
    });
  }

  /** Calls `done` when all have loaded what they run, and serve their queues. */
  whenLoaded(done: () => void): void {
    this.#whenLoaded = done;
    this.#look();
  }

  /** Waits for that. */
  awaitStart(): void {
    for (const host of this.hosts) host.awaitThread();
    this.#look();
  }

  hear(): void {
    for (const host of this.hosts) host.hear();
    this.#look();
  }

  #look(): void {
    if (this.#whenLoaded === undefined || !this.hosts.every(({ hasThread }) => hasThread)) return;
    const done = this.#whenLoaded;
    this.#whenLoaded = undefined;
    done();
  }
}
