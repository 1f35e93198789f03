/**
 * Where clients of ch.device.v1 reach the devices of a running machine: a socket for each in the run directory. The devices listen
 * nowhere; each connection is handed to the process that serves the device at that moment.
 */
import { ClientListener, listenPrivately } from '#shared/sys/client-listener.ts';
import { EPOLLOUT } from '#shared/sys/epoll.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { DeviceLauncherEnd } from '#shared/rpc/start-channel.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { deviceSocket } from './run-directory.ts';

/** Clients that connect at the same moment. */
const BACKLOG = 16;

export class DeviceSockets {
  readonly #directory: string;
  readonly #channelOf: (id: string) => DeviceLauncherEnd | undefined;
  #watcher: Watcher | undefined;
  readonly #listeners: ClientListener[] = [];

  /** `channelOf` leads to a device's present process. */
  constructor(directory: string, channelOf: (id: string) => DeviceLauncherEnd | undefined) {
    this.#directory = directory;
    this.#channelOf = channelOf;
  }

  /** Takes clients for a device from now on. The error is one line. */
  listen(id: string): Result<void, string> {
    const made = listenPrivately(deviceSocket(this.#directory, id), BACKLOG);
    if (!made.ok) return err(`clients cannot reach device ${id}: ${made.error.message}`);
    this.#watcher ??= new Watcher();
    this.#listeners.push(new ClientListener(this.#watcher, made.value, { client: (client) => this.#hand(id, client) }));
    return ok();
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    await this.#watcher?.close();
  }

  /** A process that does not read its messages gets no more of them: its client sees the end of the connection. */
  #hand(id: string, client: OwnedFd): void {
    const channel = this.#channelOf(id);
    if (channel !== undefined && pollNow(channel.fd, EPOLLOUT) === EPOLLOUT) channel.send({ connect: { socket: 1 } }, [client.fd]);
    client.close();
  }
}
