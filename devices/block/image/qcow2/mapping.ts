/**
 * Where the clusters of the guest lie: the L1 table, whole in memory, names L2 tables, of which slices are.
 *
 * L1 entries were checked when they were read. What an L2 entry says is checked each time: it is data of the file.
 */
import { type Result, ok } from '#shared/lang/result.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { EXTENT, type ExtentKind, type ImageError } from '../image.ts';
import { compressedPlace, decompress } from './compressed.ts';
import { corrupt, host } from './errors.ts';
import { l1Entries } from './header.ts';
import type { ChainState, FilledExtent, Layer } from './layer.ts';
import { readPadded } from './padded.ts';
import type { Qcow2File } from './qcow2-file.ts';
import { claimClusters } from './refcounts.ts';
import { COMPRESSED, COPIED, ENTRY_SIZE, OFFSET_HIGH, OFFSET_LOW, TWO_32, ZERO } from './spec.ts';
import { TableCache } from './table-cache.ts';

/** There is no L2 table: nothing of what it would describe is allocated. */
export const NO_TABLE = -0x1_0000;

export interface MappingOptions {
  /** Position of the image's file among those of the chain. */
  readonly file: number;
  /** What shows where this image has nothing. */
  readonly below: Layer | undefined;
  /** Bytes for slices of L2 tables. */
  readonly cacheBudget: number;
  readonly state: ChainState;
}

export class Mapping implements Layer {
  readonly image: Qcow2File;
  /** Offsets of the L2 tables, 0 for none, plus 1 where the table is this image's alone. */
  l1: Float64Array;
  l1Offset: number;
  size: number;
  readonly below: Layer | undefined;
  readonly cache: TableCache;
  /** Clusters that one slice, and one L2 table, describes. */
  readonly perSlice: number;
  readonly perTable: number;
  readonly #file: number;
  readonly #clusterSize: number;
  /** Exact: sizes are powers of two. */
  readonly #clustersPerByte: number;
  readonly #slicesPerCluster: number;
  /** Bits of an entry's lower word that are 0 where the offset is a cluster's. */
  readonly #unaligned: number;
  readonly #state: ChainState;
  #compressed: NativeBuffer | undefined;
  /** The cluster that `#state.bytes` has, by the entry that named it. */
  #decompressedHigh = 0;
  #decompressedLow = 0;
  #decompressed: Uint8Array | undefined;

  constructor(image: Qcow2File, l1: Float64Array, options: MappingOptions) {
    const { clusterSize, size, l1Offset } = image.header;
    this.image = image;
    this.l1 = l1;
    this.l1Offset = l1Offset;
    this.size = size;
    this.below = options.below;
    this.#file = options.file;
    this.#state = options.state;
    this.#clusterSize = clusterSize;
    this.#clustersPerByte = 1 / clusterSize;
    this.perTable = clusterSize / ENTRY_SIZE;
    const slices = l1Entries(size, clusterSize) * Math.max(1, clusterSize / 4096);
    this.cache = new TableCache(image.file, { clusterSize, slices, budget: options.cacheBudget });
    this.perSlice = this.cache.sliceSize / ENTRY_SIZE;
    this.#slicesPerCluster = 1 / this.perSlice;
    this.#unaligned = (clusterSize - 1) & OFFSET_LOW;
  }

