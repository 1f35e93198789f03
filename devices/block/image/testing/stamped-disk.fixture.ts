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
    this.versions.fill(version, first, first + length / SECTOR);
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
    this.versions.fill(0, offset / SECTOR, (offset + length) / SECTOR);
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

/** The sectors that hold neither what `versions` says nor any of the other versions that `allowed` lists for them; up to ten. */
export function wrongSectors(content: Uint8Array, versions: Uint32Array, allowed?: ReadonlyMap<number, ReadonlySet<number>>): string[] {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const wrong: string[] = [];
  for (let sector = 0; sector < versions.length && wrong.length < 10; sector++) {
    const found = versionOf(view, sector);
    if (found !== undefined && (found === versions[sector] || allowed?.get(sector)?.has(found) === true)) continue;
    wrong.push(`sector ${sector}: ${found ?? 'torn'} instead of ${versions[sector]}`);
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
function versionOf(view: DataView, sector: number): number | undefined {
  const at = sector * SECTOR;
  const version = view.getUint32(at, true);
  for (let word = 0; word < WORDS; word += 2) {
    const expected = version === 0 ? 0 : sector;
    if (view.getUint32(at + word * 4, true) !== version || view.getUint32(at + word * 4 + 4, true) !== expected) return undefined;
  }
  return version;
}
