/** A file whose changes are kept, so that a test can make what a power loss would have left of them. */
import { type NativeBuffer } from '#shared/sys/ffi.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { Random } from '#shared/testing/random.ts';
import { FALLOC, HostFile, type ImageFile } from '../../image-file.ts';

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'size'; readonly size: number }
  | { readonly kind: 'clear'; readonly offset: number; readonly length: number };

const TEAR = 512;

export class RecordingFile implements ImageFile {
  readonly fd: Fd;
  readonly changes: Change[] = [];
  /** Each completed fdatasync: how many changes there were when it began, and when it ended. */
  readonly syncs: { readonly begun: number; readonly ended: number }[] = [];
  readonly #file: HostFile;
  #begun: number | undefined;

  constructor(fd: Fd) {
    this.fd = fd;
    this.#file = new HostFile(fd);
  }

  /** The next `sync` covers what was changed before this. */
  syncBegins(): void {
    this.#begun = this.changes.length;
  }

  size(): number {
    return this.#file.size();
  }

  read(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    return this.#file.read(buffer, at, length, offset);
  }

  write(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    this.changes.push({ kind: 'write', offset, bytes: buffer.bytes.slice(at, at + length) });
    return this.#file.write(buffer, at, length, offset);
  }

  sync(): number {
    this.syncs.push({ begun: this.#begun ?? this.changes.length, ended: this.changes.length });
    this.#begun = undefined;
    return 0;
  }

  truncate(size: number): number {
    this.changes.push({ kind: 'size', size });
    return this.#file.truncate(size);
  }

  allocate(mode: number, offset: number, length: number): number {
    if ((mode & (FALLOC.punchHole | FALLOC.zeroRange)) !== 0) this.changes.push({ kind: 'clear', offset, length });
    return this.#file.allocate(mode, offset, length);
  }

  /** How many changes had been made when the last fdatasync began that had ended by `end`. */
  durableAt(end: number): number {
    return this.syncs.reduce((most, { begun, ended }) => (ended <= end ? Math.max(most, begun) : most), 0);
  }

  /** The file after `end` changes to `before`: all of those that are durable, and sectors of some of the others. */
  afterLoss(before: Uint8Array, end: number, random: Random): Uint8Array {
    const durable = this.durableAt(end);
    let file: Uint8Array = before.slice();
    const keeps = random.pick([2, 2, 4, 8]);
    for (const [index, change] of this.changes.slice(0, end).entries()) {
      file = apply(file, change, () => index < durable || !random.oneIn(keeps));
    }
    return file;
  }
}

/** Sizes are taken as a whole, bytes a sector at a time, where `isKept` says so. */
function apply(file: Uint8Array, change: Change, isKept: () => boolean): Uint8Array {
  if (change.kind === 'size') {
    if (!isKept()) return file;
    return change.size <= file.length ? file.slice(0, change.size) : withSize(file, change.size);
  }
  const length = change.kind === 'write' ? change.bytes.length : change.length;
  const end = change.offset + length;
  // A write past the end of the file brings its size with it; where the size was lost, so is what lies behind it.
  const grown = change.kind === 'write' && end > file.length && isKept() ? withSize(file, end) : file;
  for (let at = change.offset; at < end;) {
    const next = Math.min(end, (Math.floor(at / TEAR) + 1) * TEAR);
    if (next <= grown.length && isKept()) {
      if (change.kind === 'write') grown.set(change.bytes.subarray(at - change.offset, next - change.offset), at);
      else grown.fill(0, at, next);
    }
    at = next;
  }
  return grown;
}

function withSize(file: Uint8Array, size: number): Uint8Array {
  const grown = new Uint8Array(size);
  grown.set(file);
  return grown;
}
