/** How often each cluster is used, counted anew from everything that uses clusters. */
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { compressedPlace } from './compressed.ts';
import type { Mapping } from './mapping.ts';
import { readPadded } from './padded.ts';
import type { Qcow2File } from './qcow2-file.ts';
import type { Refcounts } from './refcounts.ts';
import type { Snapshots } from './snapshots.ts';
import { COMPRESSED, ENTRY_SIZE, OFFSET_HIGH, OFFSET_LOW, TWO_32 } from './spec.ts';

/** Bytes of L2 tables read in all: as much as a hostile image may make us do, and more than 100 TiB of data in usual clusters take. */
const MOST_TABLES = 16 * 2 ** 30;

export interface ReferenceDependencies {
  readonly image: Qcow2File;
  readonly mapping: Mapping;
  readonly refcounts: Refcounts;
  readonly snapshots: Snapshots;
}

/** A window of the file's clusters, for large files have too many for memory. */
export class References {
  readonly #image: Qcow2File;
  readonly #mapping: Mapping;
  readonly #refcounts: Refcounts;
  readonly #snapshots: Snapshots;
  readonly #table: NativeBuffer;
  #start = 0;
  /** The cluster past the file's last one. */
  #end = 0;
  #counts = new Uint32Array(0);
  #read = 0;

  constructor(dependencies: ReferenceDependencies) {
    this.#image = dependencies.image;
    this.#mapping = dependencies.mapping;
    this.#refcounts = dependencies.refcounts;
    this.#snapshots = dependencies.snapshots;
    this.#table = allocate(this.#image.clusterSize);
  }

  /** Uses of the clusters from `start` on, or undefined: `image.error` says why. Entries that name no place of the file are no uses. */
  count(start: number, length: number): Uint32Array | undefined {
    this.#start = start;
    this.#counts = new Uint32Array(length);
    this.#end = this.#image.endCluster;
    const { header, clusterSize } = this.#image;
    this.#add(0, clusterSize);
    this.#add(this.#refcounts.tableOffset, this.#refcounts.table.length * ENTRY_SIZE);
    for (const block of this.#refcounts.table) if (block !== 0) this.#add(block, clusterSize);
    this.#add(this.#mapping.l1Offset, this.#mapping.l1.length * ENTRY_SIZE);
    for (const entry of this.#mapping.l1) if (!this.#addTable(entry - (entry % 2))) return undefined;
    if (this.#snapshots.length > 0) this.#add(header.snapshotsOffset, this.#snapshots.length);
    for (const { offset, size } of this.#snapshots.tables) if (!this.#addSnapshot(offset, size)) return undefined;
    return this.#counts;
  }

  #add(offset: number, length: number): void {
    const { clusterSize } = this.#image;
    const first = Math.max(Math.floor(offset / clusterSize), this.#start);
    const end = Math.min(Math.ceil((offset + length) / clusterSize), this.#start + this.#counts.length);
    for (let cluster = first; cluster < end; cluster++) {
      this.#counts[cluster - this.#start] = (this.#counts[cluster - this.#start] ?? 0) + 1;
    }
  }

  /** A snapshot's L1 table, whose clusters count as a table's, too. */
  #addSnapshot(offset: number, size: number): boolean {
    const length = size * ENTRY_SIZE;
    const l1 = allocate(length);
    const read = readPadded(this.#image.file, l1, length, offset);
    if (read < 0) return this.#failed(read);
    this.#add(offset, length);
    const seen = new Set<number>();
    for (let at = 0; at < length; at += ENTRY_SIZE) {
      const table = (l1.view.getUint32(at) & OFFSET_HIGH) * TWO_32 + ((l1.view.getUint32(at + 4) & OFFSET_LOW) >>> 0);
      if (table === 0 || !this.#image.contains(table, this.#image.clusterSize)) continue;
      if (seen.has(table)) {
        this.#image.error = 'a snapshot has an L2 table twice';
        return false;
      }
      seen.add(table);
      if (!this.#addTable(table)) return false;
    }
    return true;
  }

  /** An L2 table and all that it names. */
  #addTable(offset: number): boolean {
    if (offset === 0) return true;
    const { clusterSize, file } = this.#image;
    this.#add(offset, clusterSize);
    this.#read += clusterSize;
    if (this.#read > MOST_TABLES) {
      this.#image.error = 'it has more tables than can be looked through here';
      return false;
    }
    const read = readPadded(file, this.#table, clusterSize, offset);
    if (read < 0) return this.#failed(read);
    const { view } = this.#table;
    for (let at = 0; at < clusterSize; at += ENTRY_SIZE) {
      const high = view.getUint32(at);
      const low = view.getUint32(at + 4);
      if (((high & OFFSET_HIGH) | (low & OFFSET_LOW)) !== 0) this.#addEntry(high, low);
    }
    return true;
  }

  #addEntry(high: number, low: number): void {
    const { clusterSize, header, fileSize } = this.#image;
    if ((high & COMPRESSED) !== 0) {
      const { offset, length } = compressedPlace(high, low, header.clusterBits);
      if (offset >= clusterSize && offset < fileSize) this.#add(offset, length);
      return;
    }
    const place = (high & OFFSET_HIGH) * TWO_32 + ((low & OFFSET_LOW) >>> 0);
    const cluster = place / clusterSize;
    if (cluster !== Math.floor(cluster) || cluster >= this.#end) return;
    const index = cluster - this.#start;
    if (index >= 0 && index < this.#counts.length) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  #failed(result: number): boolean {
    this.#image.hostFailed('read the tables', result);
    return false;
  }
}
