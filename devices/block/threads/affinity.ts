/** Where on the host the threads of a disk's queues run. */
import type { QueueAffinity } from '#shared/config/disk-keys.ts';
import { expect } from '#shared/lang/result.ts';
import { type CpuSet, cpuSet, setThreadAffinity, threadAffinity } from '#shared/sys/affinity.ts';

/** What stands in the way of it, as the end of a sentence that begins with the disk's name. */
export function affinityProblem(affinity: readonly QueueAffinity[]): string | undefined {
  for (const { queue, hostCpus } of affinity) {
    const set = cpuSet(hostCpus);
    if (set.ok) continue;
    const why = set.error.code === 'NO_SUCH_CPU' ? `this process may not run on a host CPU ${set.error.cpu}` : set.error.message;
    return `cannot have queue_affinity for its queue ${queue}: ${why}`;
  }
  return undefined;
}

/** The CPUs of a thread that serves these queues; undefined: any. */
export function cpusOf(affinity: readonly QueueAffinity[], serves: (queue: number) => boolean): readonly number[] | undefined {
  const cpus = affinity.filter(({ queue }) => serves(queue)).flatMap(({ hostCpus }) => hostCpus);
  return cpus.length === 0 ? undefined : cpus;
}

/** Has the calling thread run on these CPUs from now on, which were looked at before; answers where it could run until now. */
export function pinThread(cpus: readonly number[]): CpuSet {
  const before = expect(threadAffinity(), 'affinity of this thread');
  expect(setThreadAffinity(expect(cpuSet(cpus), 'CPUs of a queue')), 'affinity of this thread');
  return before;
}

/** Does something with the affinity of `before`: threads that are made by it inherit that. */
export function withAffinity<T>(before: CpuSet | undefined, act: () => T): T {
  if (before === undefined) return act();
  const now = expect(threadAffinity(), 'affinity of this thread');
  expect(setThreadAffinity(before), 'affinity of this thread');
  try {
    return act();
  } finally {
    setThreadAffinity(now);
  }
}
