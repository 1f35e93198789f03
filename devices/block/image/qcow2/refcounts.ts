/** How often each cluster of the file is used: a table of blocks of counters, 1 to 64 bits each. */
import { assert } from '#shared/lang/assert.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { ImageError } from '../image.ts';
import { corrupt, host } from './errors.ts';
import { isPlace, u64 } from './header.ts';
import { readPadded } from './padded.ts';
import type { Qcow2File } from './qcow2-file.ts';
import { ENTRY_SIZE, MAX_REFCOUNT_TABLE, TWO_32 } from './spec.ts';
import { TableCache } from './table-cache.ts';

const CACHE_BUDGET = 1 << 20;

export class Refcounts {
  readonly #image: Qcow2File;
  readonly #cache: TableCache;
  readonly #bits: number;
  readonly #perSlice: number;
  /** Counters of one block. */
  readonly perBlock: number;
  /** The greatest count that fits. */
  readonly max: number;
  /** Offsets of the blocks; 0: none. */
  table: Float64Array;
  tableOffset: number;

  constructor(image: Qcow2File, table: Float64Array) {
    const { refcountBits, clusterSize, refcountTableOffset } = image.header;
    this.#image = image;
    this.#bits = refcountBits;
    this.max = Math.min(2 ** refcountBits - 1, Number.MAX_SAFE_INTEGER);
    this.perBlock = (clusterSize * 8) / refcountBits;
    this.table = table;
    this.tableOffset = refcountTableOffset;
    const slices = (MAX_REFCOUNT_TABLE / ENTRY_SIZE) * Math.max(1, clusterSize / 4096);
    this.#cache = new TableCache(image.file, { clusterSize, slices, budget: CACHE_BUDGET });
    this.#perSlice = (this.#cache.sliceSize * 8) / refcountBits;
  }

  /** Whether a counter exists; where none does, the count is 0. */
  covers(cluster: number): boolean {
    return (this.table[Math.floor(cluster / this.perBlock)] ?? 0) !== 0;
  }

  /** The count, at most 2^53, or -errno. */
  get(cluster: number): number {
    const at = this.#find(cluster);
    return at === NO_BLOCK ? 0 : at < 0 ? at : this.#read(at, this.#indexIn(cluster));
  }

