/** How a ring's driver is told of what is complete. */
import { EPOLLOUT } from '#shared/sys/epoll.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { mayWait } from '#shared/sys/pipe.ts';
import { pollNow } from '#shared/sys/poll.ts';

export class RingCall {
  #fd: Fd | undefined;
  #mayWait = false;

  constructor(fd: Fd | undefined) {
    this.set(fd);
  }

  /** `fd` stays whose it is; undefined: nobody wants to be told. */
  set(fd: Fd | undefined): void {
    this.#fd = fd;
    this.#mayWait = fd !== undefined && mayWait(fd);
  }

  /** Hot. */
  signal(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    // One that nobody reads runs full, and then a write to it would keep us from all other rings of the thread.
    if (this.#mayWait && pollNow(fd, EPOLLOUT) !== EPOLLOUT) return;
    signalEventFd(fd);
  }
}
