import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnedFd } from '../sys/owned-fd.ts';
import { connectUnix } from '../sys/unix-socket.ts';

/** Connects to a socket whose name is there. It has that a moment before it listens, and refuses until then. */
export async function connectTo(path: string): Promise<OwnedFd> {
  for (;;) {
    const connected = connectUnix(path);
    if (connected.ok) return connected.value;
    await sleep(1);
  }
}
