import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import type { Fd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;

/**
 * Locks a whole file for as long as its open file description lives (fcntl(2), "Open file description locks"): shared for
 * readers, else exclusive. Requests that the kernel still has under way keep the description, and so the lock. Does not wait.
 */
export function lockFile(fd: Fd, shared: boolean): Result<void, SysError> {
  // struct flock: type i16 at 0, whence i16 at 2, start i64 at 8, length i64 at 16 (0: to the end), pid i32 at 24.
  const request = allocate(32);
  request.view.setInt16(0, shared ? F_RDLCK : F_WRLCK, true);
  const result = syscall(SYS.fcntl, fd, F_OFD_SETLK, request.address);
  return result < 0 ? err(sysError(`lock descriptor ${fd}`, -result)) : ok();
}
