/**
 * Uses an image as a ring does: many requests at once, each at its own step, of which a random one goes on. Requests under way never
 * overlap, as a driver's do not, so that what each sector has to hold is known.
 */
import { expect } from 'chai';
import { EOPNOTSUPP } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import type { Random } from '#shared/testing/random.ts';
import type { ImageFile } from '../../image-file.ts';
import { EXTENT, NEEDS_FALLOCATE, NEEDS_WRITE, STEP_BUSY } from '../../image.ts';
import type { Qcow2Image } from '../qcow2-image.ts';
import { RecordingFile } from '../../testing/recording-file.fixture.ts';
import { SECTOR, stamp, versionsOf } from './sectors.fixture.ts';

/** A change of the disk, with the file's changes that there were when it began and when it was complete. */
export interface DiskChange {
  readonly first: number;
  readonly count: number;
  readonly version: number;
  readonly begun: number;
  readonly ended: number;
  /** A discard: what was there may have stayed. */
  readonly isHint: boolean;
}

interface Request {
  readonly first: number;
  readonly count: number;
  readonly steps: Generator<void, void>;
}

const MOST_STEPS_WITHOUT_END = 20_000;

export class ImageRing {
  /** What the guest has to read, by sector. */
  readonly versions: Int32Array;
  readonly changes: DiskChange[] = [];
  readonly #image: Qcow2Image;
  readonly #files: readonly ImageFile[];
  readonly #random: Random;
  readonly #requests: Request[] = [];
  #isSyncing = false;
  #version: number;

  /** `files` are the image's. Sectors of versions up to `lastVersion` are there already. */
  constructor(image: Qcow2Image, files: readonly ImageFile[], { versions, random }: { versions: Int32Array; random: Random }) {
    this.#image = image;
    this.#files = files;
    this.#random = random;
    this.versions = versions;
    this.#version = versions.reduce((most, version) => Math.max(most, version), 0);
  }

  /** `count` random requests of up to `longest` sectors, up to `depth` at once; returns when all have ended. */
  run(count: number, depth: number, longest: number): void {
    for (let begun = 0; begun < count || this.#requests.length > 0;) {
      if (begun < count && this.#requests.length < depth && this.#random.oneIn(2)) {
        this.#begin(longest);
        begun++;
      }
      this.#step();
    }
  }

