import { constants, openSync, readSync } from 'node:fs';
import type { DiskConfig } from '#shared/config/vm-config.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { type LaunchError, errorName, fileMessage, named } from './launch-error.ts';
import { type OpenedFile, openFile } from './open-file.ts';

const SECTOR = 512;
const SEEK_END = 2;
const FENCE_BYTES = 4096;
/** Not among node's names. */
const O_PATH = 0o1000_0000;
const SERIAL_BYTES = 20;

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

/** Opens a raw image, read-only where the disk is. Locking it is its device process's work. */
export function openDiskImage(disk: DiskConfig): Result<DiskImage, LaunchError> {
  const what = `disk ${disk.id}`;
  const opened = openFile(what, disk.path, disk.readOnly ? constants.O_RDONLY : constants.O_RDWR);
  if (!opened.ok) return err(withReadOnlyHint(opened.error, disk));
  const { file, status } = opened.value;
  const problem = imageProblem(disk, opened.value);
  if (problem !== undefined) {
    file.close();
    return err({ code: 'IMAGE', message: `${named(what, disk.path)} ${problem}` });
  }
  const direct = disk.direct ? reopenDirect(disk, file) : ok(file);
  if (!direct.ok) return direct;
  const place = openPlace(disk, direct.value);
  if (!place.ok) {
    direct.value.close();
    return place;
  }
  const fence = disk.readOnly ? makeFence(what) : ok(undefined);
  if (!fence.ok) {
    for (const opened of [direct.value, place.value]) opened.close();
    return fence;
  }
  const device = status.isBlockDevice();
  return ok({
    file: direct.value,
    place: place.value,
    fence: fence.value,
    serial: `${status.dev}${status.rdev}${status.ino}`.slice(0, SERIAL_BYTES),
    identity: device ? `device ${status.rdev}` : `${status.dev}:${status.ino}`,
  });
}

function withReadOnlyHint(error: LaunchError, disk: DiskConfig): LaunchError {
  if (disk.readOnly || !/permissions|read-only/.test(error.message)) return error;
  return { ...error, message: `${error.message}; or add readonly=on` };
}

/** What makes it no disk, as the end of a sentence. */
function imageProblem(disk: DiskConfig, { file, status }: OpenedFile): string | undefined {
  if (!status.isFile() && !status.isBlockDevice()) return 'is no disk: give a raw image file or a block device';
  const size = status.isFile() ? status.size : syscall(SYS.lseek, file.fd, 0, SEEK_END);
  if (size <= 0) return 'is empty; give it a size first, as in `truncate -s 1G FILE`';
  if (size % SECTOR !== 0) return `has ${size} bytes, which is not a multiple of ${SECTOR}; extend it with \`truncate -s %${SECTOR} FILE\``;
  const format = disk.imageType === 'raw' ? undefined : foreignFormat(file);
  if (format === undefined) return undefined;
  return `is a ${format} image, which is not supported yet; convert it with \`qemu-img convert -O raw\`, or add image_type=raw to serve its bytes as they are`;
}

const MAGICS: readonly (readonly [string, string])[] = [
  ['QFI\xfb', 'qcow2'],
  ['vhdxfile', 'VHDX'],
  ['KDMV', 'VMDK'],
  ['# Disk DescriptorFile', 'VMDK'],
];

/** By its head alone: a footer (VHD's) lies where any guest of a raw disk writes, who could shut itself out by it. */
function foreignFormat(file: OwnedFd): string | undefined {
  const head = Buffer.alloc(SECTOR);
  readSync(file.fd, head, 0, SECTOR, 0);
  const text = head.toString('latin1');
  return MAGICS.find(([magic]) => text.startsWith(magic))?.[1];
}

/** Opens an image again, as it was opened first, for another device process: whatever its path leads to by now, it is the same file. */
export function reopenDiskImage(disk: DiskConfig, place: OwnedFd): Result<OwnedFd, LaunchError> {
  const access = disk.readOnly ? constants.O_RDONLY : constants.O_RDWR;
  return reopen(disk, place, disk.direct ? access | constants.O_DIRECT : access);
}

/** O_DIRECT only now: the look at the image above was not aligned. */
function reopenDirect(disk: DiskConfig, file: OwnedFd): Result<OwnedFd, LaunchError> {
  const direct = reopenDiskImage(disk, file);
  file.close();
  return direct;
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
    const name = errorName(error);
    const message =
      name === 'EINVAL'
        ? `${named(`disk ${disk.id}`, disk.path)} is on a file system without O_DIRECT; leave direct=on out`
        : fileMessage(`disk ${disk.id}`, disk.path, name);
    return err({ code: 'IMAGE', message });
  }
}
