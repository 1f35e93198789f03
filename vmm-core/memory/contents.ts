/**
 * The contents of the guest's RAM in a file: the ranges one behind the other, holes where no page was ever touched. Written and
 * read in steps, between which this thread's event loop turns. The guest is paused meanwhile.
 */
import { setImmediate } from 'node:timers/promises';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EIO, ENXIO, type SysError, retryInterrupted, sysError } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import type { BackedRange } from './backing.ts';

const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const STEP = 16 * 0x10_0000;

/** Writes RAM into `file`, which is empty and seekable, and to its disk; its size becomes that of all ranges. */
export async function saveRam(ranges: readonly BackedRange[], file: Fd): Promise<Result<void, SysError>> {
  const total = ranges.reduce((sum, { size }) => sum + size, 0);
  const sized = retryInterrupted(() => syscall(SYS.ftruncate, file, total));
  if (sized < 0) return err(sysError(`size the memory file to ${total} bytes`, -sized));
  let start = 0;
  for (const range of ranges) {
    const written = await eachExtent(range.fd, 0, range.size, (at, length) => {
      return transfer('pwrite64', file, { address: range.hostAddress + at, length, offset: start + at });
    });
    if (!written.ok) return written;
    start += range.size;
  }
  const flushed = retryInterrupted(() => syscall(SYS.fsync, file));
  return flushed < 0 ? err(sysError('flush the memory file', -flushed)) : ok();
}

/** Reads what `saveRam` wrote into memory that is still untouched. A file of another size is refused with EIO. */
export async function restoreRam(ranges: readonly BackedRange[], file: Fd): Promise<Result<void, SysError>> {
  const total = ranges.reduce((sum, { size }) => sum + size, 0);
  const found = syscall(SYS.lseek, file, 0, SEEK_END);
  if (found !== total) return err(sysError(`memory file of ${found} bytes for ${total} bytes of RAM`, found < 0 ? -found : EIO));
  let start = 0;
  for (const range of ranges) {
    const from = start;
    const read = await eachExtent(file, from, range.size, (at, length) => {
      return transfer('pread64', file, { address: range.hostAddress + at - from, length, offset: at });
    });
    if (!read.ok) return read;
    start += range.size;
  }
  return ok();
}

type Copy = (at: number, length: number) => Result<void, SysError>;

/** Calls `copy` for every piece of [start, start + size) of `fd` that holds data, in steps. */
async function eachExtent(fd: Fd, start: number, size: number, copy: Copy): Promise<Result<void, SysError>> {
  const end = start + size;
  for (let at = start; at < end;) {
    const data = syscall(SYS.lseek, fd, at, SEEK_DATA);
    if (data === -ENXIO || data >= end) return ok();
    if (data < 0) return err(sysError('find data in memory', -data));
    const hole = syscall(SYS.lseek, fd, data, SEEK_HOLE);
    if (hole < 0) return err(sysError('find a hole in memory', -hole));
    const length = Math.min(hole, end, data + STEP) - data;
    const copied = copy(data, length);
    if (!copied.ok) return copied;
    at = data + length;
    await setImmediate();
  }
  return ok();
}

interface Piece {
  readonly address: number;
  readonly length: number;
  readonly offset: number;
}

function transfer(call: 'pread64' | 'pwrite64', fd: Fd, { address, length, offset }: Piece): Result<void, SysError> {
  for (let done = 0; done < length;) {
    const moved = retryInterrupted(() => syscall(SYS[call], fd, address + done, length - done, offset + done));
    if (moved <= 0) return err(sysError(`${call} of guest memory`, moved < 0 ? -moved : EIO));
    done += moved;
  }
  return ok();
}
