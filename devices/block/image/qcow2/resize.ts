/** A disk of another size. No request is under way. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EIO } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { EXTENT, type Image, type ImageError, NEEDS_FALLOCATE, NEEDS_WRITE, STEP_BUSY } from '../image.ts';
import type { Allocator } from './allocator.ts';
import { host, unsupported } from './errors.ts';
import { l1Entries, setU64 } from './header.ts';
import type { Mapping } from './mapping.ts';
import { COPIED, ENTRY_SIZE, HEADER, MAX_L1_TABLE, SECTOR, TWO_32 } from './spec.ts';

export interface ResizeDependencies {
  readonly mapping: Mapping;
  readonly allocator: Allocator;
  readonly hasSnapshots: boolean;
  /** fdatasync, and what goes on after it: 0 or -errno. */
  readonly sync: () => number;
}

/** Busy answers in a row that an fdatasync has to end. */
const MOST_WAITS = 64;

export class Resizer {
  readonly #image: Image;
  readonly #parts: ResizeDependencies;

  constructor(image: Image, parts: ResizeDependencies) {
    this.#image = image;
    this.#parts = parts;
  }

  resize(size: number): Result<void, ImageError> {
    const { mapping, hasSnapshots } = this.#parts;
    const { image } = mapping;
    const fault = this.#fault(size);
    if (fault !== undefined) return err({ code: 'BAD_SIZE', message: fault });
    if (size === mapping.size) return ok();
    if (image.readOnly) return unsupported('was opened for reading and keeps its size');
    if (image.corrupt) return err({ code: 'CORRUPT', message: 'is damaged and keeps its size' });
    // Its snapshots do not say how large the disk was.
    if (hasSnapshots && image.header.version === 2) return unsupported('is a qcow2 image of version 2 with snapshots and keeps its size');
    const before = mapping.size;
    const done = size < before ? this.#shrink(size) : this.#grow(size);
    if (done >= 0) return ok();
    mapping.size = before;
    return done === NOT_OVER_BACKING
      ? unsupported('is a qcow2 image of version 2 with a backing file and keeps its size')
      : host(`resize the image (${image.error})`, done);
  }

