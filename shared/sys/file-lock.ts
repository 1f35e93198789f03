/**
 * Locks that live as long as an open file description (fcntl(2), "Open file description locks"). Requests that the kernel still has
 * under way keep the description, and so the lock.
 */
import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import type { Fd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const LOCK_TYPE = { shared: 0, exclusive: 1, none: 2 } as const;

/** Bytes of a file. A length of 0 reaches to its end, wherever that may come to be. */
export interface LockRange {
  readonly start: number;
  readonly length: number;
}

export const WHOLE_FILE: LockRange = { start: 0, length: 0 };

/** Locks the range against exclusive locks of others, and against all of theirs unless `shared`. Does not wait. */
export function lockFile(fd: Fd, shared: boolean, range = WHOLE_FILE): Result<void, SysError> {
  const { result } = lockCall(fd, F_OFD_SETLK, shared ? LOCK_TYPE.shared : LOCK_TYPE.exclusive, range);
  return result < 0 ? err(sysError(`lock descriptor ${fd}`, -result)) : ok();
}

/** Nothing of the file is locked any more by this description. */
export function unlockFile(fd: Fd): void {
  lockCall(fd, F_OFD_SETLK, LOCK_TYPE.none, WHOLE_FILE);
}

/** A lock of others that has to do with the range, as far as it reaches; undefined where there is none. */
export function lockOfOthers(fd: Fd, range: LockRange): Result<LockRange | undefined, SysError> {
  const { result, type, start, length } = lockCall(fd, F_OFD_GETLK, LOCK_TYPE.exclusive, range);
  if (result < 0) return err(sysError(`look at the locks of descriptor ${fd}`, -result));
  return ok(type === LOCK_TYPE.none ? undefined : { start, length });
}

function lockCall(fd: Fd, command: number, type: number, range: LockRange): LockRange & { result: number; type: number } {
  // struct flock: type i16 at 0, whence i16 at 2, start i64 at 8, length i64 at 16 (0: to the end), pid i32 at 24.
  const request = allocate(32);
  const { view } = request;
  view.setInt16(0, type, true);
  view.setBigInt64(8, BigInt(range.start), true);
  view.setBigInt64(16, BigInt(range.length), true);
  const result = syscall(SYS.fcntl, fd, command, request.address);
  const [start, length] = [Number(view.getBigInt64(8, true)), Number(view.getBigInt64(16, true))];
  return { result, type: view.getInt16(0, true), start, length };
}
