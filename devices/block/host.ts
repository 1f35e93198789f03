/** The image: what is opened, how large it is, and who else has it. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EACCES, EAGAIN } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { lockFile } from '#shared/sys/file-lock.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { pause } from '#shared/sys/pause.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { SECTOR_SIZE } from './spec.ts';

const SEEK_END = 2;
/** A killed predecessor's requests keep its lock for some tens of milliseconds after it is gone. */
const LOCK_WAIT_MS = 500;
const LOCK_RETRY_MS = 10;

export interface Image {
  readonly fd: Fd;
  /** In sectors of 512 bytes. */
  readonly sectors: number;
}

/**
 * Checks an open raw image and locks it, for which it waits so long: whoever has the lock knows that no request of a killed process is
 * under way any more. The error is one line for the user that begins with `what`.
 */
export function takeImage(fd: Fd, what: string, readOnly: boolean, lockWaitMs = LOCK_WAIT_MS): Result<Image, string> {
  const size = syscall(SYS.lseek, fd, 0, SEEK_END);
  if (size < 0) return err(`${what} is no disk: give a raw image file or a block device`);
  if (size === 0 || size % SECTOR_SIZE !== 0) return err(`${what} has ${size} bytes, which is not a positive multiple of ${SECTOR_SIZE}`);
  const locked = lock(fd, readOnly, lockWaitMs);
  if (locked !== undefined) return err(`${what} ${locked}`);
  return ok({ fd, sectors: size / SECTOR_SIZE });
}

/** Waits until no request of the process before is under way, which had this file locked too; the error as above. */
export function takeFence(fd: Fd, what: string, waitMs = LOCK_WAIT_MS): Result<Fd, string> {
  return lock(fd, false, waitMs) === undefined ? ok(fd) : err(`${what}: requests of the process before do not end`);
}

/** Exclusive, or shared among readers; what stands in the way, as the end of a sentence. */
function lock(fd: Fd, readOnly: boolean, waitMs: number): string | undefined {
  for (let waited = 0; ; waited += LOCK_RETRY_MS) {
    const locked = lockFile(fd, readOnly);
    if (locked.ok) return undefined;
    const { errno, message } = locked.error;
    if (errno !== EAGAIN && errno !== EACCES) return `cannot be locked: ${message}`;
    if (waited >= waitMs) return 'is locked by another process: stop the VM that uses it, or make it read-only for both';
    pause(LOCK_RETRY_MS);
  }
}
