/** A file whose changes are kept, so that a test can take the power away at any moment, and make what that would have left of them. */
import { constants, copyFileSync } from 'node:fs';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import type { Random } from '#shared/testing/random.ts';
import { FALLOC, HostFile, type ImageFile } from '../image-file.ts';
import { openDisk } from './open-disk.fixture.ts';

export type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'size'; readonly size: number }
  | { readonly kind: 'clear'; readonly offset: number; readonly length: number }
  /** A completed fdatasync: what was changed before `begun` is durable. */
  | { readonly kind: 'sync'; readonly begun: number };

/** What a disk writes whole or not at all. */
const SECTOR = 512;

export class RecordingFile implements ImageFile {
  readonly fd: Fd;
  readonly changes: Change[] = [];
  readonly #file: HostFile;
  #begun: number | undefined;

  constructor(fd: number) {
    this.fd = asFd(fd);
    this.#file = new HostFile(this.fd);
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

  /** Somebody else has written these bytes of the file. */
  wasWritten(offset: number, length: number): void {
    const buffer = allocate(length);
    this.#file.read(buffer, 0, length, offset);
    this.changes.push({ kind: 'write', offset, bytes: buffer.bytes });
  }

  /** Somebody else's fdatasync has ended, that began after so many changes. */
  wasSynced(begun: number): void {
    this.changes.push({ kind: 'sync', begun });
  }

  /** A fdatasync would change nothing that these tests look at, and takes time. */
  sync(): number {
    this.changes.push({ kind: 'sync', begun: this.#begun ?? this.changes.length });
    this.#begun = undefined;
    return 0;
  }

  truncate(size: number): number {
    this.changes.push({ kind: 'size', size });
    return this.#file.truncate(size);
  }

  allocate(mode: number, offset: number, length: number): number {
    const before = this.size();
    const result = this.#file.allocate(mode, offset, length);
    if ((mode & (FALLOC.punchHole | FALLOC.zeroRange)) !== 0) this.changes.push({ kind: 'clear', offset, length });
    if (this.size() !== before) this.changes.push({ kind: 'size', size: this.size() });
    return result;
  }

  /** How many of the first `end` changes are durable when the power goes after them. */
  durableAt(end: number): number {
    return durableAt(this.changes.slice(0, end));
  }

  /**
   * Makes `to` of `from`, the file as it was at first: what a disk may have when the power goes after `end` changes. What is durable
   * by then is there; of each of the others all, nothing, or some sectors.
   */
  afterLoss(from: string, to: string, end: number, random: Random): void {
    replay(this.changes.slice(0, end), { from, to }, random);
  }

  /** The same where only the process has died: all `end` changes are there. */
  afterKill(from: string, to: string, end: number): void {
    replay(this.changes.slice(0, end), { from, to });
  }
}

/** `random`: decides about what is not durable; all of it is there by default. */
export function replay(changes: readonly Change[], { from, to }: { readonly from: string; readonly to: string }, random?: Random): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  using disk = openDisk(to);
  const file = new HostFile(asFd(disk.fd));
  const durable = random === undefined ? changes.length : durableAt(changes);
  const keeps = random?.pick([2, 2, 4, 8]) ?? 2;
  for (const [index, change] of changes.entries()) {
    const part = index < durable ? 'all' : random?.pick(['all', 'none', 'torn', 'torn']);
    if (part !== 'none') apply(file, change, () => part !== 'torn' || random?.oneIn(keeps) !== true);
  }
}

function durableAt(changes: readonly Change[]): number {
  return changes.reduce((most, change) => (change.kind === 'sync' ? Math.max(most, change.begun) : most), 0);
}

/** Sizes are taken as a whole, bytes a sector at a time, where `isKept` says so. */
function apply(file: HostFile, change: Change, isKept: () => boolean): void {
  if (change.kind === 'sync') return;
  if (change.kind === 'size') {
    if (isKept()) file.truncate(change.size);
    return;
  }
  const length = change.kind === 'write' ? change.bytes.length : change.length;
  const end = change.offset + length;
  for (let at = change.offset; at < end;) {
    const next = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR);
    // Past its end a file grows with the bytes that make it longer, and not without them.
    if ((change.kind === 'write' || next <= file.size()) && isKept()) put(file, change, at, next);
    at = next;
  }
}

function put(file: HostFile, change: Extract<Change, { kind: 'write' | 'clear' }>, from: number, to: number): void {
  sector.bytes.fill(0);
  if (change.kind === 'write') sector.bytes.set(change.bytes.subarray(from - change.offset, to - change.offset));
  file.write(sector, 0, to - from, from);
}

const sector = allocate(SECTOR);
