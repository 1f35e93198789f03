/** An image as the format that its user stated, with the backing files that it names where that is allowed. */
import { closeSync, constants, openSync, statSync } from 'node:fs';
import type { LockGranularity } from '#shared/config/disk-keys.ts';
import { errorName, fileProblem } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { takeLock } from './host.ts';
import { HostFile, type ImageFile } from './image/image-file.ts';
import type { Image, ImageError, ImageType } from './image/image.ts';
import { openQcow2 } from './image/qcow2/open.ts';
import { RawImage } from './image/raw-image.ts';
import { openVhd } from './image/vhd.ts';
import { openVhdx } from './image/vhdx/vhdx.ts';
import { SECTOR_SIZE } from './spec.ts';
import { type Topology, hostTopology } from './topology.ts';

/** Of the host's page cache. */
const PAGE = 4096;
const POSIX_FADV_RANDOM = 1;

/** Plain data. The descriptor is open for as long as the image is. */
export interface ImageToOpen {
  readonly imageFd: number;
  readonly imageType: ImageType;
  /** Where it is: names of backing files start from its folder. */
  readonly imagePath: string;
  readonly readOnly: boolean;
  /** `imageFd` was opened with O_DIRECT. */
  readonly direct: boolean;
  readonly backingFiles: boolean;
  readonly lockGranularity: LockGranularity;
  /** What a raw image has; the others say it. */
  readonly rawSectors: number;
  /** Of an image that is opened again: its backing files, in their order, which are open and locked. */
  readonly backing?: readonly Fd[];
  /** Likewise, as `OpenedImage` has it. */
  readonly metadataFd?: Fd | undefined;
}

export interface OpenedImage {
  readonly image: Image;
  readonly topology: Topology;
  /** What a format's metadata is read and written by; undefined: `imageFd`. Open for as long as that. */
  readonly metadataFd?: Fd;
}

/** It is locked. On the thread that will serve it. The error's message is the end of a sentence that begins with its name. */
export function openImage(toOpen: ImageToOpen): Result<OpenedImage, ImageError> {
  const fd = asFd(toOpen.imageFd);
  const host = hostTopology(fd);
  if (toOpen.imageType === 'raw') {
    const size = toOpen.rawSectors * SECTOR_SIZE;
    return ok({ image: new RawImage(fd, { size, readOnly: toOpen.readOnly }), topology: host });
  }
  if (!toOpen.direct) return openFormat(new HostFile(fd), toOpen, host);
  const metadataFd = toOpen.metadataFd ?? reopenCached(fd, toOpen.readOnly);
  const opened = openFormat(new HostFile(fd, metadataFd), toOpen, host);
  if (opened.ok) return ok({ ...opened.value, metadataFd });
  if (metadataFd !== toOpen.metadataFd) closeSync(metadataFd);
  return opened;
}

function openFormat(file: ImageFile, toOpen: ImageToOpen, host: Topology): Result<OpenedImage, ImageError> {
  switch (toOpen.imageType) {
    case 'raw':
    case 'vhd': {
      const opened = openVhd(file, toOpen);
      return opened.ok ? ok({ image: opened.value, topology: { ...host, blockSize: leastOf(toOpen, host) } }) : opened;
    }
    case 'vhdx': {
      const opened = openVhdx(file, toOpen);
      if (!opened.ok) return opened;
      const { logicalSectorSize, physicalSectorSize } = opened.value;
      const blockSize = Math.max(logicalSectorSize, leastOf(toOpen, host));
      const physicalBlockSize = Math.max(host.physicalBlockSize, physicalSectorSize, blockSize);
      return ok({ image: opened.value, topology: { ...host, blockSize, physicalBlockSize, minimumIo: physicalBlockSize } });
    }
    case 'qcow2': {
      const opened = openWithBacking(file, toOpen);
      if (!opened.ok) return opened;
      const { clusterSize } = opened.value;
      const least = toOpen.direct && !toOpen.readOnly ? Math.max(PAGE, host.blockSize) : leastOf(toOpen, host);
      if (clusterSize < least) return tooSmall(clusterSize, least);
      const topology = { ...host, blockSize: leastOf(toOpen, host), optimalIo: clusterSize, discardAlignment: clusterSize };
      return ok({ image: opened.value, topology });
    }
  }
}

/** What a guest may address, in bytes: places are read and written as they are, and past the page cache the host has its own least. */
function leastOf({ direct }: ImageToOpen, host: Topology): number {
  return direct ? host.blockSize : SECTOR_SIZE;
}

function openWithBacking(file: ImageFile, { imagePath, readOnly, backingFiles, lockGranularity, backing: known = [] }: ImageToOpen) {
  const opened: Fd[] = [];
  const again = [...known];
  const image = openQcow2(file, {
    readOnly,
    backingFiles,
    path: imagePath,
    openBacking: (path) => {
      const before = again.shift();
      if (before !== undefined) return ok(new HostFile(before));
      const backing = openBacking(path, lockGranularity);
      if (!backing.ok) return backing;
      opened.push(backing.value);
      return ok(new HostFile(backing.value));
    },
  });
  if (!image.ok) for (const fd of opened) closeSync(fd);
  return image;
}

/** For reading only, and locked against who writes. */
function openBacking(path: string, granularity: LockGranularity): Result<Fd, ImageError> {
  let fd: Fd;
  try {
    const status = statSync(path);
    if (!status.isFile() && !status.isBlockDevice()) return refused('is neither a file nor a block device');
    fd = asFd(openSync(path, constants.O_RDONLY | constants.O_NOCTTY));
  } catch (error) {
    return refused(fileProblem(errorName(error)));
  }
  const locked = takeLock(fd, '', { readOnly: true, granularity });
  if (locked.ok) return ok(fd);
  closeSync(fd);
  const message = locked.error.line.trim();
  return locked.error.isLocked ? err({ code: 'BACKING', message, lockedFile: { path, what: '' } }) : refused(message);
}

function refused(message: string): Result<never, ImageError> {
  return err({ code: 'BACKING', message });
}

/**
 * Clusters of data and of metadata lie side by side. In one page of the host's cache they would be written past it and through it at the
 * same time: what comes later from the cache is what the data was before, and Linux, where it notices, fails the next fdatasync.
 */
function tooSmall(clusterSize: number, least: number): Result<never, ImageError> {
  const message = `has clusters of ${clusterSize} bytes, and O_DIRECT needs ${least} at least: leave direct=on out`;
  return err({ code: 'NOT_SUPPORTED', message });
}

/** Another description of the same file, through the host's page cache: metadata is read and written at any place and length. */
function reopenCached(fd: Fd, readOnly: boolean): Fd {
  const cached = asFd(openSync(`/proc/self/fd/${fd}`, readOnly ? constants.O_RDONLY : constants.O_RDWR));
  // What lies beside metadata is data, and no business of the cache's.
  syscall(SYS.fadvise64, cached, 0, 0, POSIX_FADV_RANDOM);
  return cached;
}
