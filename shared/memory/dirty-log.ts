/**
 * Which pages of guest memory were written, for a migration (vhost-user, "Migration"): one bit for each page of 4 KiB from guest
 * address 0 on, in memory that others write and clear too.
 *
 * A page is marked after it was written, and always by an atomic operation: that is a full barrier. Were a bit only looked at, ours
 * could be an old one, which its reader clears and copies the page before our bytes are there to be seen.
 */
import { EPOLLOUT } from '../sys/epoll.ts';
import { signalEventFd } from '../sys/eventfd.ts';
import { viewAt } from '../sys/ffi.ts';
import type { Fd } from '../sys/owned-fd.ts';
import { pollNow } from '../sys/poll.ts';

const PAGE_SHIFT = 12;
const PAGE_SIZE = 2 ** PAGE_SHIFT;
/** Bits of 32 TiB. */
export const MAX_LOG_SIZE = 2 ** 30;

/** A log mapped in this process, as plain data: every thread of it may write there. */
export interface LogPlace {
  readonly address: number;
  /** Bytes, at most MAX_LOG_SIZE. */
  readonly length: number;
  /** Signalled when bits were set. */
  readonly callFd: Fd | undefined;
}

export class DirtyLog {
  readonly #bits: Uint8Array;
  readonly #callFd: Fd | undefined;

  /** SAFETY: nothing is marked any more once it is unmapped. */
  constructor({ address, length, callFd }: LogPlace) {
    this.#bits = new Uint8Array(viewAt(address, length));
    this.#callFd = callFd;
  }

  /** Notes that [address, address + length) was written. What the log has no bits for is left out. Hot. */
  mark(address: number, length: number): void {
    if (!(length > 0)) return;
    const end = Math.min(Math.floor((address + length - 1) / PAGE_SIZE), this.#bits.length * 8 - 1);
    let isNew = false;
    for (let page = Math.floor(address / PAGE_SIZE); page <= end; page++) {
      const bit = 1 << (page & 7);
      if ((Atomics.or(this.#bits, Math.floor(page / 8), bit) & bit) === 0) isNew = true;
    }
    // Not where its owner let it run full: writing to it could block.
    if (isNew && this.#callFd !== undefined && pollNow(this.#callFd, EPOLLOUT) === EPOLLOUT) signalEventFd(this.#callFd);
  }
}

/** Bytes of a log with bits for all of [0, end). */
export function logSizeFor(end: number): number {
  return Math.ceil(Math.ceil(end / PAGE_SIZE) / 8);
}