  /** How many counts from `cluster` on are as those of `counts` from `at` on, to the end of a slice at most; 0 where they cannot be read. */
  countEqual(cluster: number, counts: Uint32Array, at: number): number {
    const slice = this.#find(cluster);
    const first = this.#indexIn(cluster);
    const most = slice < 0 && slice !== NO_BLOCK ? 0 : Math.min(this.#perSlice - first, counts.length - at);
    let equal = 0;
    if (slice === NO_BLOCK) while (equal < most && counts[at + equal] === 0) equal++;
    else while (equal < most && this.#read(slice, first + equal) === counts[at + equal]) equal++;
    return equal;
  }

  /** Sets the counts of a run that is covered: 0 or -errno. */
  set(start: number, count: number, value: number): number {
    for (let cluster = start; cluster < start + count;) {
      const at = this.#find(cluster);
      assert(at !== NO_BLOCK, 'a refcount is set that has no block');
      if (at < 0) return at;
      const first = this.#indexIn(cluster);
      const last = Math.min(this.#perSlice, first + (start + count - cluster)) - 1;
      for (let index = first; index <= last; index++) this.#put(this.#cache.view, at, index, value);
      const written = this.#store(cluster, at, { first, last });
      if (written < 0) return written;
      cluster += last - first + 1;
    }
    return 0;
  }

  /** What was in memory is read again: the blocks were written elsewhere, or the table changed. */
  forget(): void {
    this.#cache.forget();
  }

  /** In a block that is still being made: 1 for `count` counters from `first` on. */
  fill(block: DataView, first: number, count: number): void {
    for (let index = first; index < first + count; index++) this.#put(block, 0, index, 1);
  }

  #indexIn(cluster: number): number {
    return cluster % this.#perSlice;
  }

  /** Where in the cache the slice with a cluster's counter is, NO_BLOCK or -errno. */
  #find(cluster: number): number {
    const key = Math.floor(cluster / this.#perSlice);
    const at = this.#cache.find(key);
    if (at >= 0) return at;
    const block = this.table[Math.floor(cluster / this.perBlock)] ?? 0;
    if (block === 0) return NO_BLOCK;
    const loaded = this.#cache.load(key, this.#sliceOffset(block, cluster));
    return loaded < 0 ? this.#image.hostFailed('read refcounts', loaded) : loaded;
  }

  #sliceOffset(block: number, cluster: number): number {
    return block + Math.floor((cluster % this.perBlock) / this.#perSlice) * this.#cache.sliceSize;
  }

  #store(cluster: number, at: number, { first, last }: { readonly first: number; readonly last: number }): number {
    const from = Math.floor((first * this.#bits) / 8);
    const to = Math.ceil(((last + 1) * this.#bits) / 8);
    const block = this.table[Math.floor(cluster / this.perBlock)] ?? 0;
    const offset = this.#sliceOffset(block, cluster) + from;
    const written = this.#cache.store(Math.floor(cluster / this.#perSlice), at + from, to - from, offset);
    return written < 0 ? this.#image.hostFailed('write refcounts', written) : 0;
  }

  #read(at: number, index: number): number {
    const { view } = this.#cache;
    switch (this.#bits) {
      case 64:
        return Math.min(u64(view, at + index * 8), Number.MAX_SAFE_INTEGER);
      case 32:
        return view.getUint32(at + index * 4);
      case 16:
        return view.getUint16(at + index * 2);
      default: {
        // Below a byte the first counter is in the lowest bits.
        const bit = index * this.#bits;
        return (view.getUint8(at + (bit >> 3)) >> (bit & 7)) & (2 ** this.#bits - 1);
      }
    }
  }

  #put(view: DataView, at: number, index: number, value: number): void {
    switch (this.#bits) {
      case 64:
        view.setUint32(at + index * 8, Math.floor(value / TWO_32));
        return view.setUint32(at + index * 8 + 4, value % TWO_32);
      case 32:
        return view.setUint32(at + index * 4, value);
      case 16:
        return view.setUint16(at + index * 2, value);
      default: {
        const bit = index * this.#bits;
        const mask = (2 ** this.#bits - 1) << (bit & 7);
        const byte = at + (bit >> 3);
        view.setUint8(byte, (view.getUint8(byte) & ~mask) | (value << (bit & 7)));
      }
    }
  }
}

const NO_BLOCK = -0x1_0000;

/** L2 tables and refcount blocks, at the most that their tables can name. */
const MOST_METADATA = 6 << 20;

/** Reads the table and checks where its blocks are; they and it become metadata. */
export function readRefcountTable(image: Qcow2File): Result<Float64Array, ImageError> {
  const { refcountTableOffset, refcountTableClusters, clusterSize } = image.header;
  const length = refcountTableClusters * clusterSize;
  if (!image.contains(refcountTableOffset, length)) return corrupt('its refcount table lies outside of the file');
  if (!claimClusters(image, refcountTableOffset, length)) return corrupt('its refcount table overlaps another table');
  const buffer = allocate(length);
  const read = readPadded(image.file, buffer, length, refcountTableOffset);
  if (read < 0) return host('read the refcount table', read);
  const table = new Float64Array(length / ENTRY_SIZE);
  for (let index = 0; index < table.length; index++) {
    const offset = u64(buffer.view, index * ENTRY_SIZE);
    if (offset === 0) continue;
    if (!isPlace(offset, clusterSize) || !image.contains(offset, clusterSize)) {
      return corrupt(`refcount block ${index} lies outside of the file or between clusters`);
    }
    if (!claimClusters(image, offset, clusterSize)) return corrupt(`refcount block ${index} overlaps another table`);
    table[index] = offset;
  }
  return ok(table);
}

/** Marks the clusters of a table as metadata; false where another table is there, or there are too many. */
export function claimClusters(image: Qcow2File, offset: number, length: number): boolean {
  const start = offset / image.clusterSize;
  const end = Math.ceil((offset + length) / image.clusterSize);
  for (let cluster = start; cluster < end; cluster++) {
    // A set holds no more than 2^24; no image that is used comes near.
    if (image.metadata.has(cluster) || image.metadata.size >= MOST_METADATA) return false;
    image.metadata.add(cluster);
  }
  return true;
}