  flush(): void {
    this.#add(0, 0, this.#flush());
    while (this.#requests.length > 0) this.#step();
  }

  /** Reads all of the disk. */
  read(): Int32Array {
    const found = new Int32Array(this.versions.length);
    const step = 4096;
    for (let first = 0; first < found.length; first += step) {
      const count = Math.min(step, found.length - first);
      found.set(versionsOf(readNow(this.#image, this.#files, { first, count }), first), first);
    }
    return found;
  }

  #begin(longest: number): void {
    const random = this.#random;
    const sectors = this.versions.length;
    const first = random.below(sectors);
    const count = Math.min(sectors - first, 1 + random.below(random.oneIn(4) ? longest : Math.min(longest, 16)));
    if (this.#requests.some((one) => first < one.first + one.count && one.first < first + count)) return;
    const kind = random.below(20);
    if (kind < 9) this.#add(first, count, this.#write(first, count, ++this.#version));
    else if (kind < 14) this.#add(first, count, this.#read(first, count));
    else if (kind < 16) this.#add(first, count, this.#erase(first, count, undefined));
    else if (kind < 17) this.#add(first, count, this.#erase(first, count, true));
    else if (kind < 18) this.#add(first, count, this.#erase(first, count, false));
    else this.#add(0, 0, this.#flush());
  }

  #add(first: number, count: number, steps: Generator<void, void>): void {
    this.#requests.push({ first, count, steps });
  }

  #stepsWithoutEnd = 0;

  #step(): void {
    if (this.#image.durability.wantsSync && !this.#isSyncing) this.#add(0, 0, this.#flush());
    if (this.#requests.length === 0) return;
    const index = this.#random.below(this.#requests.length);
    const done = this.#requests[index]?.steps.next().done === true;
    this.#stepsWithoutEnd = done ? 0 : this.#stepsWithoutEnd + 1;
    if (done) this.#requests.splice(index, 1);
    expect(this.#stepsWithoutEnd, 'steps without the end of a request').to.be.below(MOST_STEPS_WITHOUT_END);
  }

  get #now(): number {
    const file = this.#files[0];
    return file instanceof RecordingFile ? file.changes.length : 0;
  }

  *#write(first: number, count: number, version: number): Generator<void, void> {
    const begun = this.#now;
    const data = allocate(count * SECTOR);
    stamp(data.bytes, version, first, count);
    yield* this.#writeBytes(first * SECTOR, data);
    this.versions.fill(version, first, first + count);
    this.changes.push({ first, count, version, begun, ended: this.#now, isHint: false });
  }

  *#writeBytes(offset: number, data: NativeBuffer): Generator<void, void> {
    const image = this.#image;
    for (let done = 0; done < data.bytes.length;) {
      const kind = image.locateWrite(offset + done, data.bytes.length - done);
      if (kind === EXTENT.busy) {
        yield;
        continue;
      }
      expect(kind, image.error).to.be.oneOf([EXTENT.data, EXTENT.fresh]);
      const { file, offset: place, length, claim } = image.extent;
      expect(length).to.be.within(1, data.bytes.length - done);
      const hold = image.durability.hold();
      yield;
      // A transfer that failed: the request is made again.
      const fails = kind === EXTENT.fresh && this.#random.oneIn(20);
      if (!fails) expect(this.#files[file]?.write(data, done, length, place)).to.equal(0);
      image.durability.release(hold);
      yield;
      if (fails) image.abandon(claim);
      else if (kind === EXTENT.fresh) yield* this.#publish(claim);
      done += fails ? 0 : length;
    }
  }

  *#publish(claim: number): Generator<void, void> {
    while (this.#image.needsBarrier(claim)) yield;
    yield;
    expect(this.#image.publish(claim), this.#image.error).to.equal(0);
  }

  *#read(first: number, count: number): Generator<void, void> {
    const data = allocate(count * SECTOR);
    for (let done = 0; done < data.bytes.length;) {
      const kind = this.#image.locateRead(first * SECTOR + done, data.bytes.length - done);
      expect(kind, this.#image.error).to.be.oneOf([EXTENT.data, EXTENT.zeros, EXTENT.bytes]);
      const { file, offset, length } = this.#image.extent;
      const hold = this.#image.durability.hold();
      if (kind === EXTENT.bytes) data.bytes.set(this.#image.bytes.subarray(offset, offset + length), done);
      yield;
      if (kind === EXTENT.data) expect(this.#files[file]?.read(data, done, length, offset)).to.equal(length);
      this.#image.durability.release(hold);
      done += length;
    }
    expect([...versionsOf(data.bytes, first)]).to.deep.equal([...this.versions.subarray(first, first + count)]);
  }

  /** `mayUnmap` undefined: a discard. */
  *#erase(first: number, count: number, mayUnmap: boolean | undefined): Generator<void, void> {
    const begun = this.#now;
    const end = (first + count) * SECTOR;
    for (let offset = first * SECTOR; offset < end;) {
      const image = this.#image;
      const step = mayUnmap === undefined ? image.discard(offset, end - offset) : image.writeZeroes(offset, end - offset, mayUnmap);
      if (step === STEP_BUSY) {
        yield;
        continue;
      }
      expect(step, image.error).to.be.oneOf([0, NEEDS_FALLOCATE, NEEDS_WRITE]);
      const { offset: place, length } = image.extent;
      expect(length).to.be.within(1, end - offset);
      if (step === NEEDS_FALLOCATE) {
        const hold = image.durability.hold();
        yield;
        this.#fallocate(place, length);
        image.durability.release(hold);
      }
      if (step === NEEDS_WRITE) yield* this.#writeBytes(offset, allocate(length));
      offset += length;
      yield;
    }
    this.#erased({ first, count, begun, isHint: mayUnmap === undefined });
  }

  #fallocate(place: number, length: number): void {
    const done = this.#files[0]?.allocate(this.#image.mode, place, length);
    if (done === -EOPNOTSUPP) expect(this.#files[0]?.write(allocate(length), 0, length, place)).to.equal(0);
    else expect(done).to.equal(0);
  }

  #erased({ first, count, begun, isHint }: { first: number; count: number; begun: number; isHint: boolean }): void {
    if (isHint) {
      const found = versionsOf(readNow(this.#image, this.#files, { first, count }), first);
      for (const [index, version] of found.entries()) {
        if (version !== 0) expect(version).to.equal(this.versions[first + index]);
        this.versions[first + index] = version;
      }
    } else {
      this.versions.fill(0, first, first + count);
    }
    this.changes.push({ first, count, version: 0, begun, ended: this.#now, isHint });
  }

  *#flush(): Generator<void, void> {
    while (this.#isSyncing) yield;
    this.#isSyncing = true;
    const file = this.#files[0];
    const ticket = this.#image.durability.syncBegins();
    if (file instanceof RecordingFile) file.syncBegins();
    yield;
    const result = file?.sync() ?? 0;
    this.#isSyncing = false;
    this.#image.durability.syncEnds(ticket, result);
  }
}

/** Sectors as the guest would read them now. */
export function readNow(image: Qcow2Image, files: readonly ImageFile[], { first, count }: { first: number; count: number }): Uint8Array {
  const data = allocate(count * SECTOR);
  for (let done = 0; done < data.bytes.length;) {
    const kind = image.locateRead(first * SECTOR + done, data.bytes.length - done);
    expect(kind, image.error).to.be.oneOf([EXTENT.data, EXTENT.zeros, EXTENT.bytes]);
    const { file, offset, length } = image.extent;
    if (kind === EXTENT.bytes) data.bytes.set(image.bytes.subarray(offset, offset + length), done);
    if (kind === EXTENT.data) expect(files[file]?.read(data, done, length, offset)).to.equal(length);
    done += length;
  }
  return data.bytes;
}
