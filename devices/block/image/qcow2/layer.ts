/** One image of a chain, read: a qcow2 image's mapping or a raw file. */
import { EXTENT, type Extent, type ExtentKind } from '../image.ts';

/** An extent as those who fill it see it. */
export type FilledExtent = { -readonly [K in keyof Extent]: Extent[K] };

/** Where an image's chain has what was decompressed last, and why it failed last. */
export interface ChainState {
  bytes: Uint8Array;
  error: string;
}

export interface Layer {
  /** Bytes; what lies past them reads as zeros. */
  readonly size: number;
  /** As `Image.locateRead`, anywhere. */
  locate(offset: number, length: number, extent: FilledExtent): ExtentKind;
}

export class RawLayer implements Layer {
  readonly size: number;
  readonly #file: number;

  /** `file` is the position in the image's `files`. */
  constructor(file: number, size: number) {
    this.#file = file;
    this.size = size;
  }

  locate(offset: number, length: number, extent: FilledExtent): ExtentKind {
    if (offset >= this.size) {
      extent.length = length;
      return EXTENT.zeros;
    }
    extent.file = this.#file;
    extent.offset = offset;
    extent.length = Math.min(length, this.size - offset);
    return EXTENT.data;
  }
}
