/** The images of a run: the same random bytes, raw and as qcow2 with every cluster there. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Images } from './sides.ts';

const IMAGE_BYTES = 256 << 20;
const CHUNK_BYTES = 1 << 20;
/** statfs(2), f_type. */
const TMPFS = 0x01021994;

export function makeImages(folder: string): Images {
  const images = { raw: join(folder, 'image.raw'), qcow2: join(folder, 'image.qcow2') };
  const chunk = randomBytes(CHUNK_BYTES);
  const fd = openSync(images.raw, 'w');
  for (let at = 0; at < IMAGE_BYTES; at += CHUNK_BYTES) writeSync(fd, chunk);
  // Blocks on the disk, not a promise of blocks.
  fdatasyncSync(fd);
  closeSync(fd);
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', images.raw, images.qcow2]);
  return images;
}

/** What was written is on the disk, and all of the file in the page cache. */
export function settle(path: string): void {
  const fd = openSync(path, 'r+');
  fdatasyncSync(fd);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  while (readSync(fd, chunk) > 0) continue;
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
