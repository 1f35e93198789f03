/** Discard and write-zeroes, a slice of an L2 table at a time. */
import { FALLOC } from '../image-file.ts';
import { EXTENT, NEEDS_FALLOCATE, NEEDS_WRITE, STEP_BUSY } from '../image.ts';
import { EIO } from '#shared/sys/errno.ts';
import type { Allocator } from './allocator.ts';
import { ENTRY, type Entries } from './entries.ts';
import type { ChainState, FilledExtent } from './layer.ts';
import { type Mapping, NO_TABLE } from './mapping.ts';
import { ZERO } from './spec.ts';
import type { Tables } from './tables.ts';
import type { Writer } from './writes.ts';

export interface EraserDependencies {
  readonly mapping: Mapping;
  readonly allocator: Allocator;
  readonly tables: Tables;
  readonly entries: Entries;
  readonly writer: Writer;
  readonly state: ChainState;
}

/** What is to become of a run of whole clusters. */
interface Wish {
  readonly discards: boolean;
  readonly mayUnmap: boolean;
}

const KEEP = 0;
const EMPTY = 1;
const CLEAR = 2;

export class Eraser {
  readonly mode = FALLOC.zeroRange | FALLOC.keepSize;
  readonly #mapping: Mapping;
  readonly #allocator: Allocator;
  readonly #tables: Tables;
  readonly #entries: Entries;
  readonly #writer: Writer;
  readonly #state: ChainState;

  constructor(dependencies: EraserDependencies) {
    this.#mapping = dependencies.mapping;
    this.#allocator = dependencies.allocator;
    this.#tables = dependencies.tables;
    this.#entries = dependencies.entries;
    this.#writer = dependencies.writer;
    this.#state = dependencies.state;
  }

  /** Parts of clusters stay: a discard is a hint. */
  discard(offset: number, length: number, extent: FilledExtent): number {
    const part = this.#partLength(offset, length);
    if (part > 0) {
      extent.length = part;
      return 0;
    }
    return this.#erase(offset, length, { extent, discards: true, mayUnmap: true });
  }

  writeZeroes(offset: number, length: number, { extent, mayUnmap }: { readonly extent: FilledExtent; readonly mayUnmap: boolean }): number {
    const part = this.#partLength(offset, length);
    if (part === 0) return this.#erase(offset, length, { extent, discards: false, mayUnmap });
    if (this.#writer.claims.find(Math.floor(offset / this.#mapping.image.clusterSize)) >= 0) return STEP_BUSY;
    const kind = this.#mapping.locate(offset, part, extent);
    if (kind === EXTENT.failed) return -EIO;
    if (kind === EXTENT.zeros) return 0;
    extent.length = Math.min(extent.length, part);
    return NEEDS_WRITE;
  }

  /** How many of the bytes are a part of a cluster only; 0 where the first cluster is whole. The last one may end with the disk. */
  #partLength(offset: number, length: number): number {
    const { image, size } = this.#mapping;
    const within = offset % image.clusterSize;
    if (within !== 0) return Math.min(length, image.clusterSize - within);
    return length >= image.clusterSize || offset + length === size ? 0 : length;
  }

  #erase(offset: number, length: number, wish: Wish & { readonly extent: FilledExtent }): number {
    const mapping = this.#mapping;
    const { clusterSize } = mapping.image;
    const cluster = offset / clusterSize;
    const whole = offset + length === mapping.size ? Math.ceil(length / clusterSize) : Math.floor(length / clusterSize);
    const at = mapping.find(cluster);
    const tableRest = mapping.perTable - (cluster % mapping.perTable);
    if (at < 0) {
      if (at !== NO_TABLE) return this.#failed(at);
      if (wish.discards || mapping.below === undefined) return this.#done(wish, Math.min(whole, tableRest) * clusterSize, length);
    }
    const ensured = at < 0 ? this.#tables.ensure(Math.floor(cluster / mapping.perTable)) : 0;
    if (ensured !== 0) return ensured < 0 ? this.#failed(ensured) : STEP_BUSY;
    const end = cluster + Math.min(whole, mapping.perSlice - (cluster % mapping.perSlice));
    const fate = this.#fate(cluster, wish);
    if (fate < 0) return fate === BUSY ? STEP_BUSY : this.#failed(-EIO);
    let next = cluster + 1;
    while (next < end && this.#fate(next, wish) === fate) next++;
    if (fate === KEEP) return this.#done(wish, (next - cluster) * clusterSize, length);
    if (fate === CLEAR) return this.#clear(cluster, next - cluster, wish);
    const count = this.#empty(cluster, next - cluster, wish);
    return count <= 0 ? (count === BUSY ? STEP_BUSY : this.#failed(count)) : this.#done(wish, count * clusterSize, length);
  }

  #done({ extent }: { readonly extent: FilledExtent }, bytes: number, length: number): number {
    extent.length = Math.min(bytes, length);
    return 0;
  }

  #failed(result: number): number {
    this.#state.error = this.#mapping.image.error;
    return result;
  }

  /** KEEP, EMPTY or CLEAR; BUSY, or -errno. */
  #fate(cluster: number, { discards, mayUnmap }: Wish): number {
    const { below, image } = this.#mapping;
    if (this.#writer.claims.find(cluster) >= 0) return BUSY;
    const at = this.#mapping.find(cluster);
    if (at < 0) return -EIO;
    const kind = this.#entries.kind(at, cluster);
    if (kind === ENTRY.damaged) return -EIO;
    if (kind === ENTRY.zeros) return KEEP;
    if (kind === ENTRY.nothing) return discards || below === undefined ? KEEP : EMPTY;
    // Version 2 cannot say "zeros" over a backing file; what a discard leaves is nobody's concern.
    if (discards && below !== undefined && image.header.version === 2) return KEEP;
    return kind === ENTRY.own && !mayUnmap ? CLEAR : EMPTY;
  }

  /** Own data that shall keep its place. */
  #clear(cluster: number, count: number, { extent }: { readonly extent: FilledExtent }): number {
    const { clusterSize } = this.#mapping.image;
    this.#mapping.locateInPlace(cluster * clusterSize, count * clusterSize, extent);
    return NEEDS_FALLOCATE;
  }

  /** The entries say that there are zeros; how many, BUSY or -errno. */
  #empty(cluster: number, count: number, wish: Wish): number {
    const mapping = this.#mapping;
    const ensured = this.#tables.ensure(Math.floor(cluster / mapping.perTable));
    if (ensured !== 0) return ensured < 0 ? ensured : BUSY;
    // Where the entries are durable and the counts are not, there is a leak.
    const mayFree = this.#allocator.mayFree();
    if (mayFree <= 0) return mayFree < 0 ? mayFree : BUSY;
    if (mapping.below === undefined || mapping.image.header.version === 3) {
      const replaced = this.#entries.replace(cluster, count, 0, mapping.below === undefined ? 0 : ZERO);
      return replaced < 0 ? replaced : count;
    }
    if (wish.discards) return count;
    // New clusters are zeros, durably.
    const run = this.#allocator.take(count);
    if (typeof run === 'number') return run < 0 ? run : BUSY;
    const replaced = this.#entries.replace(cluster, run.count, run.start * mapping.image.clusterSize);
    return replaced < 0 ? replaced : run.count;
  }
}

const BUSY = -0x1_0000;
