/** The data thread of a ch-block that was started by hand: its main thread heeds signals. */
import { parentPort, workerData } from 'node:worker_threads';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { Successor } from '#shared/hand-over/index.ts';
import { leaveOutMaglev } from '#shared/sys/compile-less.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { SOCK_SEQPACKET, connectUnix } from '#shared/sys/unix-socket.ts';
import { CommandServer } from './control/command-server.ts';
import { DataLoop } from './data-loop.ts';
import { type OpenedImage, openImage } from './open-image.ts';
import { HandingOver, KIND, failed, startedByHand } from './upgrade/handing-over.ts';
import { HeldImage } from './upgrade/held-image.ts';
import { TakingOver } from './upgrade/taking-over.ts';
import { type FromWorker, WORD, type WorkerData } from './worker-data.ts';

exitOnUncaught('ch-block');
leaveOutMaglev();

const data: WorkerData = workerData;
const { served, words } = data;
const { imageFd, readOnly, lockGranularity: granularity, statistics } = served;
const what = `disk "${printable(served.imagePath)}"`;
const held = { image: new HeldImage({ imageFd, fenceFd: undefined, what, wish: { readOnly, granularity } }), statistics };
const takingOver = takeOver();
const begun = begin();
if (!begun.ok) {
  takingOver?.refuse(begun.error);
  tell({ kind: 'failed', line: begun.error });
}

function takeOver(): TakingOver | undefined {
  if (data.predecessorFd === undefined) return undefined;
  return new TakingOver(new Successor(new OwnedFd(data.predecessorFd)), held);
}

/** The error is one line. */
function begin(): Result<never, string> {
  // What a format's tables say is known when nobody else changes them any more.
  const inherited = takingOver === undefined || served.imageType === 'raw' ? ok() : takingOver.inherit();
  if (!inherited.ok) return inherited;
  const opened = openImage(served);
  return opened.ok ? serve(opened.value) : err(`${what} ${opened.error.message}`);
}

function serve(image: OpenedImage): Result<never, string> {
  let clientListener = data.clientListenerFd === undefined ? undefined : asFd(data.clientListenerFd);
  const { control } = data;
  const loop: DataLoop = new DataLoop(served, image, {
    watched: [
      { fd: asFd(data.stopFd), ready: end },
      ...(control === undefined ? [] : [{ fd: asFd(control.wakeFd), ready: () => commands.serve() }]),
    ],
    log: (_level, line) => tell({ kind: 'log', line }),
    ended: end,
  });
  const commands = new CommandServer(loop, {
    upgrade: (...asked) => handingOver.begin(...asked),
    abandonUpgrade: () => handingOver.abandon(),
  });
  const handingOver: HandingOver = new HandingOver(
    { loop, commands, toOpen: { ...served, metadataFd: image.metadataFd }, ...held },
    {
      seek: (successor) => {
        if (successor.kind === 'program') return err(startedByHand());
        const socket = connectUnix(successor.path, SOCK_SEQPACKET);
        if (!socket.ok) return err(failed(socket.error.message));
        handingOver.give(socket.value);
        return ok();
      },
      greeting: { kind: KIND, arguments: data.arguments, directory: data.directory },
      clientListener: (): Fd | undefined => clientListener,
      handedOver: () => void Atomics.store(words, WORD.isOurs, 0),
    },
  );
  if (control !== undefined) commands.attach(control.port);
  if (takingOver !== undefined) {
    const taken = takingOver.takeUp(loop, commands);
    if (!taken.ok) return taken;
    Atomics.store(words, WORD.isOurs, 1);
    clientListener = takingOver.clientListener?.take();
    tell({ kind: 'serves', clientListenerFd: clientListener, generation: takingOver.generation });
  }
  return loop.run();

  function end(): never {
    loop.stop();
    return exitNow(Atomics.load(words, WORD.exitStatus));
  }
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}
