/** What an L2 entry says, and changes of several that lie together. */
import type { Allocator } from './allocator.ts';
import { compressedPlace } from './compressed.ts';
import type { Mapping } from './mapping.ts';
import { COMPRESSED, COPIED, ENTRY_SIZE, OFFSET_HIGH, OFFSET_LOW, TWO_32, ZERO } from './spec.ts';

export const ENTRY = {
  /** The guest sees what lies below. */
  nothing: 0,
  zeros: 1,
  /** Data that nobody else has. */
  own: 2,
  /** Data that a snapshot has, too. */
  shared: 3,
  compressed: 4,
  /** Damaged: `image.error` says how. */
  damaged: 5,
} as const;

export class Entries {
  readonly #mapping: Mapping;
  readonly #allocator: Allocator;

  constructor(mapping: Mapping, allocator: Allocator) {
    this.#mapping = mapping;
    this.#allocator = allocator;
  }

  /** An ENTRY: what the entry at cache position `at`, that of a guest's cluster, says. */
  kind(at: number, cluster: number): number {
    const { view } = this.#mapping.cache;
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    if ((high & COMPRESSED) !== 0) return this.#compressedKind(high, low);
    if ((low & ZERO) !== 0 && !this.#mapping.zerosAllowed(cluster)) return ENTRY.damaged;
    const place = placeOf(high, low);
    if (place !== 0) {
      if (!this.#mapping.isInside(place, low, cluster)) return ENTRY.damaged;
      if (this.#isMetadata(place)) return ENTRY.damaged;
    }
    if ((low & ZERO) !== 0) return ENTRY.zeros;
    if (place === 0) return ENTRY.nothing;
    return (high & COPIED) === 0 ? ENTRY.shared : ENTRY.own;
  }

  /** Where the own data of an entry lies. */
  place(at: number): number {
    const { view } = this.#mapping.cache;
    return placeOf(view.getUint32(at), view.getUint32(at + 4));
  }

  /**
   * Makes `count` entries name clusters from `place` on, or, where that is 0, all say `empty` (the lower word). What they named before
   * is freed. 0 or -errno. The entries were looked at: none is damaged.
   */
  replace(cluster: number, count: number, place: number, empty = 0): number {
    const mapping = this.#mapping;
    const at = mapping.find(cluster);
    if (at < 0) return at;
    const { view } = mapping.cache;
    const old = new Uint32Array(count * 2);
    for (let index = 0; index < count; index++) {
      const entry = at + index * ENTRY_SIZE;
      old[index * 2] = view.getUint32(entry);
      old[index * 2 + 1] = view.getUint32(entry + 4);
      const next = place + index * mapping.image.clusterSize;
      view.setUint32(entry, place === 0 ? 0 : (Math.floor(next / TWO_32) | COPIED) >>> 0);
      view.setUint32(entry + 4, place === 0 ? empty : next % TWO_32);
    }
    const stored = mapping.store(cluster, at, count);
    if (stored < 0) return stored;
    for (let index = 0; index < count; index++) this.#free(old[index * 2] ?? 0, old[index * 2 + 1] ?? 0);
    return 0;
  }

  #free(high: number, low: number): void {
    const { image } = this.#mapping;
    const { clusterSize } = image;
    if ((high & COMPRESSED) !== 0) {
      const { offset, length } = compressedPlace(high, low, image.header.clusterBits);
      const first = Math.floor(offset / clusterSize);
      const end = Math.min(image.endCluster, Math.ceil((offset + length) / clusterSize));
      // One by one: each compressed cluster counts once in every cluster of the file that it lies in.
      for (let cluster = first; cluster < end; cluster++) this.#allocator.free(cluster, 1);
      return;
    }
    const place = placeOf(high, low);
    if (place !== 0) this.#allocator.free(place / clusterSize, 1);
  }

  #compressedKind(high: number, low: number): number {
    const { image } = this.#mapping;
    const { offset, length } = compressedPlace(high, low, image.header.clusterBits);
    if (offset < image.clusterSize || offset >= image.fileSize) {
      image.foundCorrupt('a compressed cluster lies outside of the file');
      return ENTRY.damaged;
    }
    for (let at = offset - (offset % image.clusterSize); at < offset + length; at += image.clusterSize) {
      if (this.#isMetadata(at)) return ENTRY.damaged;
    }
    return ENTRY.compressed;
  }

  #isMetadata(place: number): boolean {
    const { image } = this.#mapping;
    if (!image.metadata.has(Math.floor(place / image.clusterSize))) return false;
    image.foundCorrupt(`what lies at ${place} is a table and said to be the guest's data`);
    return true;
  }
}

function placeOf(high: number, low: number): number {
  return (high & OFFSET_HIGH) * TWO_32 + ((low & OFFSET_LOW) >>> 0);
}
