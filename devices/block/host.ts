/** The image: what is opened, how large it is, and who else has it. */
import { fstatSync } from 'node:fs';
import { lockedImageLine } from '#shared/config/locked-image.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EOPNOTSUPP, retryInterrupted, sysError } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { describeLockHolder, findLockHolders } from '#shared/sys/lock-holders.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { type LockWish, lockImage } from './image-lock.ts';
import { HostFile } from './image/image-file.ts';
import type { LockedFile } from './image/image.ts';
import { foreignFormatProblem, probeFile } from './image/probe.ts';
import { SECTOR_SIZE } from './spec.ts';

const SEEK_END = 2;
const BLOCK = 512;
const SERVED_TYPES = ['raw', 'qcow2', 'vhd', 'vhdx'] as const;

export interface Image {
  readonly fd: Fd;
  /** In sectors of 512 bytes. */
  readonly sectors: number;
}

/** Why an image is not served: one line for the user. */
export interface ImageProblem {
  readonly line: string;
  /** Somebody else has it locked. */
  readonly isLocked: boolean;
  /** Or a file that it names; `what` begins a line about it. */
  readonly lockedFile?: LockedFile | undefined;
}

export interface ImageWish extends LockWish {
  /** Undefined: raw, unless its first bytes claim another format. */
  readonly imageType: string | undefined;
  /** A file that has holes may keep them. */
  readonly sparse: boolean;
  /** Another process serves it still: locked, and filled, it is later, or already. */
  readonly isServed?: boolean;
  /** Bytes of a block device that the guest sees, where it has as many; 0: all. */
  readonly deviceSize?: number;
}

/**
 * Checks an open image, as far as a raw one goes, and locks it: whoever has the lock knows that no request of a killed process is under
 * way any more. The error's line begins with `what`.
 */
export function takeImage(fd: Fd, what: string, wish: ImageWish): Result<Image, ImageProblem> {
  const size = syscall(SYS.lseek, fd, 0, SEEK_END);
  const problem = problemOf(fd, size, wish.imageType);
  if (problem !== undefined) return err({ line: `${what} ${problem}`, isLocked: false });
  const sectors = shownSize(fd, size, wish.deviceSize ?? 0) / SECTOR_SIZE;
  if (wish.isServed === true) return ok({ fd, sectors });
  const locked = takeLock(fd, what, wish);
  if (!locked.ok) return locked;
  const filled = wish.sparse || wish.readOnly || !isRaw(wish.imageType) ? 0 : fill(fd, size);
  if (filled < 0) return err({ line: `${what} cannot be filled: ${sysError('fallocate', -filled).message}`, isLocked: false });
  return ok({ fd, sectors });
}

/** A file has the size that it has. */
function shownSize(fd: Fd, size: number, wanted: number): number {
  return wanted > 0 && wanted < size && fstatSync(fd).isBlockDevice() ? wanted : size;
}

function isRaw(imageType: string | undefined): boolean {
  return imageType === undefined || imageType === 'raw';
}

/** What makes it no raw disk, as the end of a sentence. */
function problemOf(fd: Fd, size: number, imageType: string | undefined): string | undefined {
  if (size < 0) return 'is no disk: give a raw image file or a block device';
  if (!isRaw(imageType)) return undefined;
  if (size === 0) return 'is empty; give it a size first, as in `truncate -s 1G FILE`';
  const foreign = imageType === 'raw' ? undefined : probeFile(new HostFile(fd));
  if (foreign !== undefined) return foreignFormatProblem(foreign, SERVED_TYPES);
  if (size % SECTOR_SIZE === 0) return undefined;
  return `has ${size} bytes, which is not a multiple of ${SECTOR_SIZE}; extend it with \`truncate -s %${SECTOR_SIZE} FILE\``;
}

/** Has the host set all of it aside, where it can: 0 or -errno. What is there stays. */
function fill(fd: Fd, size: number): number {
  if (!fstatSync(fd).isFile()) return 0;
  const result = retryInterrupted(() => syscall(SYS.fallocate, fd, 0, 0, size));
  return result === -EOPNOTSUPP ? 0 : result;
}

/** Locks all that the file has now, which may be more than its size where it was preallocated. */
export function takeLock(fd: Fd, what: string, wish: LockWish): Result<void, ImageProblem> {
  const { blocks } = fstatSync(fd);
  const locked = lockImage(fd, Math.max(syscall(SYS.lseek, fd, 0, SEEK_END), blocks * BLOCK), wish);
  if (locked.ok) return locked;
  if (locked.error.code === 'SYS') return err({ line: `${what} cannot be locked: ${locked.error.message}`, isLocked: false });
  return err({ line: lockedImageLine(what, describeLockHolder(findLockHolders(fd, wish.readOnly)[0])), isLocked: true });
}

/** Waits until no request of the process before is under way, which had this file locked too; the error as above. */
export function takeFence(fd: Fd, what: string, wait: number | undefined): Result<Fd, ImageProblem> {
  const locked = lockImage(fd, 1, { readOnly: false, granularity: 'full', wait });
  return locked.ok ? ok(fd) : err({ line: `${what}: requests of the process before do not end`, isLocked: false });
}
