/** The image: what is opened, how large it is, and who else has it. */
import { fstatSync } from 'node:fs';
import { lockedImageLine } from '#shared/config/locked-image.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { describeLockHolder, findLockHolders } from '#shared/sys/lock-holders.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { type LockWish, lockImage } from './image-lock.ts';
import { SECTOR_SIZE } from './spec.ts';

const SEEK_END = 2;
const BLOCK = 512;

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
}

/**
 * Checks an open raw image and locks it: whoever has the lock knows that no request of a killed process is under way any more. The
 * error's line begins with `what`.
 */
export function takeImage(fd: Fd, what: string, wish: LockWish): Result<Image, ImageProblem> {
  const size = syscall(SYS.lseek, fd, 0, SEEK_END);
  const problem =
    size < 0
      ? 'is no disk: give a raw image file or a block device'
      : size === 0 || size % SECTOR_SIZE !== 0
        ? `has ${size} bytes, which is not a positive multiple of ${SECTOR_SIZE}`
        : undefined;
  if (problem !== undefined) return err({ line: `${what} ${problem}`, isLocked: false });
  const locked = takeLock(fd, what, wish);
  return locked.ok ? ok({ fd, sectors: size / SECTOR_SIZE }) : locked;
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
