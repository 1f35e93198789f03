/** The threads of a disk's queues but the first, which is the session's thread's own. */
import { addressOf } from '#shared/sys/ffi.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { expect } from '#shared/lang/result.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import type { Served } from '../data-loop.ts';
import type { BucketMemory } from '../limits/rate-limiter.ts';
import { cpusOf } from './affinity.ts';
import { DataThread } from './data-thread.ts';

export interface DataThreadsOptions {
  readonly served: Served;
  readonly sectors: number;
  readonly buckets: BucketMemory;
  /** A line for whoever looks after this process. */
  readonly log: (line: string) => void;
}

export class DataThreads {
  /** Of queue 1, 2 and so on. */
  readonly hosts: readonly DataThread[];
  /** To be watched: `hear` is to be called. */
  readonly newsFd: Fd = expect(createEventFd(), 'news of data threads').take();

  /** They begin at once, beside the calling thread. */
  constructor({ served, sectors, buckets, log }: DataThreadsOptions) {
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
      return new DataThread(script, { ...common, rings: { ...rings, thread }, hostCpus }, log);
    });
  }

  /** Returns when all have loaded what they run. */
  awaitStart(): void {
    for (const host of this.hosts) host.awaitStart();
  }

  hear(): void {
    for (const host of this.hosts) host.hear();
  }
}
