/**
 * How a ring's request meets a format: where in which file its bytes are, and what to do so that they may be written there.
 *
 * A write: `locateWrite` says `data` (write there, and it is complete), `fresh` or `busy`. With `fresh` the engine writes to `extent`,
 * then asks `needsBarrier(claim)`; while that says yes, an fdatasync that begins from then on has to end before `publish(claim)`, which
 * makes the new place the valid one; only then the request is complete. One fdatasync serves all claims that wait. `busy` means: ask
 * again after the next publish, abandon or `durability.syncEnds`.
 */
import type { Result } from '#shared/lang/result.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';

export type ImageType = 'raw' | 'qcow2' | 'vhd' | 'vhdx';

/** What an `Extent` is. */
export const EXTENT = {
  /** `extent` names bytes of a file: read or written there by the engine (io_uring), vectors of guest memory, no copy. */
  data: 0,
  /** Reads only: the bytes are zeros. */
  zeros: 1,
  /** Reads only: the bytes are in `image.bytes` (decompressed) from `extent.offset` on, to be copied to the guest. */
  bytes: 2,
  /** Writes only: `extent` names a fresh place. Write there, then `publish(extent.claim)`; only then complete the request. */
  fresh: 3,
  /** Another request is making this place, or room for it is being made: ask again later. */
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
/** `writeZeroes`: the first `extent.length` bytes have to be written as zeros, as any other write. */
export const NEEDS_WRITE = 2;
/** `discard` and `writeZeroes`: ask again later, as with EXTENT.busy. */
export const STEP_BUSY = 3;

/**
 * What formats that move places about must know of the engine's work. Every fdatasync of `files[0]` (the guest's flushes, barriers, and
 * those that `wantsSync` asks for) stands between `syncBegins` and `syncEnds`, which say what a power loss can no longer take back. A
 * transfer to or from a place that was located stands between `hold` and `release`: a discard meanwhile gives the place to nobody.
 */
export interface Durability {
  /** The image cannot go on without an fdatasync, and none that would do has begun. */
  readonly wantsSync: boolean;
  /** Its answer goes to `syncEnds`. */
  syncBegins(): number;
  /** `result` is 0 or -errno. */
  syncEnds(ticket: number, result: number): void;
  /** Its answer goes to `release`. Hot. */
  hold(): number;
  release(hold: number): void;
}

/** Why an image cannot be opened, resized or closed; `message` is the end of a sentence that begins with its name. */
export interface ImageError {
  readonly code: 'NOT_THIS_FORMAT' | 'NOT_SUPPORTED' | 'CORRUPT' | 'DIRTY' | 'BAD_SIZE' | 'BACKING' | 'HOST';
  readonly message: string;
  readonly lockedFile?: LockedFile;
}

/** A file that an image names, and that somebody else has locked. */
export interface LockedFile {
  readonly path: string;
  /** `message` up to where it says by whom. */
  readonly what: string;
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
  /** What its user should know of its opening: the end of a sentence that begins with "the image". */
  readonly notice?: string | undefined;
  /** Absent where places never move: then nothing needs to be told. */
  readonly durability?: Durability;
  /**
   * Where [offset, offset + length) begins: fills `extent` with as many bytes as lie together. May read metadata, synchronously and
   * bounded (one table). Allocates nothing on a hit.
   */
  locateRead(offset: number, length: number): ExtentKind;
  locateWrite(offset: number, length: number): ExtentKind;
  /** Asked when a claim's data was written: whether an fdatasync of files[0] that begins from now on has to end before `publish`. */
  needsBarrier(claim: number): boolean;
  /** The data is in its place (and durable where a barrier was needed): metadata is written, the claim is over. 0 or -errno. */
  publish(claim: number): number;
  /** The data could not be written. */
  abandon(claim: number): void;
  /**
   * Synchronous metadata work; answers 0, -errno, NEEDS_FALLOCATE, NEEDS_WRITE or STEP_BUSY. With the first, second and third
   * `extent.length` says how many bytes from `offset` this was about: ask again for the rest.
   */
  discard(offset: number, length: number): number;
  writeZeroes(offset: number, length: number, mayUnmap: boolean): number;
  /** Synchronous, as is `close`: no request is under way. */
  resize(size: number): Result<void, ImageError>;
  /** Leaves the file as other programs like it. The descriptors stay open. */
  close(): Result<void, ImageError>;
}
