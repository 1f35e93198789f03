/**
 * Where clients of ch.device.v1 reach the devices of a running machine: a socket for each in the run directory. The devices listen
 * nowhere; each connection is handed to the process that serves the device at that moment.
 */
import { EPOLLIN, EPOLLOUT } from '#shared/sys/epoll.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { DeviceLauncherEnd } from '#shared/rpc/start-channel.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { accept, listenUnix } from '#shared/sys/unix-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { deviceSocket } from './run-directory.ts';

/** Clients that connect at the same moment. */
const BACKLOG = 16;

export class DeviceSockets {
  readonly #directory: string;
  readonly #channelOf: (id: string) => DeviceLauncherEnd | undefined;
  #watcher: Watcher | undefined;
  readonly #closing: (() => void)[] = [];

  /** `channelOf` leads to a device's present process. */
  constructor(directory: string, channelOf: (id: string) => DeviceLauncherEnd | undefined) {
    this.#directory = directory;
    this.#channelOf = channelOf;
  }

  /** Takes clients for a device from now on. The error is one line. */
  listen(id: string): Result<void, string> {
    const made = listenPrivately(deviceSocket(this.#directory, id));
    if (!made.ok) return err(`clients cannot reach device ${id}: ${made.error.message}`);
    const listener = made.value;
    const watch = (this.#watcher ??= new Watcher()).watch(listener.fd, EPOLLIN, () => {
      const client = accept(listener.fd);
      if (client.ok) this.#hand(id, client.value);
    });
    this.#closing.push(() => {
      watch.close();
      listener.close();
    });
    return ok();
  }

  async close(): Promise<void> {
    for (const close of this.#closing) close();
    await this.#watcher?.close();
  }

  /** A process that does not read its messages gets no more of them: its client sees the end of the connection. */
  #hand(id: string, client: OwnedFd): void {
    const channel = this.#channelOf(id);
    if (channel !== undefined && pollNow(channel.fd, EPOLLOUT) === EPOLLOUT) channel.send({ connect: { socket: 1 } }, [client.fd]);
    client.close();
  }
}

/** Only this user may connect, whatever the umask. */
function listenPrivately(path: string): ReturnType<typeof listenUnix> {
  const before = process.umask(0o177);
  try {
    return listenUnix(path, BACKLOG);
  } finally {
    process.umask(before);
  }
}
