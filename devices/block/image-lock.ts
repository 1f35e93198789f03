/**
 * The lock of an image, which keeps two writers apart, and readers from a writer; as Cloud Hypervisor and QEMU have it, whose machines
 * it keeps apart from ours too.
 *
 * Cloud Hypervisor locks the bytes from 0 up to the image's size: exclusively, or shared where the disk is read-only. So does a writer
 * here. QEMU says by single bytes from 100 up what it does with a file, each locked shared, and from 200 up what it does not let others
 * do; whoever has any lock on a byte counts as doing it. A reader that locked these bytes along with the rest would be taken for a
 * writer, and would not see a QEMU that writes: so it says by them what it does. `full` is one lock up to wherever the file may end.
 */
import type { LockGranularity } from '#shared/config/disk-keys.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EACCES, EAGAIN, type SysError, sysError } from '#shared/sys/errno.ts';
import { type LockRange, WHOLE_FILE, lockFile, lockOfOthers, unlockFile } from '#shared/sys/file-lock.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { pause } from '#shared/sys/pause.ts';

/** A killed predecessor's requests keep its lock for some tens of milliseconds after it is gone. */
const LOCK_WAIT_MS = 500;
const LOCK_RETRY_MS = 10;

export interface LockWish {
  /** Shared among readers. */
  readonly readOnly: boolean;
  readonly granularity: LockGranularity;
  /** Milliseconds. */
  readonly wait?: number | undefined;
}

export type LockError = SysError | { readonly code: 'LOCKED' };

/** Locks an image of `size` bytes, for which it waits so long. */
export function lockImage(fd: Fd, size: number, { readOnly, granularity, wait = LOCK_WAIT_MS }: LockWish): Result<void, LockError> {
  for (let waited = 0; ; waited += LOCK_RETRY_MS) {
    const locked = granularity === 'full' ? lockFile(fd, readOnly, WHOLE_FILE) : lockBytes(fd, size, readOnly);
    if (locked.ok) return locked;
    const { errno } = locked.error;
    if (errno !== EAGAIN && errno !== EACCES) return locked;
    if (waited >= wait) return err({ code: 'LOCKED' });
    pause(LOCK_RETRY_MS);
  }
}

/** What QEMU has a byte for (its block layer's permissions, by number). */
const QEMU = { consistentRead: 0, write: 1, resize: 3 } as const;
const QEMU_DOES = 100;
const QEMU_FORBIDS = 200;
const QEMU_END = 300;

function lockBytes(fd: Fd, size: number, readOnly: boolean): Result<void, SysError> {
  return readOnly ? lockAsReader(fd, size) : lockFile(fd, false, { start: 0, length: size });
}

/** First all locks, then the look at what others do: of two that begin at once at least one sees the other. */
function lockAsReader(fd: Fd, size: number): Result<void, SysError> {
  const own: LockRange[] = [
    { start: 0, length: QEMU_DOES },
    { start: QEMU_END, length: Math.max(size - QEMU_END, 1) },
    byte(QEMU_DOES + QEMU.consistentRead),
    byte(QEMU_FORBIDS + QEMU.write),
    byte(QEMU_FORBIDS + QEMU.resize),
  ];
  const others = [byte(QEMU_DOES + QEMU.write), byte(QEMU_DOES + QEMU.resize), byte(QEMU_FORBIDS + QEMU.consistentRead)];
  const locked = first(own, (range) => lockFile(fd, true, range)) ?? first(others, (range) => absent(fd, range));
  if (locked === undefined) return ok();
  unlockFile(fd);
  return locked;
}

function byte(start: number): LockRange {
  return { start, length: 1 };
}

function absent(fd: Fd, range: LockRange): Result<void, SysError> {
  const other = lockOfOthers(fd, range);
  if (!other.ok) return other;
  return isOfQemu(other.value) ? err(sysError(`lock descriptor ${fd}`, EAGAIN)) : ok();
}

/** Of neighbouring bytes at most: another reader's lock may be over all of them, and says nothing by it. */
function isOfQemu(lock: LockRange | undefined): boolean {
  return lock !== undefined && lock.start >= QEMU_DOES && lock.length > 0 && lock.start + lock.length <= QEMU_END;
}

/** The first failure. */
function first(ranges: readonly LockRange[], of: (range: LockRange) => Result<void, SysError>): Result<void, SysError> | undefined {
  for (const range of ranges) {
    const result = of(range);
    if (!result.ok) return result;
  }
  return undefined;
}
