/**
 * A listening unix socket whose clients are taken in node's event loop. Where one cannot be accepted, for want of descriptors or of
 * memory, it stays where it is and the listener ready: it is looked at again after a while, for there is no word when there is room.
 */
import type { Result } from '../lang/result.ts';
import { EPOLLIN } from './epoll.ts';
import { EAGAIN, ECONNABORTED, type SysError } from './errno.ts';
import type { OwnedFd } from './owned-fd.ts';
import { accept, listenUnix } from './unix-socket.ts';
import type { Timer, Watch, Watcher } from './watcher.ts';

/** From one attempt in vain to the next. */
export const RETRY_MS = 200;

export interface ClientEvents {
  /** The client is theirs to close. */
  client(client: OwnedFd): void;
  /** One cannot be accepted, and is tried again. */
  refused?(error: SysError): void;
}

export class ClientListener {
  readonly #watcher: Watcher;
  readonly #listener: OwnedFd;
  readonly #events: ClientEvents;
  readonly #watch: Watch;
  #retry: Timer | undefined;
  #isPaused = false;

  /** `listener` is closed with it. */
  constructor(watcher: Watcher, listener: OwnedFd, events: ClientEvents) {
    this.#watcher = watcher;
    this.#listener = listener;
    this.#events = events;
    this.#watch = watcher.watch(listener.fd, EPOLLIN, () => this.#accept());
  }

  /** Clients wait until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#watch.modify(0);
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#retry === undefined) this.#watch.modify(EPOLLIN);
  }

  /** What its user cannot do with a client now it may be able to do with the next, in a while. */
  backOff(): void {
    this.#watch.modify(0);
    this.#retry ??= this.#watcher.after(RETRY_MS, () => {
      this.#retry = undefined;
      if (!this.#isPaused) this.#watch.modify(EPOLLIN);
    });
  }

  close(): void {
    this.#retry?.cancel();
    this.#watch.close();
    this.#listener.close();
  }

  #accept(): void {
    // A client of the same round may have had it paused.
    if (this.#isPaused) return;
    const client = accept(this.#listener.fd);
    if (client.ok) return this.#events.client(client.value);
    const { errno } = client.error;
    if (errno === EAGAIN || errno === ECONNABORTED) return;
    this.backOff();
    this.#events.refused?.(client.error);
  }
}

/** Only this user may connect, whatever the umask. */
export function listenPrivately(path: string, backlog: number): Result<OwnedFd, SysError> {
  const before = process.umask(0o177);
  try {
    return listenUnix(path, backlog);
  } finally {
    process.umask(before);
  }
}
