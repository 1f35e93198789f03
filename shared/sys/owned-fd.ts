import type { Brand } from '../lang/brand.ts';
import { assert } from '../lang/assert.ts';
import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { syscall } from './ffi.ts';
import { SYS } from './syscall-numbers.ts';

const F_DUPFD_CLOEXEC = 1030;

/** An open descriptor's number. Whoever holds only this borrows; the owner holds the OwnedFd. */
export type Fd = Brand<number, 'Fd'>;

/** Marks a number that the kernel just handed out, or that was inherited, as a descriptor. */
export function asFd(value: number): Fd {
  assert(Number.isInteger(value) && value >= 0, `${value} is no file descriptor`);
  return value as Fd;
}

/** A descriptor that is closed exactly once, by its owner. Passing it on is a move: `take()`. */
export class OwnedFd implements Disposable {
  #fd: Fd | undefined;

  constructor(fd: number) {
    this.#fd = asFd(fd);
  }

  get fd(): Fd {
    assert(this.#fd !== undefined, 'descriptor used after it was closed or moved');
    return this.#fd;
  }

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

  /** Gives the descriptor up without closing it. */
  take(): Fd {
    const fd = this.fd;
    this.#fd = undefined;
    return fd;
  }

  /** A second descriptor of the same open file, with an owner of its own. */
  duplicate(): Result<OwnedFd, SysError> {
    return duplicateFd(this.fd);
  }

  /** Closes now; a second call does nothing. */
  close(): void {
    if (this.#fd === undefined) return;
    closeFd(this.take());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A second descriptor of an open file that somebody else owns. */
export function duplicateFd(fd: number): Result<OwnedFd, SysError> {
  const copy = syscall(SYS.fcntl, fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? err(sysError(`duplicate descriptor ${fd}`, -copy)) : ok(new OwnedFd(copy));
}

/** close(2) of a number whose owner is elsewhere in this process (the other thread that made it). EINTR closes too. */
export function closeFd(fd: Fd): void {
  syscall(SYS.close, fd);
}
