import { constants, openSync } from 'node:fs';
import { imageSerial } from '#shared/config/image-serial.ts';
import type { DiskConfig } from '#shared/config/vm-config.ts';
import { errorName, fileMessage, named } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { LaunchError } from './launch-error.ts';
import { openFile } from './open-file.ts';

const FENCE_BYTES = 4096;
/** Not among node's names. */
export const O_PATH = 0o1000_0000;

export interface DiskImage {
  /** For its device process: nobody else may keep it, for its lock lives as long as anybody has it. */
  readonly file: OwnedFd;
  /** The same file and no way to its bytes: where it is opened again. */
  readonly place: OwnedFd;
  /**
   * Of an image that others may have locked as well: a file of this disk's alone, to be opened and locked by its processes one after the
   * other. Each keeps it as long as its last request.
   */
  readonly fence: OwnedFd | undefined;
  /** What the guest sees where the user chose no serial: the same for the same image. */
  readonly serial: string;
  /** Equal for two paths of one image. */
  readonly identity: string;
}

/** Opens an image, read-only where the disk is. What is in it, and its lock, are its device process's work. */
export function openDiskImage(disk: DiskConfig): Result<DiskImage, LaunchError> {
  const what = `disk ${disk.id}`;
  const opened = openFile(what, disk.path, flagsOf(disk));
  if (!opened.ok) return err(withHint(opened.error, disk));
  const { file, status } = opened.value;
  const device = status.isBlockDevice();
  if (!status.isFile() && !device) {
    file.close();
    return err({ code: 'IMAGE', message: `${named(what, disk.path)} is no disk: give an image file or a block device` });
  }
  const place = openPlace(disk, file);
  if (!place.ok) {
    file.close();
    return place;
  }
  const fence = disk.readOnly ? makeFence(what) : ok(undefined);
  if (!fence.ok) {
    for (const opened of [file, place.value]) opened.close();
    return fence;
  }
  return ok({
    file,
    place: place.value,
    fence: fence.value,
    serial: imageSerial(status),
    identity: device ? `device ${status.rdev}` : `${status.dev}:${status.ino}`,
  });
}

function flagsOf({ readOnly, direct }: DiskConfig): number {
  return (readOnly ? constants.O_RDONLY : constants.O_RDWR) | (direct ? constants.O_DIRECT : 0);
}

function withHint(error: LaunchError, disk: DiskConfig): LaunchError {
  if (disk.direct && error.message.endsWith('(EINVAL)')) return withoutDirect(disk);
  if (disk.readOnly || !/permissions|read-only/.test(error.message)) return error;
  return { ...error, message: `${error.message}; or add readonly=on` };
}

function withoutDirect({ id, path }: DiskConfig): LaunchError {
  return { code: 'IMAGE', message: `${named(`disk ${id}`, path)} is on a file system without O_DIRECT; leave direct=on out` };
}

/** Opens an image again, as it was opened first, for another device process: whatever its path leads to by now, it is the same file. */
export function reopenDiskImage(disk: DiskConfig, place: OwnedFd): Result<OwnedFd, LaunchError> {
  return reopen(disk, place, flagsOf(disk));
}

function makeFence(what: string): Result<OwnedFd, LaunchError> {
  const made = createSealedMemfd({ name: 'fence', size: FENCE_BYTES });
  return made.ok ? made : err({ code: 'IMAGE', message: `${what} cannot be prepared: ${made.error.message}` });
}

/** For one process of the disk. */
export function openFence(disk: DiskConfig, fence: OwnedFd): Result<OwnedFd, LaunchError> {
  return reopen(disk, fence, constants.O_RDWR);
}

function openPlace(disk: DiskConfig, file: OwnedFd): Result<OwnedFd, LaunchError> {
  return reopen(disk, file, O_PATH);
}

function reopen(disk: DiskConfig, file: OwnedFd, flags: number): Result<OwnedFd, LaunchError> {
  try {
    return ok(new OwnedFd(openSync(`/proc/self/fd/${file.fd}`, flags)));
  } catch (error) {
    return err({ code: 'IMAGE', message: fileMessage(`disk ${disk.id}`, disk.path, errorName(error)) });
  }
}
