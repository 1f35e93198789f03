import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { ImageError } from './image-error.ts';

/** A root file system to read kernels and modules from: this machine's, or the one in a disk image. */
export interface FileSource {
  /** For messages: `this machine`, `disk.raw`. */
  readonly name: string;
  /** The names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** A file's bytes, through symbolic links; undefined where there is none that we may read. */
  read(path: string): Uint8Array | undefined;
}

export const thisMachine: FileSource = {
  name: 'this machine',
  list: (folder) => attempt(() => readdirSync(folder)) ?? [],
  read: (path) => attempt(() => readFileSync(path)),
};

const SECTOR = 512;
/** The superblock lies at byte 1024; its magic number at byte 56 of it (ext4 documentation, "Super Block"). */
const EXT_MAGIC_AT = 1024 + 56;
const EXT_MAGIC = 0xef53;
const QCOW2_MAGIC = 0x514649fb;
/** More partitions than this are not looked at. */
const MOST_PARTITIONS = 128;

/** The ext2, ext3 or ext4 file system in a raw image that holds /boot or kernels: the whole disk, or one of its partitions. */
export function openDisk(path: string): Result<FileSource, ImageError> {
  const disk = attempt(() => ({ size: statSync(path).size, fd: openSync(path, 'r') }));
  if (disk === undefined) return err({ code: 'FILE_FAILED', message: `${path}: no such file, or no permission to read it` });
  try {
    if (readAt(disk.fd, 0, 4).readUInt32BE() === QCOW2_MAGIC) {
      return notADisk(path, `it is a qcow2 image; make a raw one: qemu-img convert -O raw ${path} disk.raw`);
    }
    const offsets = fileSystems(disk.fd);
    if (offsets.length === 0) return notADisk(path, 'no ext2, ext3 or ext4 file system in it, neither alone nor in a partition');
    const sources = offsets.map((offset) => extSource(path, offset));
    const [first] = sources;
    const best = sources.find((source) => source.list('/boot').length > 0) ?? first;
    return best === undefined ? notADisk(path, 'no file system in it') : ok(best);
  } finally {
    closeSync(disk.fd);
  }
}

function fileSystems(fd: number): readonly number[] {
  const starts = [0, ...gptPartitions(fd), ...mbrPartitions(fd)];
  return [...new Set(starts)].filter((start) => readAt(fd, start + EXT_MAGIC_AT, 2).readUInt16LE() === EXT_MAGIC);
}

/** UEFI 2.10, 5.3: the header in sector 1 says where the entries lie; an entry's first sector is at byte 32 of it. */
function gptPartitions(fd: number): readonly number[] {
  const header = readAt(fd, SECTOR, 92);
  if (header.toString('latin1', 0, 8) !== 'EFI PART') return [];
  const table = Number(header.readBigUInt64LE(72)) * SECTOR;
  const count = Math.min(header.readUInt32LE(80), MOST_PARTITIONS);
  const entrySize = header.readUInt32LE(84);
  if (entrySize < 128 || entrySize > 4096 || !Number.isSafeInteger(table)) return [];
  const entries = readAt(fd, table, count * entrySize);
  return Array.from({ length: count }, (_, index) => Number(entries.readBigUInt64LE(index * entrySize + 32)) * SECTOR).filter(isUsable);
}

/** Four entries of 16 bytes at byte 446; the first sector is at byte 8 of each. */
function mbrPartitions(fd: number): readonly number[] {
  const sector = readAt(fd, 0, SECTOR);
  if (sector.readUInt16LE(510) !== 0xaa55) return [];
  return [0, 1, 2, 3].map((index) => sector.readUInt32LE(446 + index * 16 + 8) * SECTOR).filter(isUsable);
}

function isUsable(start: number): boolean {
  return start > 0 && Number.isSafeInteger(start);
}

/** `length` bytes at `offset`; what lies past the end reads as zeros. */
function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  attempt(() => readSync(fd, bytes, 0, length, offset));
  return bytes;
}

/** debugfs reads a file system without mounting it, so without privileges. A `?` would end the name of the image. */
function extSource(path: string, offset: number): FileSource {
  const image = offset === 0 ? path : `${path}?offset=${offset}`;
  return {
    name: path,
    list(folder) {
      // One line a file: /inode/mode/uid/gid/name/size/
      const lines = debugfs(image, `ls -p ${folder}`)?.toString().split('\n') ?? [];
      return lines.flatMap((line) => line.split('/')[5] ?? []).filter((name) => name !== '' && name !== '.' && name !== '..');
    },
    read: (file) => dump(image, file),
  };
}

/** debugfs's `cat` and `dump` follow symbolic links; `dump` says nothing where a file is missing, and then makes none. */
function dump(image: string, file: string): Uint8Array | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'ch-image-'));
  try {
    const target = join(folder, 'file');
    debugfs(image, `dump ${file} ${target}`);
    return attempt(() => readFileSync(target));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function debugfs(image: string, request: string): Buffer | undefined {
  const environment = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, DEBUGFS_PAGER: 'cat' };
  const run = spawnSync('debugfs', ['-R', request, image], { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
  return run.status === 0 ? run.stdout : undefined;
}

function notADisk(path: string, why: string): Result<never, ImageError> {
  return err({ code: 'NOT_A_DISK', message: `${path}: ${why}` });
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
