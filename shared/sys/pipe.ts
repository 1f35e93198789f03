import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, retryInterrupted, sysError } from './errno.ts';
import { type NativeBuffer, allocate, syscall } from './ffi.ts';
import { type Fd, OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** Both ends of a pipe: the one to read from, then the one to write to. Neither waits. */
export function createPipe(): Result<[read: OwnedFd, write: OwnedFd], SysError> {
  const pair = allocate(8);
  const result = syscall(SYS.pipe2, pair.address, O_NONBLOCK | O_CLOEXEC);
  if (result < 0) return err(sysError('pipe', -result));
  return ok([new OwnedFd(pair.view.getInt32(0, true)), new OwnedFd(pair.view.getInt32(4, true))]);
}

/** Has reads and writes of the open file fail with EAGAIN where they would wait, for all who share it. */
export function makeNonBlocking(fd: Fd): Result<void, SysError> {
  const flags = syscall(SYS.fcntl, fd, F_GETFL, 0);
  const set = flags < 0 ? flags : syscall(SYS.fcntl, fd, F_SETFL, flags | O_NONBLOCK);
  return set < 0 ? err(sysError(`make descriptor ${fd} non-blocking`, -set)) : ok();
}

/** Whether reads and writes of the open file wait, as far as whoever shares it has it now. */
export function mayWait(fd: Fd): boolean {
  const flags = syscall(SYS.fcntl, fd, F_GETFL, 0);
  return flags < 0 || (flags & O_NONBLOCK) === 0;
}

/** Reads at most `length` bytes into `buffer` at `offset`; how many, 0 at the end. */
export function readPipe(fd: Fd, buffer: NativeBuffer, offset: number, length: number): Result<number, SysError> {
  const got = retryInterrupted(() => syscall(SYS.read, fd, buffer.address + offset, length));
  return got < 0 ? err(sysError('read from a pipe', -got)) : ok(got);
}

/** Writes at most `length` bytes of `buffer` from `offset` on; how many. */
export function writePipe(fd: Fd, buffer: NativeBuffer, offset: number, length: number): Result<number, SysError> {
  const written = retryInterrupted(() => syscall(SYS.write, fd, buffer.address + offset, length));
  return written < 0 ? err(sysError('write to a pipe', -written)) : ok(written);
}
