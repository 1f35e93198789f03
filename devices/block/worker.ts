/** The data thread of a ch-block that was started by hand: its main thread heeds signals. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { leaveOutMaglev } from '#shared/sys/compile-less.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { CommandServer } from './control/command-server.ts';
import { DataLoop, type Served } from './data-loop.ts';
import { type OpenedImage, openImage } from './open-image.ts';

/** How the thread is told what to serve. */
export interface WorkerData {
  readonly served: Served;
  /** An eventfd: end in order, with the status that is in `exitStatus` then. */
  readonly stopFd: number;
  readonly exitStatus: Int32Array<SharedArrayBuffer>;
  /** Where commands come from, and what says that there are some; none where nobody can ask for anything. */
  readonly control: { readonly port: MessagePort; readonly wakeFd: number } | undefined;
}

/** What the thread says to the one that made it. */
export type FromWorker =
  | { readonly kind: 'log'; readonly line: string }
  /** It ends: the image cannot be served. */
  | { readonly kind: 'failed'; readonly line: string };

exitOnUncaught('ch-block');
leaveOutMaglev();

const { served, stopFd, exitStatus, control }: WorkerData = workerData;
const opened = openImage(served);
if (opened.ok) serve(opened.value);
else tell({ kind: 'failed', line: `disk "${served.imagePath}" ${opened.error}` });

function serve(image: OpenedImage): never {
  const loop: DataLoop = new DataLoop(served, image, {
    watched: [
      { fd: asFd(stopFd), ready: end },
      ...(control === undefined ? [] : [{ fd: asFd(control.wakeFd), ready: () => commands.serve() }]),
    ],
    log: (_level, line) => tell({ kind: 'log', line }),
    ended: end,
  });
  const commands = new CommandServer(loop);
  if (control !== undefined) commands.attach(control.port);
  return loop.run();

  function end(): never {
    loop.stop();
    return exitNow(Atomics.load(exitStatus, 0));
  }
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}
