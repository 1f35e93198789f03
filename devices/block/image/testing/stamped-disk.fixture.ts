/**
 * Uses an image as a ring's requests would, and remembers what it wrote. Each sector carries the number of the write that it is from:
 * so a sector tells from which write it is, or that it is torn.
 */
import { expect } from 'chai';
import { EOPNOTSUPP } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { Random } from '#shared/testing/random.ts';
import type { ImageFile } from '../image-file.ts';
import { EXTENT, type Image, NEEDS_FALLOCATE } from '../image.ts';

const SECTOR = 512;
const WORDS = SECTOR / 4;
/** More than one request may have, so that writes cross the blocks of every format. */
const LONGEST = 3 * 2 ** 20;

export class StampedDisk {
  image: Image;
  /** For each sector the number of the write that it is from; 0: zeros. */
  versions: Uint32Array<ArrayBufferLike>;
  /** Every sector that was ever written or cleared. */
  readonly touched = new Set<number>();
  readonly #file: ImageFile;
  readonly #data = allocate(LONGEST);
  #last = 0;

  /** Of an image without backing files; all zeros, or as `versions` says. */
  constructor(image: Image, file: ImageFile, versions: Uint32Array = new Uint32Array(image.size / SECTOR)) {
    this.image = image;
    this.#file = file;
    this.versions = versions;
  }

  write(offset: number, length: number): void {
    const version = ++this.#last;
    const first = offset / SECTOR;
    for (let sector = 0; sector < length / SECTOR; sector++) stamp(this.#data.view, sector * SECTOR, first + sector, version);
    for (let done = 0; done < length;) {
      const kind = this.image.locateWrite(offset + done, length - done);
      const { offset: place, length: piece } = this.image.extent;
      expect(kind, this.image.error).to.equal(EXTENT.data);
      expect(this.#file.write(this.#data, done, piece, place)).to.equal(0);
      done += piece;
    }
    this.#note(offset, length, version);
  }

  /** `how` it becomes zeros. */
  clear(offset: number, length: number, how: 'discard' | 'zero' | 'unmap'): void {
    for (let done = 0; done < length;) {
      const [from, left] = [offset + done, length - done];
      const answer = how === 'discard' ? this.image.discard(from, left) : this.image.writeZeroes(from, left, how === 'unmap');
      const { extent, mode } = this.image;
      if (answer === NEEDS_FALLOCATE) this.#allocate(mode, extent.offset, Math.min(extent.length, LONGEST));
      else expect(answer).to.equal(0);
      done += answer === NEEDS_FALLOCATE ? Math.min(extent.length, LONGEST) : extent.length;
    }
    this.#note(offset, length, 0);
  }

  #note(offset: number, length: number, version: number): void {
    const [first, end] = [offset / SECTOR, (offset + length) / SECTOR];
    this.versions.fill(version, first, end);
    for (let sector = first; sector < end; sector++) this.touched.add(sector);
  }

  /** Not every file system knows every mode; zeros that are written do as well. */
  #allocate(mode: number, offset: number, length: number): void {
    const done = this.#file.allocate(mode, offset, length);
    if (done !== -EOPNOTSUPP) return void expect(done).to.equal(0);
    this.#data.bytes.fill(0, 0, length);
    expect(this.#file.write(this.#data, 0, length, offset)).to.equal(0);
  }

  flush(): void {
    expect(this.#file.sync()).to.equal(0);
  }

  /** The disk grew by zeros. */
  grown(): void {
    const before = this.versions;
    this.versions = new Uint32Array(this.image.size / SECTOR);
    this.versions.set(before);
  }

  /** A random write, discard or zeroing of up to `longest` bytes. */
  step(random: Random, longest = LONGEST): void {
    const sectors = this.image.size / SECTOR;
    const first = random.below(sectors);
    const most = Math.min(sectors - first, random.oneIn(4) ? longest / SECTOR : 16);
    const [offset, length] = [first * SECTOR, (1 + random.below(most)) * SECTOR];
    const how = random.pick(['write', 'write', 'write', 'discard', 'zero', 'unmap'] as const);
    if (how === 'write') this.write(offset, length);
    else this.clear(offset, length, how);
  }

  /** Sectors of the image, as its requests see them; all others are left zeros. */
  readSectors(sectors: Iterable<number>): Uint8Array {
    const content = new Uint8Array(this.image.size);
    for (const sector of sectors) {
      const kind = this.image.locateRead(sector * SECTOR, SECTOR);
      if (kind === EXTENT.zeros) continue;
      expect(kind, this.image.error).to.equal(EXTENT.data);
      expect(this.#file.read(this.#data, 0, SECTOR, this.image.extent.offset)).to.equal(SECTOR);
      content.set(this.#data.bytes.subarray(0, SECTOR), sector * SECTOR);
    }
    return content;
  }

  /** All of the image, as its requests see it. */
  read(): Uint8Array {
    const content = new Uint8Array(this.image.size);
    for (let at = 0; at < content.length;) {
      const kind = this.image.locateRead(at, Math.min(LONGEST, content.length - at));
      const { offset, length } = this.image.extent;
      if (kind !== EXTENT.zeros) {
        expect(kind, this.image.error).to.equal(EXTENT.data);
        expect(this.#file.read(this.#data, 0, length, offset)).to.equal(length);
        content.set(this.#data.bytes.subarray(0, length), at);
      }
      at += length;
    }
    return content;
  }
}

/** What one sector must hold: the write that it is from, and others that will do as well. */
export interface Expected {
  readonly sector: number;
  readonly version: number;
  readonly others: ReadonlySet<number>;
}

/** The sectors that hold something else than `versions` says; up to ten. */
export function wrongSectors(content: Uint8Array, versions: Uint32Array): string[] {
  const others = new Set<number>();
  return wrongAmong(
    content,
    Array.from(versions, (version, sector) => ({ sector, version, others })),
  );
}

export function wrongAmong(content: Uint8Array, all: Iterable<Expected>): string[] {
  const words = new Uint32Array(content.buffer, content.byteOffset, content.length / 4);
  const wrong: string[] = [];
  for (const { sector, version, others } of all) {
    const found = versionOf(words, sector);
    if (found === version || (found !== undefined && others.has(found))) continue;
    wrong.push(`sector ${sector}: ${found ?? 'torn'} instead of ${version}`);
    if (wrong.length === 10) break;
  }
  return wrong;
}

/** The bytes of a disk of `versions`. */
export function stampedBytes(versions: Uint32Array): Uint8Array {
  const content = new Uint8Array(versions.length * SECTOR);
  const view = new DataView(content.buffer);
  for (const [sector, version] of versions.entries()) if (version !== 0) stamp(view, sector * SECTOR, sector, version);
  return content;
}

function stamp(view: DataView, at: number, sector: number, version: number): void {
  for (let word = 0; word < WORDS; word += 2) {
    view.setUint32(at + word * 4, version, true);
    view.setUint32(at + word * 4 + 4, sector, true);
  }
}

/** Undefined where the sector is of no one write. */
function versionOf(words: Uint32Array, sector: number): number | undefined {
  const at = sector * WORDS;
  const version = words[at] ?? 0;
  const second = version === 0 ? 0 : sector;
  for (let word = at; word < at + WORDS; word += 2) if (words[word] !== version || words[word + 1] !== second) return undefined;
  return version;
}
