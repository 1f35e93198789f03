/** The data thread of a ch-block that was started by hand: its main thread heeds signals. */
import { parentPort, workerData } from 'node:worker_threads';
import { asFd } from '#shared/sys/owned-fd.ts';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { DataLoop, type Served } from './data-loop.ts';

/** How the thread is told what to serve. */
export interface WorkerData {
  readonly served: Served;
  /** An eventfd: end in order, with the status that is in `exitStatus` then. */
  readonly stopFd: number;
  readonly exitStatus: Int32Array<SharedArrayBuffer>;
}

exitOnUncaught('ch-block');

const { served, stopFd, exitStatus }: WorkerData = workerData;

const loop: DataLoop = new DataLoop(served, {
  watched: [{ fd: asFd(stopFd), ready: end }],
  log: (_level, line) => parentPort?.postMessage(line),
  ended: end,
});
loop.run();

function end(): never {
  loop.stop();
  return exitNow(Atomics.load(exitStatus, 0));
}
