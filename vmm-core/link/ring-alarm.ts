/** How a back end says that a ring cannot go on (SET_VRING_ERR): one eventfd for all rings of a device. */
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import type { Watch, Watcher } from '#shared/sys/watcher.ts';

/**
 * Rings once for each time it is armed. Its eventfd is never read, and so made anew each time: a hostile back end could make
 * ours block by its copy, for both are one open file, and empty it before we read.
 */
export class RingAlarm {
  readonly #watcher: Watcher;
  readonly #raised: () => void;
  #fd: OwnedFd | undefined;
  #watch: Watch | undefined;

  constructor(watcher: Watcher, raised: () => void) {
    this.#watcher = watcher;
    this.#raised = raised;
  }

  /** The eventfd to pass on, good until `disarm`; undefined where this process has no descriptor left: no ring is told of then. */
  arm(): Fd | undefined {
    this.disarm();
    const made = createEventFd();
    if (!made.ok) return undefined;
    this.#fd = made.value;
    this.#watch = this.#watcher.watch(made.value.fd, EPOLLIN, () => {
      // The descriptor stays: a message that carries it may be underway.
      this.#unwatch();
      this.#raised();
    });
    return made.value.fd;
  }

  /** Once no message with its descriptor is underway. */
  disarm(): void {
    this.#unwatch();
    this.#fd?.close();
    this.#fd = undefined;
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }
}
