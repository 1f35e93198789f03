import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import { OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const CLOCK_MONOTONIC = 1;
const TFD_CLOEXEC = 0o2000000;
const TFD_NONBLOCK = 0o4000;

/** struct itimerspec: no repetition, then seconds and nanoseconds. */
const specification = allocate(32);

/** A timerfd that becomes readable once, after so long: at least a nanosecond, for zero would mean never. */
export function startTimer(ms: number): Result<OwnedFd, SysError> {
  const fd = syscall(SYS.timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0) return err(sysError('timerfd_create', -fd));
  const timer = new OwnedFd(fd);
  const nanoseconds = Math.max(1, Math.ceil(ms * 1e6));
  specification.view.setUint32(16, nanoseconds / 1e9, true);
  specification.view.setUint32(24, nanoseconds % 1e9, true);
  const result = syscall(SYS.timerfd_settime, fd, 0, specification.address, 0);
  if (result >= 0) return ok(timer);
  timer.close();
  return err(sysError('timerfd_settime', -result));
}
