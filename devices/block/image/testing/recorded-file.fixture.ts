/** An image's file that remembers everything that was done to it, so that a test can take the power away at any moment of it. */
import { copyFileSync } from 'node:fs';
import type { NativeBuffer } from '#shared/sys/ffi.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import type { Random } from '#shared/testing/random.ts';
import { HostFile, type ImageFile } from '../image-file.ts';
import { openDisk } from './open-disk.fixture.ts';

type Operation =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number }
  | { readonly kind: 'allocate'; readonly mode: number; readonly offset: number; readonly length: number }
  | { readonly kind: 'sync' };

/** What a disk writes whole or not at all. */
const SECTOR = 512;

export class RecordedFile implements ImageFile {
  readonly operations: Operation[] = [];
  readonly #file: HostFile;

  constructor(fd: number) {
    this.#file = new HostFile(asFd(fd));
  }

  get fd() {
    return this.#file.fd;
  }

  size(): number {
    return this.#file.size();
  }

  read(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    return this.#file.read(buffer, at, length, offset);
  }

  write(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    this.operations.push({ kind: 'write', offset, bytes: buffer.bytes.slice(at, at + length) });
    return this.#file.write(buffer, at, length, offset);
  }

  /** A fdatasync would change nothing that this test looks at, and takes time. */
  sync(): number {
    this.operations.push({ kind: 'sync' });
    return 0;
  }

  truncate(size: number): number {
    this.operations.push({ kind: 'truncate', size });
    return this.#file.truncate(size);
  }

  allocate(mode: number, offset: number, length: number): number {
    this.operations.push({ kind: 'allocate', mode, offset, length });
    return this.#file.allocate(mode, offset, length);
  }

  /**
   * Makes `to` of `from`, the file as it was at first: what a disk may have when the power goes after `count` operations. All that
   * was done before the last sync among them is there, and of what came after it any part.
   */
  afterPowerLoss(from: string, to: string, count: number, random: Random): void {
    copyFileSync(from, to);
    using disk = openDisk(to);
    const file = new HostFile(asFd(disk.fd));
    const done = this.operations.slice(0, count);
    const durable = done.findLastIndex(({ kind }) => kind === 'sync');
    for (const [index, operation] of done.entries()) {
      const part = index <= durable ? 'all' : random.pick(['all', 'none', 'torn']);
      if (part !== 'none') apply(file, operation, part === 'torn' ? random : undefined);
    }
  }
}

/** `torn`: some sectors of a write only. Other operations are of one piece. */
function apply(file: HostFile, operation: Operation, torn: Random | undefined): void {
  switch (operation.kind) {
    case 'sync':
      return;
    case 'truncate':
      return void file.truncate(operation.size);
    case 'allocate':
      return void file.allocate(operation.mode, operation.offset, operation.length);
    case 'write': {
      const { bytes, offset } = operation;
      const buffer = allocate(bytes.length);
      buffer.bytes.set(bytes);
      if (torn === undefined) return void file.write(buffer, 0, bytes.length, offset);
      for (let at = 0; at < bytes.length; at += SECTOR) {
        if (torn.oneIn(2)) file.write(buffer, at, Math.min(SECTOR, bytes.length - at), offset + at);
      }
    }
  }
}
