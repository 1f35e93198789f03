import { EINTR } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import type { Fd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

/** struct pollfd: fd 0, events 4, revents 6. */
const pollfd = allocate(8);

/** The events (EPOLLIN and the like: poll's have the same values) that `fd` has, after `timeoutMs` at most; 0: none. */
export function pollNow(fd: Fd, events: number, timeoutMs = 0): number {
  pollfd.view.setInt32(0, fd, true);
  pollfd.view.setInt16(4, events, true);
  pollfd.view.setInt16(6, 0, true);
  const ready = syscall(SYS.poll, pollfd.address, 1, timeoutMs);
  if (ready < 0 && ready !== -EINTR) throw new Error(`poll of descriptor ${fd} failed with errno ${-ready}`);
  return ready > 0 ? pollfd.view.getUint16(6, true) : 0;
}
