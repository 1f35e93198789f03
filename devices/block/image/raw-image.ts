/** A raw image: the guest's bytes are the file's. Its reads and writes need none of this; what is to be erased goes the way of all formats. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EROFS } from '#shared/sys/errno.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { FALLOC } from './image-file.ts';
import { EXTENT, type ExtentKind, type Image, type ImageError, NEEDS_FALLOCATE } from './image.ts';

export interface RawOptions {
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
}

export class RawImage implements Image {
  readonly type = 'raw';
  readonly size: number;
  readonly files: readonly Fd[];
  readonly extent = { file: 0, offset: 0, length: 0, claim: 0 };
  readonly bytes = new Uint8Array(0);
  readonly error = 'is read-only';
  mode = 0;
  readonly #readOnly: boolean;

  constructor(fd: Fd, { size, readOnly }: RawOptions) {
    this.files = [fd];
    this.size = size;
    this.#readOnly = readOnly;
  }

  locateRead(offset: number, length: number): ExtentKind {
    this.extent.offset = offset;
    this.extent.length = length;
    return EXTENT.data;
  }

  locateWrite(offset: number, length: number): ExtentKind {
    return this.#readOnly ? EXTENT.failed : this.locateRead(offset, length);
  }

  needsBarrier(): boolean {
    return false;
  }

  publish(): number {
    return 0;
  }

  abandon(): void {}

  discard(offset: number, length: number): number {
    return this.#allocate(FALLOC.punchHole, offset, length);
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): number {
    return this.#allocate(mayUnmap ? FALLOC.punchHole : FALLOC.zeroRange, offset, length);
  }

  #allocate(mode: number, offset: number, length: number): number {
    if (this.#readOnly) return -EROFS;
    this.locateRead(offset, length);
    this.mode = mode | FALLOC.keepSize;
    return NEEDS_FALLOCATE;
  }

  /** Its file's size is its own, and changed as such. */
  resize(): Result<void, ImageError> {
    return err({ code: 'NOT_SUPPORTED', message: 'is resized as a file' });
  }

  close(): Result<void, ImageError> {
    return ok();
  }
}
