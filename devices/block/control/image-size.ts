/** A raw image's size while it is served. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { Problem } from '#shared/rpc/problem.ts';
import { retryInterrupted, sysError } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';

const SEEK_END = 2;

export interface WantedSize {
  /** Bytes; 0: whatever the host's block device has. */
  readonly size: number;
  readonly readOnly: boolean;
}

/** Gives a file that size, or finds that a block device has as much; the bytes that there are then. */
export function setImageSize(fd: Fd, { size, readOnly }: WantedSize): Result<number, Problem> {
  const status = fileStatus(fd);
  if (!status.ok) return refuse('HOST_ERROR', status.error.message);
  if (status.value.kind !== 'file') return sizeOfDevice(fd, size);
  if (size === 0) return refuse('NO_BLOCK_DEVICE', 'the image is a file: say how large it is to be');
  if (readOnly) return refuse('READ_ONLY', 'the disk is read-only: its image keeps its size');
  const result = retryInterrupted(() => syscall(SYS.ftruncate, fd, size));
  return result < 0 ? refuse('HOST_ERROR', sysError(`resizing the image to ${size} bytes`, -result).message) : ok(size);
}

/** Its size is the host's affair: the guest may have all of it, or less. */
function sizeOfDevice(fd: Fd, wanted: number): Result<number, Problem> {
  const size = syscall(SYS.lseek, fd, 0, SEEK_END);
  if (size <= 0) return refuse('HOST_ERROR', sysError('asking for the size of the block device', -size).message);
  if (wanted > size) return refuse('DEVICE_TOO_SMALL', `the host's block device has ${size} bytes, not ${wanted}: make it larger first`);
  return ok(wanted === 0 ? size : wanted);
}

function refuse(reason: string, message: string): Result<never, Problem> {
  return err({ status: 'FAILED_PRECONDITION', reason, field: 'size', message });
}