  /** Where in the cache the entry of a guest's cluster is, NO_TABLE or -errno. Hot. */
  find(cluster: number): number {
    const key = Math.floor(cluster * this.#slicesPerCluster);
    const at = this.cache.find(key);
    return at >= 0 ? at + (cluster - key * this.perSlice) * ENTRY_SIZE : this.#load(cluster, key);
  }

  locate(offset: number, length: number, extent: FilledExtent): ExtentKind {
    if (offset >= this.size) {
      extent.length = length;
      return EXTENT.zeros;
    }
    const wanted = Math.min(length, this.size - offset);
    const cluster = Math.floor(offset * this.#clustersPerByte);
    const within = offset - cluster * this.#clusterSize;
    const at = this.find(cluster);
    if (at < 0) return at === NO_TABLE ? this.#locateBelow(offset, Math.min(wanted, this.#tableRest(offset)), extent) : this.#failed();
    const { view } = this.cache;
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    if ((high & COMPRESSED) !== 0) {
      if (!this.#decompress(high, low)) return this.#failed();
      extent.offset = within;
      extent.length = Math.min(wanted, this.#clusterSize - within);
      return EXTENT.bytes;
    }
    if ((low & ZERO) !== 0) {
      if (!this.zerosAllowed(cluster)) return this.#failed();
      extent.length = this.#runOfZeros(at, this.#clusterSize - within, wanted);
      return EXTENT.zeros;
    }
    const place = (high & OFFSET_HIGH) * TWO_32 + ((low & OFFSET_LOW) >>> 0);
    if (place === 0) return this.#locateBelow(offset, this.#runOfNothing(at, this.#clusterSize - within, wanted), extent);
    if (!this.isInside(place, low, cluster)) return this.#failed();
    extent.file = this.#file;
    extent.offset = place + within;
    extent.length = this.#runOfData(at, place, { first: this.#clusterSize - within, wanted });
    return this.#clip(extent, place);
  }

  /** As `locate`, for a write that changes no table: 0 where there is no such place, or `failed`. Hot. */
  locateInPlace(offset: number, length: number, extent: FilledExtent): boolean {
    const cluster = Math.floor(offset * this.#clustersPerByte);
    const within = offset - cluster * this.#clusterSize;
    const at = this.find(cluster);
    if (at < 0) return false;
    const { view } = this.cache;
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    if ((high & (COPIED | COMPRESSED)) >> 0 !== COPIED >> 0 || (low & ZERO) !== 0) return false;
    const place = (high & OFFSET_HIGH) * TWO_32 + ((low & OFFSET_LOW) >>> 0);
    if ((low & this.#unaligned) !== 0 || !this.#isOwnData(place)) return false;
    let done = this.#clusterSize - within;
    let next = place + this.#clusterSize;
    for (let entry = at + ENTRY_SIZE; done < length && entry % this.cache.sliceSize !== 0; entry += ENTRY_SIZE) {
      if (view.getUint32(entry) !== (Math.floor(next / TWO_32) | COPIED) >>> 0 || view.getUint32(entry + 4) !== next % TWO_32) break;
      if (!this.#isOwnData(next)) break;
      done += this.#clusterSize;
      next += this.#clusterSize;
    }
    extent.file = this.#file;
    extent.offset = place + within;
    extent.length = Math.min(length, done);
    return true;
  }

  /** A cluster that a write may go to, whatever else the image says. */
  #isOwnData(place: number): boolean {
    return place > 0 && place + this.#clusterSize <= this.image.fileSize && !this.image.metadata.has(place * this.#clustersPerByte);
  }

  /** Whether an entry's place is a cluster of the file; else the image is damaged. */
  isInside(place: number, low: number, cluster: number): boolean {
    if ((low & this.#unaligned) === 0 && place < this.image.fileSize) return true;
    const what = (low & this.#unaligned) === 0 ? 'outside of the file' : 'between clusters';
    this.image.foundCorrupt(`the data of the guest's offset ${cluster * this.#clusterSize} lies ${what}`);
    return false;
  }

  zerosAllowed(cluster: number): boolean {
    if (this.image.header.version === 3) return true;
    this.image.foundCorrupt(`version 2 knows no zero cluster, as at the guest's offset ${cluster * this.#clusterSize}`);
    return false;
  }

  /** Writes `count` entries from cache position `at` on through to the file: 0 or -errno. */
  store(cluster: number, at: number, count: number): number {
    const table = this.l1[Math.floor(cluster / this.perTable)] ?? 0;
    const offset = table - (table % 2) + (cluster % this.perTable) * ENTRY_SIZE;
    const written = this.cache.store(Math.floor(cluster * this.#slicesPerCluster), at, count * ENTRY_SIZE, offset);
    return written < 0 ? this.image.hostFailed('write an L2 table', written) : 0;
  }

  #load(cluster: number, key: number): number {
    const table = this.l1[Math.floor(cluster / this.perTable)] ?? 0;
    if (table === 0) return NO_TABLE;
    const inTable = cluster % this.perTable;
    const offset = table - (table % 2) + Math.floor(inTable / this.perSlice) * this.cache.sliceSize;
    const at = this.cache.load(key, offset);
    if (at < 0) return this.image.hostFailed('read an L2 table', at);
    return at + (inTable % this.perSlice) * ENTRY_SIZE;
  }

  #failed(): ExtentKind {
    this.#state.error = this.image.error;
    return EXTENT.failed;
  }

  #locateBelow(offset: number, length: number, extent: FilledExtent): ExtentKind {
    if (this.below !== undefined) return this.below.locate(offset, length, extent);
    extent.length = length;
    return EXTENT.zeros;
  }

  /** Bytes from `offset` to the end of what its L2 table describes. */
  #tableRest(offset: number): number {
    const bytes = this.perTable * this.#clusterSize;
    return bytes - (offset % bytes);
  }

  #runOfNothing(at: number, first: number, wanted: number): number {
    const { view } = this.cache;
    let done = first;
    for (let entry = at + ENTRY_SIZE; done < wanted && entry % this.cache.sliceSize !== 0; entry += ENTRY_SIZE) {
      if ((view.getUint32(entry) & (OFFSET_HIGH | COMPRESSED)) !== 0 || (view.getUint32(entry + 4) & (OFFSET_LOW | ZERO)) !== 0) break;
      done += this.#clusterSize;
    }
    return Math.min(wanted, done);
  }

  #runOfZeros(at: number, first: number, wanted: number): number {
    const { view } = this.cache;
    let done = first;
    for (let entry = at + ENTRY_SIZE; done < wanted && entry % this.cache.sliceSize !== 0; entry += ENTRY_SIZE) {
      if ((view.getUint32(entry) & COMPRESSED) !== 0 || (view.getUint32(entry + 4) & ZERO) === 0) break;
      done += this.#clusterSize;
    }
    return Math.min(wanted, done);
  }

  #runOfData(at: number, place: number, { first, wanted }: { readonly first: number; readonly wanted: number }): number {
    const { view } = this.cache;
    let done = first;
    let next = place + this.#clusterSize;
    for (let entry = at + ENTRY_SIZE; done < wanted && entry % this.cache.sliceSize !== 0; entry += ENTRY_SIZE) {
      if ((view.getUint32(entry) & ~COPIED) !== Math.floor(next / TWO_32) || view.getUint32(entry + 4) !== next % TWO_32) break;
      done += this.#clusterSize;
      next += this.#clusterSize;
    }
    return Math.min(wanted, done);
  }

  /** A file may end inside its last cluster: the rest of that is zeros. */
  #clip(extent: FilledExtent, place: number): ExtentKind {
    const { fileSize } = this.image;
    if (extent.offset + extent.length <= fileSize) return EXTENT.data;
    if (extent.offset < fileSize) {
      extent.length = fileSize - extent.offset;
      return EXTENT.data;
    }
    extent.length = Math.min(extent.length, place + this.#clusterSize - extent.offset);
    return EXTENT.zeros;
  }

  /** Brings a compressed cluster to the chain's `bytes`. */
  #decompress(high: number, low: number): boolean {
    if (this.#decompressed === undefined || high !== this.#decompressedHigh || low !== this.#decompressedLow) {
      const bytes = this.#readCompressed(high, low);
      if (bytes === undefined) return false;
      this.#decompressed = bytes;
      this.#decompressedHigh = high;
      this.#decompressedLow = low;
    }
    this.#state.bytes = this.#decompressed;
    return true;
  }

  #readCompressed(high: number, low: number): Uint8Array | undefined {
    const { image } = this;
    const { clusterBits, zstd } = image.header;
    const { offset, length } = compressedPlace(high, low, clusterBits);
    if (offset < this.#clusterSize || offset >= image.fileSize) {
      image.foundCorrupt('a compressed cluster lies outside of the file');
      return undefined;
    }
    // The count of sectors has one bit more than a cluster needs: see what a descriptor can say.
    this.#compressed ??= allocate(2 * this.#clusterSize + 1024);
    const buffer = this.#compressed;
    const read = image.file.read(buffer, 0, Math.min(length, buffer.bytes.length), offset);
    if (read < 0) {
      image.hostFailed('read a compressed cluster', read);
      return undefined;
    }
    const bytes = decompress(buffer.bytes.subarray(0, read), this.#clusterSize, zstd);
    if (bytes === undefined) image.foundCorrupt(`the compressed cluster at ${offset} cannot be decompressed`);
    return bytes;
  }
}

/** Reads the L1 table and checks where its L2 tables are; they and it become metadata. */
export function readL1(image: Qcow2File): Result<Float64Array, ImageError> {
  const { l1Offset, l1Size, clusterSize } = image.header;
  const length = l1Size * ENTRY_SIZE;
  if (!image.contains(l1Offset, length)) return corrupt('its L1 table lies outside of the file');
  if (!claimClusters(image, l1Offset, length)) return corrupt('its L1 table overlaps another table');
  const buffer = allocate(length);
  const read = readPadded(image.file, buffer, length, l1Offset);
  if (read < 0) return host('read the L1 table', read);
  const table = new Float64Array(l1Size);
  for (let index = 0; index < l1Size; index++) {
    const high = buffer.view.getUint32(index * ENTRY_SIZE);
    const offset = (high & OFFSET_HIGH) * TWO_32 + ((buffer.view.getUint32(index * ENTRY_SIZE + 4) & OFFSET_LOW) >>> 0);
    if (offset === 0) continue;
    if (!image.contains(offset, clusterSize)) return corrupt(`L2 table ${index} lies outside of the file or between clusters`);
    if (!claimClusters(image, offset, clusterSize)) return corrupt(`L2 table ${index} overlaps another table`);
    table[index] = offset + ((high & COPIED) === 0 ? 0 : 1);
  }
  return ok(table);
}