  #fault(size: number): string | undefined {
    if (!Number.isSafeInteger(size) || size <= 0 || size % SECTOR !== 0)
      return `cannot have ${size} bytes: that is not a multiple of ${SECTOR}`;
    const { clusterSize } = this.#parts.mapping.image;
    const most = (MAX_L1_TABLE / ENTRY_SIZE) * clusterSize * (clusterSize / ENTRY_SIZE);
    return size > most ? `cannot have ${size} bytes: with clusters of ${clusterSize} bytes ${most} are the most` : undefined;
  }

  #shrink(size: number): number {
    const { mapping } = this.#parts;
    // What it cannot make unreadable there would show again when the disk grows.
    if (mapping.below !== undefined && mapping.image.header.version === 2) return NOT_OVER_BACKING;
    const { clusterSize } = mapping.image;
    const erased = this.#erase(Math.ceil(size / clusterSize) * clusterSize, mapping.size, false);
    return erased < 0 ? erased : this.#writeSize(size);
  }

  #grow(size: number): number {
    const { mapping } = this.#parts;
    const { image, below } = mapping;
    const old = mapping.size;
    const shown = Math.min(size, below?.size ?? 0);
    if (shown > old && image.header.version === 2) return NOT_OVER_BACKING;
    const needed = l1Entries(size, image.clusterSize);
    const moved = needed > mapping.l1.length ? this.#moveL1(needed) : 0;
    if (moved < 0) return moved;
    mapping.size = size;
    // The end of the last cluster may have anything in it, and a backing file more than the disk had room for.
    const started = Math.min(size, Math.ceil(old / image.clusterSize) * image.clusterSize);
    const zeroed = this.#erase(old, Math.max(started, shown), true);
    if (zeroed < 0) return zeroed;
    const erased = this.#erase(Math.max(started, shown), size, false);
    return erased < 0 ? erased : this.#writeSize(size);
  }

  /** The size is in the header's first sector, and so changes at once. */
  #writeSize(size: number): number {
    const { mapping, sync } = this.#parts;
    const synced = sync();
    if (synced < 0) return synced;
    const written = mapping.image.changeHeader((view) => setU64(view, HEADER.size, size));
    if (written < 0) return written;
    mapping.size = size;
    return sync();
  }

  /** A longer L1 table at the end of the file; the old one is freed. */
  #moveL1(entries: number): number {
    const { mapping, allocator, sync } = this.#parts;
    const { image } = mapping;
    const count = Math.ceil((entries * ENTRY_SIZE) / image.clusterSize);
    const start = this.#takeAtEnd(count);
    if (start < 0) return start;
    const table = allocate(count * image.clusterSize);
    for (const [index, entry] of mapping.l1.entries()) {
      const place = entry - (entry % 2);
      table.view.setUint32(index * ENTRY_SIZE, entry % 2 === 1 ? (Math.floor(place / TWO_32) | COPIED) >>> 0 : Math.floor(place / TWO_32));
      table.view.setUint32(index * ENTRY_SIZE + 4, place % TWO_32);
    }
    const written = image.file.write(table, 0, table.bytes.length, start * image.clusterSize);
    if (written < 0) return image.hostFailed('write the L1 table', written);
    const synced = sync();
    if (synced < 0) return synced;
    const named = image.changeHeader((view) => {
      view.setUint32(HEADER.l1Size, entries);
      setU64(view, HEADER.l1Offset, start * image.clusterSize);
    });
    if (named < 0) return named;
    const old = { start: mapping.l1Offset / image.clusterSize, count: Math.ceil((mapping.l1.length * ENTRY_SIZE) / image.clusterSize) };
    const longer = new Float64Array(entries);
    longer.set(mapping.l1);
    mapping.l1 = longer;
    mapping.l1Offset = start * image.clusterSize;
    for (let index = 0; index < count; index++) image.metadata.add(start + index);
    for (let index = 0; index < old.count; index++) image.metadata.delete(old.start + index);
    allocator.free(old.start, old.count);
    return 0;
  }

  #takeAtEnd(count: number): number {
    const { allocator, sync, mapping } = this.#parts;
    for (let waits = 0; waits < MOST_WAITS; waits++) {
      const start = allocator.takeAtEnd(count);
      if (start !== 0) return start;
      const synced = sync();
      if (synced < 0) return synced;
    }
    return mapping.image.hostFailed('make room for the L1 table', -EIO);
  }

  /** Makes [from, to) read as zeros, or, where nothing is below, merely unused. */
  #erase(from: number, to: number, zeroes: boolean): number {
    const image = this.#image;
    let waits = 0;
    for (let offset = from; offset < to;) {
      const step = zeroes ? image.writeZeroes(offset, to - offset, true) : image.discard(offset, to - offset);
      if (step < 0) return step;
      if (step === STEP_BUSY) {
        if (++waits > MOST_WAITS) return this.#parts.mapping.image.hostFailed('make room for tables', -EIO);
        const synced = this.#parts.sync();
        if (synced < 0) return synced;
        continue;
      }
      waits = 0;
      const { length } = image.extent;
      const written = step === NEEDS_WRITE || step === NEEDS_FALLOCATE ? this.#writeZeros(offset, length) : 0;
      if (written < 0) return written;
      offset += length;
    }
    return 0;
  }

  /** As a ring would do it. */
  #writeZeros(from: number, length: number): number {
    const image = this.#image;
    const { image: file } = this.#parts.mapping;
    for (let offset = from; offset < from + length;) {
      const kind = image.locateWrite(offset, from + length - offset);
      if (kind === EXTENT.failed) return -EIO;
      const { claim, length: located, offset: place } = image.extent;
      // A new place is zeros.
      const cleared = kind === EXTENT.data ? file.writeZeros(place, located) : 0;
      if (cleared < 0) return cleared;
      const synced = kind === EXTENT.busy || (kind === EXTENT.fresh && image.needsBarrier(claim)) ? this.#parts.sync() : 0;
      const published = kind === EXTENT.fresh ? image.publish(claim) : 0;
      if (synced < 0 || published < 0) return Math.min(synced, published);
      if (kind !== EXTENT.busy) offset += located;
    }
    return 0;
  }
}

const NOT_OVER_BACKING = -0x1_0000;
