/** L2 tables that a write needs: made where there is none, copied where a snapshot has it, too. */
import { allocate } from '#shared/sys/ffi.ts';
import type { Allocator } from './allocator.ts';
import type { SyncTracker } from './durability.ts';
import type { Mapping } from './mapping.ts';
import { readPadded } from './padded.ts';
import { COPIED, ENTRY_SIZE, TWO_32 } from './spec.ts';

export const TABLE_BUSY = 1;

interface Copy {
  /** Where the copy is. */
  readonly place: number;
  readonly epoch: number;
}

export class Tables {
  readonly #mapping: Mapping;
  readonly #allocator: Allocator;
  readonly #tracker: SyncTracker;
  /** By position in the L1 table: written, and to be durable before the L1 entry names them. */
  readonly #copies = new Map<number, Copy>();

  constructor(mapping: Mapping, allocator: Allocator, tracker: SyncTracker) {
    this.#mapping = mapping;
    this.#allocator = allocator;
    this.#tracker = tracker;
  }

  /** Whether L1 entry `index` names a table that may be written: 0, TABLE_BUSY or -errno. */
  ensure(index: number): number {
    const entry = this.#mapping.l1[index] ?? 0;
    if (entry % 2 === 1) return 0;
    if (this.#copies.has(index)) return this.#tracker.failed || TABLE_BUSY;
    const taken = this.#allocator.take(1);
    if (typeof taken === 'number') return taken < 0 ? taken : TABLE_BUSY;
    const place = taken.start * this.#mapping.image.clusterSize;
    // What comes from the pool is zeros, durably: a table that says of nothing that it is there. Where naming it fails the file may
    // have the name all the same: the cluster stays counted, a leak.
    if (entry === 0) return this.#name(index, place);
    const copied = this.#copy(index, place);
    if (copied < 0) this.#allocator.free(taken.start, 1);
    return copied;
  }

  get isWaiting(): boolean {
    return this.#copies.size > 0;
  }

  /** Copies that have become durable take the place of what they were copied from. */
  advance(): void {
    for (const [index, { place, epoch }] of this.#copies) {
      if (!this.#tracker.isDurable(epoch)) continue;
      const old = this.#mapping.l1[index] ?? 0;
      // Where the entry cannot be written the next write tries anew, with another copy.
      this.#copies.delete(index);
      const { image } = this.#mapping;
      if (this.#name(index, place) < 0) continue;
      image.metadata.delete(old / image.clusterSize);
      this.#allocator.free(old / image.clusterSize, 1);
    }
  }

  #copy(index: number, place: number): number {
    const { image, l1 } = this.#mapping;
    const buffer = allocate(image.clusterSize);
    const read = readPadded(image.file, buffer, image.clusterSize, l1[index] ?? 0);
    if (read < 0) return image.hostFailed('read an L2 table', read);
    const written = image.file.write(buffer, 0, image.clusterSize, place);
    if (written < 0) return image.hostFailed('write an L2 table', written);
    this.#copies.set(index, { place, epoch: this.#tracker.epoch });
    this.#tracker.want(this.#tracker.epoch);
    return TABLE_BUSY;
  }

  #name(index: number, place: number): number {
    const { image, l1, l1Offset } = this.#mapping;
    const high = (Math.floor(place / TWO_32) | COPIED) >>> 0;
    const written = image.writeWord(high, place % TWO_32, l1Offset + index * ENTRY_SIZE);
    if (written < 0) return written;
    l1[index] = place + 1;
    image.metadata.add(place / image.clusterSize);
    return 0;
  }
}
