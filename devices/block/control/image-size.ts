/** An image's size while it is served. */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { Problem } from '#shared/rpc/problem.ts';
import { retryInterrupted, sysError } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { Image, ImageError } from '../image/image.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';

const SEEK_END = 2;

export interface WantedSize {
  /** Bytes; 0: whatever the host's block device has. */
  readonly size: number;
  readonly readOnly: boolean;
}

/** The bytes that an image can have for what is wanted, as far as that can be said beforehand; nothing is changed. */
export function possibleSize(image: Image, { size, readOnly }: WantedSize): Result<number, Problem> {
  const fd = fileOf(image);
  const isFile = isRegular(fd);
  if (!isFile.ok) return isFile;
  if (!isFile.value && image.type === 'raw') return sizeOfDevice(fd, size);
  if (size === 0) return refuse('NO_BLOCK_DEVICE', 'the image is a file: say how large it is to be');
  return readOnly ? refuse('READ_ONLY', 'the disk is read-only: its image keeps its size') : ok(size);
}

/** Whether the guest's bytes are those of a block device, of which it may see less than there is. */
export function isHostDevice(image: Image): boolean {
  const isFile = isRegular(fileOf(image));
  return image.type === 'raw' && isFile.ok && !isFile.value;
}

/** Gives an image a possible size; one of a format has no request under way. A block device has it already. */
export function setImageSize(image: Image, size: number): Result<number, Problem> {
  if (image.type !== 'raw') {
    const resized = image.resize(size);
    return resized.ok ? ok(size) : refuse(REASONS[resized.error.code], `the image ${resized.error.message}`);
  }
  const fd = fileOf(image);
  const isFile = isRegular(fd);
  if (!isFile.ok) return isFile;
  if (!isFile.value) return ok(size);
  const result = retryInterrupted(() => syscall(SYS.ftruncate, fd, size));
  return result < 0 ? refuse('HOST_ERROR', sysError(`resizing the image to ${size} bytes`, -result).message) : ok(size);
}

const REASONS: Readonly<Record<ImageError['code'], string>> = {
  BAD_SIZE: 'BAD_SIZE',
  NOT_SUPPORTED: 'NOT_SUPPORTED',
  NOT_THIS_FORMAT: 'IMAGE_CORRUPT',
  CORRUPT: 'IMAGE_CORRUPT',
  DIRTY: 'IMAGE_CORRUPT',
  BACKING: 'HOST_ERROR',
  HOST: 'HOST_ERROR',
};

function fileOf({ files }: Image): Fd {
  const [fd] = files;
  assert(fd !== undefined, 'an image without a file');
  return fd;
}

function isRegular(fd: Fd): Result<boolean, Problem> {
  const status = fileStatus(fd);
  return status.ok ? ok(status.value.kind === 'file') : refuse('HOST_ERROR', status.error.message);
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
