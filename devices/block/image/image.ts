/** How a ring's request meets a format: where in which file its bytes are, and what to do so that they may be written there. */
import type { Result } from '#shared/lang/result.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';

export type ImageType = 'raw' | 'qcow2' | 'vhd' | 'vhdx';

/** What an `Extent` is. */
export const EXTENT = {
  /** `extent` names bytes of a file: read or written there by the engine (io_uring), vectors of guest memory, no copy. */
  data: 0,
  /** Reads only: the bytes are zeros. */
  zeros: 1,
  /** Reads only: the bytes are at `image.bytes` (decompressed), to be copied to the guest. */
  bytes: 2,
  /** Writes only: `extent` names a fresh place. Write there, then `publish(extent.claim)`; only then complete the request. */
  fresh: 3,
  /** Another request is making this place: ask again after the next publish. */
  busy: 4,
  /** Host I/O failed or metadata is corrupt: `image.error` says it in one line; the request ends with VIRTIO_BLK_S_IOERR, the rest of the disk is served. */
  failed: 5,
} as const;
export type ExtentKind = (typeof EXTENT)[keyof typeof EXTENT];

export interface Extent {
  /** Position in `image.files`. */
  readonly file: number;
  /** Bytes from the start of that file. */
  readonly offset: number;
  readonly length: number;
  readonly claim: number;
}

/** `discard` and `writeZeroes`: fallocate(2) with `image.mode` on `image.extent` does it; not 0 and no errno. */
export const NEEDS_FALLOCATE = 1;

/** Why an image cannot be opened, resized or closed; `message` is the end of a sentence that begins with its name. */
export interface ImageError {
  readonly code: 'NOT_THIS_FORMAT' | 'NOT_SUPPORTED' | 'CORRUPT' | 'DIRTY' | 'BAD_SIZE' | 'HOST';
  readonly message: string;
}

export interface Image {
  readonly type: ImageType;
  /** Bytes that the guest sees; a multiple of 512. */
  readonly size: number;
  /** Registered with the engine, in this order: 0 is the image itself, backing files follow. */
  readonly files: readonly Fd[];
  /** Overwritten by each locate, discard and writeZeroes. */
  readonly extent: Extent;
  /** The mode of fallocate(2) where NEEDS_FALLOCATE was the answer. */
  readonly mode: number;
  /** Valid until the next locate. */
  readonly bytes: Uint8Array;
  readonly error: string;
  /**
   * Where [offset, offset + length) begins: fills `extent` with as many bytes as lie together. May read metadata, synchronously and
   * bounded (one table). Allocates nothing on a hit.
   */
  locateRead(offset: number, length: number): ExtentKind;
  locateWrite(offset: number, length: number): ExtentKind;
  /** Claims whose data was written need a barrier (fdatasync of files[0]) before `publish`: old data was copied beside it. */
  needsBarrier(claim: number): boolean;
  /** The data is in its place (and durable where a barrier was needed): metadata is written, the claim is over. 0 or -errno. */
  publish(claim: number): number;
  /** The data could not be written. */
  abandon(claim: number): void;
  /**
   * Synchronous metadata work; answers 0, -errno or NEEDS_FALLOCATE. With 0 and NEEDS_FALLOCATE `extent.length` says how many bytes
   * from `offset` this was about: ask again for the rest.
   */
  discard(offset: number, length: number): number;
  writeZeroes(offset: number, length: number, mayUnmap: boolean): number;
  resize(size: number): Result<void, ImageError>;
  close(): Result<void, ImageError>;
}
