import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import { OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const RWF_NOWAIT = 8;
const CURRENT_POSITION = -1;

// One word to write and one to read into, for all eventfds of this thread: each call is done with it when it returns.
const one = allocate(8);
one.view.setUint32(0, 1, true);
const counter = allocate(8);
/** struct iovec of `counter`. */
const counterVector = allocate(16);
counterVector.view.setBigUint64(0, BigInt(counter.address), true);
counterVector.view.setUint32(8, 8, true);

export function createEventFd(): Result<OwnedFd, SysError> {
  const fd = syscall(SYS.eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? err(sysError('eventfd', -fd)) : ok(new OwnedFd(fd));
}

/** Adds one. Hot: no allocation. A full counter (2^64-2 signals unread) is as good as signalled. */
export function signalEventFd(fd: number): void {
  syscall(SYS.write, fd, one.address, 8);
}

/**
 * Takes the count and resets it; 0 where nothing was signalled. Saturates at 2^32-1. Never waits, even where a peer that has a copy
 * of the descriptor has made it a blocking one: that is a property of the open file, which both share. Hot: no allocation.
 */
export function drainEventFd(fd: number): number {
  const got = syscall(SYS.preadv2, fd, counterVector.address, 1, CURRENT_POSITION, CURRENT_POSITION, RWF_NOWAIT);
  if (got !== 8) return 0;
  return counter.view.getUint32(4, true) !== 0 ? 0xffff_ffff : counter.view.getUint32(0, true);
}
