/** A thread of the pool: does file operations, one after another, and waits for each. */
import { workerData } from 'node:worker_threads';
import { leaveOutMaglev } from '#shared/sys/compile-less.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { exitOnUncaught } from '#shared/sys/process-exit.ts';
import { perform } from './file-operation.ts';
import { PoolMemory, type SharedPool } from './pool-memory.ts';

export interface PoolThreadData {
  readonly pool: SharedPool;
  /** Wakes the thread that submits. */
  readonly wakeFd: number;
}

exitOnUncaught('ch-block');
leaveOutMaglev();

const { pool, wakeFd }: PoolThreadData = workerData;
const memory = new PoolMemory(pool);

while (!memory.isStopped) {
  const slot = memory.claim();
  if (slot === undefined) {
    memory.awaitWork();
    continue;
  }
  memory.setOutcome(slot, perform(memory, slot, 0), 0);
  if (memory.complete(slot)) signalEventFd(wakeFd);
}
