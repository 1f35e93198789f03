/** The images of a run: the same random bytes, raw and as qcow2 with every cluster there. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Setup } from './cases.ts';
import type { Images } from './sides.ts';

const IMAGE_BYTES = 256 << 20;
const CHUNK_BYTES = 1 << 20;
const NAMES = { raw: 'image.raw', qcow2: 'image.qcow2' } as const;
const PAGE_BYTES = 4096;
/** statfs(2), f_type. */
const TMPFS = 0x01021994;

/**
 * Made anew for each setup, in the page cache or out of it, and written page by page, as guests leave their
 * disks. What is written or read ahead in larger pieces is in the page cache in larger folios, and for a write of 4 KiB
 * ext4 looks at every block of the folio: three times the processor time for any backend.
 */
export function makeImages(folder: string, { direct }: Pick<Setup, 'direct'>): Images {
  const images = { raw: join(folder, NAMES.raw), qcow2: join(folder, NAMES.qcow2) };
  const chunk = randomBytes(CHUNK_BYTES);
  writePages(images.raw, (at) => (at < IMAGE_BYTES ? chunk : chunk.subarray(0, 0)));
  const converted = join(folder, 'converted');
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', images.raw, converted]);
  const fd = openSync(converted, 'r');
  writePages(images.qcow2, (at) => chunk.subarray(0, readSync(fd, chunk, 0, CHUNK_BYTES, at)));
  closeSync(fd);
  rmSync(converted);
  // O_DIRECT has first to take away what is in the page cache, which costs the first who writes there.
  if (direct) for (const path of Object.values(images)) execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  return images;
}

/** What was written is on the disk: no case pays for the one before. */
export function settle(folder: string): void {
  for (const name of Object.values(NAMES)) {
    const fd = openSync(join(folder, name), 'r+');
    fdatasyncSync(fd);
    closeSync(fd);
  }
}

/** A new file, of one piece after another until one is empty. */
function writePages(path: string, piece: (at: number) => Buffer): void {
  rmSync(path, { force: true });
  const fd = openSync(path, 'w');
  let at = 0;
  for (let bytes = piece(at); bytes.length > 0; bytes = piece(at)) {
    for (let from = 0; from < bytes.length; from += PAGE_BYTES) writeSync(fd, bytes.subarray(from, from + PAGE_BYTES));
    at += bytes.length;
  }
  // Blocks on the disk, not a promise of blocks.
  fdatasyncSync(fd);
  closeSync(fd);
}

/** A folder on a disk: memory would make all rows the same. */
export function makeFolder(note: (line: string) => void): string {
  const parent = statfsSync(tmpdir()).type === TMPFS ? '/var/tmp' : tmpdir();
  const folder = mkdtempSync(join(parent, 'bench-block-'));
  const probe = join(folder, 'probe');
  closeSync(openSync(probe, 'w'));
  try {
    closeSync(openSync(probe, constants.O_RDONLY | constants.O_DIRECT));
  } catch {
    note(`${parent} has no O_DIRECT, so the direct cases will fail; TMPDIR names another folder`);
  }
  rmSync(probe);
  return folder;
}
