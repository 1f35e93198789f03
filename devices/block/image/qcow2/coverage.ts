/**
 * New refcount blocks, for clusters past those that the present ones count, and a longer refcount table where they do not fit.
 *
 * Blocks (and the table) are made at the end of the file and count themselves. They are written and made durable; only then the table,
 * or the header, names them; and only when that is durable, too, something may lie in the clusters that they count.
 */
import { EFBIG, EIO } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { SyncTracker } from './durability.ts';
import { setU64 } from './header.ts';
import type { Qcow2File } from './qcow2-file.ts';
import type { Refcounts } from './refcounts.ts';
import { ENTRY_SIZE, HEADER, MAX_REFCOUNT_TABLE } from './spec.ts';

/** Clusters from `start` on: blocks first, then the table, if it moves. */
interface Region {
  readonly start: number;
  readonly blocks: number;
  readonly tableClusters: number;
}

export interface CoverageDependencies {
  readonly image: Qcow2File;
  readonly refcounts: Refcounts;
  readonly tracker: SyncTracker;
}

export class Coverage {
  readonly #image: Qcow2File;
  readonly #refcounts: Refcounts;
  readonly #tracker: SyncTracker;
  #region: Region | undefined;
  #isLinked = false;
  #epoch = 0;

  constructor({ image, refcounts, tracker }: CoverageDependencies) {
    this.#image = image;
    this.#refcounts = refcounts;
    this.#tracker = tracker;
  }

  /** Whether blocks are being made: nothing else may be put at the end of the file. */
  get isUnderWay(): boolean {
    return this.#region !== undefined;
  }

  /** Begins with a block for the first cluster past the end of the file: 0 or -errno. */
  begin(): number {
    const region = this.#plan();
    if (typeof region === 'number') return region;
    const written = this.#write(region);
    if (written < 0) return written;
    this.#region = region;
    this.#isLinked = false;
    this.#wait();
    return 0;
  }

  /** Goes on where what was waited for is durable. `retire` gets the clusters of a table that is no longer used. */
  advance(retire: (start: number, count: number) => void): number {
    if (this.#region === undefined || !this.#tracker.isDurable(this.#epoch)) return 0;
    if (this.#isLinked) {
      this.#region = undefined;
      return 0;
    }
    const linked = this.#region.tableClusters > 0 ? this.#moveTable(this.#region, retire) : this.#linkBlocks(this.#region);
    if (linked < 0) {
      this.#region = undefined;
      return linked;
    }
    this.#isLinked = true;
    this.#wait();
    return 0;
  }

  #wait(): void {
    this.#epoch = this.#tracker.epoch;
    this.#tracker.want(this.#epoch);
  }

  /** How many blocks and table clusters it takes that all of them are counted. */
  #plan(): Region | number {
    const { perBlock, table } = this.#refcounts;
    const { clusterSize, endCluster: start } = this.#image;
    const perCluster = clusterSize / ENTRY_SIZE;
    const first = Math.floor(start / perBlock);
    let blocks = 1;
    let tableClusters = 0;
    for (;;) {
      const last = Math.floor((start + blocks + tableClusters - 1) / perBlock);
      const wantedTable = last < table.length ? 0 : Math.max(Math.ceil((last + 1) / perCluster), (2 * table.length) / perCluster);
      if (wantedTable * clusterSize > MAX_REFCOUNT_TABLE) return this.#image.hostFailed('lengthen the refcount table', -EFBIG);
      if (last - first + 1 === blocks && wantedTable === tableClusters) break;
      blocks = last - first + 1;
      tableClusters = wantedTable;
    }
    for (let index = first; index < first + blocks; index++) {
      if ((table[index] ?? 0) === 0) continue;
      this.#image.foundCorrupt('refcounts of what lies past the end of the file');
      return -EIO;
    }
    return { start, blocks, tableClusters };
  }

  #write(region: Region): number {
    const { clusterSize, file } = this.#image;
    const { perBlock } = this.#refcounts;
    const end = region.start + region.blocks + region.tableClusters;
    const extended = this.#image.extendTo(end);
    if (extended < 0) return extended;
    const first = Math.floor(region.start / perBlock);
    for (let index = 0; index < region.blocks; index++) {
      const block = allocate(clusterSize);
      const from = Math.max(region.start, (first + index) * perBlock);
      this.#refcounts.fill(block.view, from % perBlock, Math.min(end, (first + index + 1) * perBlock) - from);
      const written = file.write(block, 0, clusterSize, (region.start + index) * clusterSize);
      if (written < 0) return this.#image.hostFailed('write a refcount block', written);
    }
    return region.tableClusters > 0 ? this.#writeTable(region) : 0;
  }

  #writeTable(region: Region): number {
    const { clusterSize, file } = this.#image;
    const { table } = this.#refcounts;
    const longer = allocate(region.tableClusters * clusterSize);
    for (const [index, offset] of table.entries()) setU64(longer.view, index * ENTRY_SIZE, offset);
    const first = Math.floor(region.start / this.#refcounts.perBlock);
    for (let index = 0; index < region.blocks; index++)
      setU64(longer.view, (first + index) * ENTRY_SIZE, (region.start + index) * clusterSize);
    const written = file.write(longer, 0, longer.bytes.length, (region.start + region.blocks) * clusterSize);
    return written < 0 ? this.#image.hostFailed('write the refcount table', written) : 0;
  }

  #linkBlocks(region: Region): number {
    const { clusterSize } = this.#image;
    const first = Math.floor(region.start / this.#refcounts.perBlock);
    for (let index = 0; index < region.blocks; index++) {
      const at = this.#refcounts.tableOffset + (first + index) * ENTRY_SIZE;
      const written = this.#image.writeNumber((region.start + index) * clusterSize, at);
      if (written < 0) return written;
    }
    this.#adopt(region, this.#refcounts.table);
    return 0;
  }

  #moveTable(region: Region, retire: (start: number, count: number) => void): number {
    const { clusterSize, metadata } = this.#image;
    const offset = (region.start + region.blocks) * clusterSize;
    const written = this.#image.changeHeader((view) => {
      setU64(view, HEADER.refcountTableOffset, offset);
      view.setUint32(HEADER.refcountTableClusters, region.tableClusters);
    });
    if (written < 0) return written;
    const { table, tableOffset } = this.#refcounts;
    const longer = new Float64Array((region.tableClusters * clusterSize) / ENTRY_SIZE);
    longer.set(table);
    this.#refcounts.table = longer;
    this.#refcounts.tableOffset = offset;
    this.#adopt(region, longer);
    for (let index = 0; index < region.tableClusters; index++) metadata.add(region.start + region.blocks + index);
    const old = { start: tableOffset / clusterSize, count: (table.length * ENTRY_SIZE) / clusterSize };
    for (let index = 0; index < old.count; index++) metadata.delete(old.start + index);
    retire(old.start, old.count);
    return 0;
  }

  #adopt(region: Region, table: Float64Array): void {
    const first = Math.floor(region.start / this.#refcounts.perBlock);
    for (let index = 0; index < region.blocks; index++) {
      table[first + index] = (region.start + index) * this.#image.clusterSize;
      this.#image.metadata.add(region.start + index);
    }
  }
}
