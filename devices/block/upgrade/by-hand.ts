/**
 * Finds the process to take over from, which serves at its --api-socket: it is asked there, and comes to a socket of ours that only this
 * user can reach.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Greeted, Successor } from '#shared/hand-over/index.ts';
import { ClientListener } from '#shared/sys/client-listener.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_SEQPACKET, listenUnix } from '#shared/sys/unix-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { KIND } from './handing-over.ts';

/** What the thread that asks is told. */
export interface AskingData {
  readonly apiSocket: string;
  readonly ownSocket: string;
}

export interface AskingEvents {
  /** It is there, and serves until this process says that it does. */
  readonly met: (socket: OwnedFd, greeted: Greeted) => void;
  /** One line for the user. */
  readonly failed: (line: string) => void;
}

/** `script` is what the thread that asks runs. */
export function askToHandOver(apiSocket: string, script: URL, { met, failed }: AskingEvents): void {
  const folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
  const ownSocket = join(folder, 'upgrade');
  const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });
  const listener = listenUnix(ownSocket, 1, SOCK_SEQPACKET);
  if (!listener.ok) {
    cleanUp();
    return failed(listener.error.message);
  }
  const clients = new ClientListener(new Watcher(), listener.value, {
    client: (socket) => {
      clients.close();
      cleanUp();
      const successor = new Successor(socket);
      const greeted = successor.greeted(KIND);
      if (greeted.ok) met(socket, greeted.value);
      else failed(greeted.error);
    },
  });
  const workerData: AskingData = { apiSocket, ownSocket };
  const worker = new Worker(script, { name: 'asking', workerData });
  // Where the other process has handed over there is nothing to be said.
  worker.on('message', (line: string) => {
    cleanUp();
    failed(line);
  });
}
