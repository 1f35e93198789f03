import { readSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type AddressRange, GIB } from '../memory/layout.ts';

/**
 * What the boot code needs of guest memory. All of it reads as zero when booting begins (fresh memory, or pages punched
 * out of the old one): the zero-filled ends of kernel segments are not written.
 */
export interface GuestRam {
  /** Upwards; neighbours are merged, so that whatever lies within one of them is contiguous for the guest. */
  readonly ranges: readonly AddressRange[];
  /** False where not all of the bytes fall into one range; nothing is written then. */
  write(address: number, bytes: Uint8Array): boolean;
  /** Reads from a file straight into guest memory. */
  load(request: LoadRequest): Result<void, LoadError>;
}

export interface LoadRequest {
  readonly fd: number;
  readonly fileOffset: number;
  readonly address: number;
  readonly length: number;
}

export type LoadError =
  | { readonly code: 'NOT_MAPPED'; readonly address: number; readonly length: number }
  | { readonly code: 'FILE_ENDED'; readonly at: number }
  | { readonly code: 'READ_FAILED'; readonly reason: string };

/** A view of guest memory that begins at guest-physical address `start`. */
export interface GuestWindow {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Guest memory seen through windows in ascending order. An access may cross from one into the next. */
export class GuestWindows implements GuestRam {
  readonly ranges: readonly AddressRange[];
  readonly #windows: readonly GuestWindow[];
  readonly #willLoad: (range: AddressRange) => void;

  /** `willLoad` hears what is about to be read from a file. */
  constructor(windows: readonly GuestWindow[], willLoad: (range: AddressRange) => void = () => {}) {
    this.#windows = windows;
    this.#willLoad = willLoad;
    this.ranges = mergeNeighbours(windows);
  }

  write(address: number, bytes: Uint8Array): boolean {
    if (!contains(this.ranges, { start: address, size: bytes.length })) return false;
    for (const piece of this.#pieces(address, bytes.length)) piece.target.set(bytes.subarray(piece.from, piece.from + piece.target.length));
    return true;
  }

  load(request: LoadRequest): Result<void, LoadError> {
    const { fd, fileOffset, address, length } = request;
    if (!contains(this.ranges, { start: address, size: length })) return err({ code: 'NOT_MAPPED', address, length });
    this.#willLoad({ start: address, size: length });
    for (const piece of this.#pieces(address, length)) {
      const filled = readFully(fd, piece.target, fileOffset + piece.from);
      if (!filled.ok) return filled;
    }
    return ok();
  }

  /** The parts of [address, address + length) by window; `from` is a part's offset in the whole. */
  *#pieces(address: number, length: number): Generator<{ target: Uint8Array; from: number }> {
    const end = address + length;
    for (const window of this.#windows) {
      const first = Math.max(address, window.start);
      const last = Math.min(end, window.start + window.bytes.length);
      if (first < last) yield { target: window.bytes.subarray(first - window.start, last - window.start), from: first - address };
    }
  }
}

/** Whether one of `ranges` holds all of `wanted`. */
export function contains(ranges: readonly AddressRange[], wanted: AddressRange): boolean {
  return ranges.some((range) => wanted.start >= range.start && wanted.start + wanted.size <= range.start + range.size);
}

/** Fills `target` from byte `position` of the file on. */
export function readFully(fd: number, target: Uint8Array, position: number): Result<void, LoadError> {
  let done = 0;
  while (done < target.length) {
    // One read moves less than 2 GiB, whatever it is asked for.
    const got = readOnce(fd, target.subarray(done, done + GIB), position + done);
    if (!got.ok) return got;
    if (got.value === 0) return err({ code: 'FILE_ENDED', at: position + done });
    done += got.value;
  }
  return ok();
}

function readOnce(fd: number, target: Uint8Array, position: number): Result<number, LoadError> {
  try {
    return ok(readSync(fd, target, 0, target.length, position));
  } catch (thrown) {
    return err({ code: 'READ_FAILED', reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

function mergeNeighbours(windows: readonly GuestWindow[]): readonly AddressRange[] {
  const merged: { start: number; size: number }[] = [];
  for (const { start, bytes } of windows) {
    const last = merged.at(-1);
    if (last !== undefined && last.start + last.size === start) last.size += bytes.length;
    else merged.push({ start, size: bytes.length });
  }
  return merged;
}
