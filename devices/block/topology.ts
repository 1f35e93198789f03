/** What a disk's host file likes: the sizes that a guest aligns its partitions and its I/O to. */
import { fstatSync } from 'node:fs';
import { directAlignment } from '#shared/sys/direct-io.ts';
import { allocate, ioctlStruct } from '#shared/sys/ffi.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';

/** All in bytes. */
export interface Topology {
  /** What the guest addresses: 512 or 4096. */
  readonly blockSize: number;
  /** What a write of does not have to be read for first. */
  readonly physicalBlockSize: number;
  readonly minimumIo: number;
  /** 0: none is better than another. */
  readonly optimalIo: number;
  /** A discard frees what is aligned so. */
  readonly discardAlignment: number;
}

/** linux/fs.h: each fills an unsigned int. */
const BLKSSZGET = 0x1268;
const BLKIOMIN = 0x1278;
const BLKIOOPT = 0x1279;
const BLKPBSZGET = 0x127b;

const SECTOR = 512;
const LARGEST_BLOCK = 4096;

/** Of a raw image. */
export function hostTopology(fd: Fd): Topology {
  const status = fileStatus(fd);
  return status.ok && status.value.kind === 'file' ? fileTopology(fd) : deviceTopology(fd);
}

/** Files are written in blocks of their file system; past the page cache, nothing smaller than what it asks for then. */
function fileTopology(fd: Fd): Topology {
  const logical = blockSize(directAlignment(fd)?.offset ?? SECTOR, LARGEST_BLOCK);
  const physicalBlockSize = Math.max(logical, blockSize(fstatSync(fd).blksize, LARGEST_BLOCK));
  return { blockSize: logical, physicalBlockSize, minimumIo: physicalBlockSize, optimalIo: 0, discardAlignment: physicalBlockSize };
}

function deviceTopology(fd: Fd): Topology {
  const logical = blockSize(ask(fd, BLKSSZGET), LARGEST_BLOCK);
  const physicalBlockSize = Math.max(logical, blockSize(ask(fd, BLKPBSZGET), 1 << 20));
  const minimumIo = Math.max(physicalBlockSize, ask(fd, BLKIOMIN));
  return { blockSize: logical, physicalBlockSize, minimumIo, optimalIo: ask(fd, BLKIOOPT), discardAlignment: physicalBlockSize };
}

/** A power of two from a sector on; else a sector. */
function blockSize(size: number, largest: number): number {
  return size >= SECTOR && (size & (size - 1)) === 0 ? Math.min(size, largest) : SECTOR;
}

/** 0 where nobody knows. */
function ask(fd: Fd, request: number): number {
  const answer = allocate(4);
  return ioctlStruct(fd, request, answer) < 0 ? 0 : answer.view.getUint32(0, true);
}
