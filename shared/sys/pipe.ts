import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import { OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** Both ends of a pipe: the one to read from, then the one to write to. Neither waits. */
export function createPipe(): Result<[read: OwnedFd, write: OwnedFd], SysError> {
  const pair = allocate(8);
  const result = syscall(SYS.pipe2, pair.address, O_NONBLOCK | O_CLOEXEC);
  if (result < 0) return err(sysError('pipe', -result));
  return ok([new OwnedFd(pair.view.getInt32(0, true)), new OwnedFd(pair.view.getInt32(4, true))]);
}
