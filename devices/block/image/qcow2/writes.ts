/**
 * Writes that need a place: claims of clusters, what has to be copied to them, and their end.
 *
 * A claim over something that showed zeros can be shared by many requests, and needs no barrier: its clusters are zeros, and whatever
 * part of the data a power loss leaves is what a torn write may leave. A claim over anything else gets what lies beside the write copied,
 * and is published only when that and the write are durable: before, the old data is what has to be found.
 */
import { EIO } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';
import { EXTENT, type ExtentKind } from '../image.ts';
import type { Allocator } from './allocator.ts';
import { Claims } from './claims.ts';
import type { SyncTracker } from './durability.ts';
import { ENTRY, type Entries } from './entries.ts';
import type { ChainState, FilledExtent } from './layer.ts';
import { type Mapping, NO_TABLE } from './mapping.ts';
import type { Tables } from './tables.ts';

export interface WriterDependencies {
  readonly mapping: Mapping;
  readonly allocator: Allocator;
  readonly tables: Tables;
  readonly entries: Entries;
  readonly tracker: SyncTracker;
  /** As the image's `files`. */
  readonly files: readonly ImageFile[];
  readonly state: ChainState;
}

/** Bytes of the guest. */
interface Range {
  readonly offset: number;
  readonly end: number;
}

/** What a run of clusters shows now; -errno where that cannot be told. */
const SHOWS = { zeros: 0, data: 1 } as const;

export class Writer {
  readonly claims = new Claims();
  readonly #mapping: Mapping;
  readonly #allocator: Allocator;
  readonly #tables: Tables;
  readonly #entries: Entries;
  readonly #tracker: SyncTracker;
  readonly #files: readonly ImageFile[];
  readonly #state: ChainState;
  readonly #seen: FilledExtent = { file: 0, offset: 0, length: 0, claim: 0 };
  #buffer: NativeBuffer | undefined;

  constructor(dependencies: WriterDependencies) {
    this.#mapping = dependencies.mapping;
    this.#allocator = dependencies.allocator;
    this.#tables = dependencies.tables;
    this.#entries = dependencies.entries;
    this.#tracker = dependencies.tracker;
    this.#files = dependencies.files;
    this.#state = dependencies.state;
  }

  /** As `Image.locateWrite`, where there is no place yet. */
  claim(offset: number, length: number, extent: FilledExtent): ExtentKind {
    const { clusterSize } = this.#mapping.image;
    const cluster = Math.floor(offset / clusterSize);
    const joined = this.claims.find(cluster);
    if (joined >= 0) return this.#join(joined, { offset, end: offset + length }, extent);
    if (this.claims.isFull) return EXTENT.busy;
    const at = this.#mapping.find(cluster);
    if (at < 0 && at !== NO_TABLE) return this.#failed();
    if (at >= 0 && this.#entries.kind(at, cluster) === ENTRY.damaged) return this.#failed();
    const ensured = this.#tables.ensure(Math.floor(cluster / this.#mapping.perTable));
    if (ensured !== 0) return ensured < 0 ? this.#failed(ensured) : EXTENT.busy;
    const range = { offset, end: offset + length };
    const shows = this.#shows(cluster);
    if (shows < 0) return this.#failed(shows);
    const run = this.#allocator.take(this.#countAlike(cluster, range, shows));
    if (typeof run === 'number') return run < 0 ? this.#failed(run) : EXTENT.busy;
    const number = this.claims.open(cluster, run.count, run.start * clusterSize);
    this.claims.at(number).covers = shows === SHOWS.data;
    const copied = shows === SHOWS.data ? this.#copyBeside(number, range) : 0;
    if (copied < 0) {
      this.abandon(number);
      return this.#failed(copied);
    }
    return this.#fill(number, range, extent);
  }

  needsBarrier(number: number): boolean {
    const claim = this.claims.at(number);
    if (!claim.covers || this.#tracker.failed < 0) return false;
    if (claim.epoch === 0) {
      claim.epoch = this.#tracker.epoch;
      this.#tracker.want(claim.epoch);
    }
    return !this.#tracker.isDurable(claim.epoch);
  }

  publish(number: number): number {
    const claim = this.claims.at(number);
    if (!claim.isPublished) {
      const isLost = claim.covers && (claim.epoch === 0 || !this.#tracker.isDurable(claim.epoch));
      claim.result = isLost ? this.#tracker.failed || -EIO : this.#entries.replace(claim.cluster, claim.count, claim.place);
      // Where it failed the file may have the entries all the same: the clusters stay counted, a leak.
      claim.isPublished = true;
    }
    const { result } = claim;
    if (result < 0) this.#failed(result);
    this.#leave(number);
    return result;
  }

  abandon(number: number): void {
    this.#leave(number);
  }

  #leave(number: number): void {
    const { isPublished, place, count } = this.claims.at(number);
    if (this.claims.leave(number) && !isPublished) this.#allocator.free(place / this.#mapping.image.clusterSize, count);
  }

  #failed(result = -EIO): ExtentKind {
    const { image } = this.#mapping;
    if (this.#tracker.failed < 0) image.hostFailed('flush the image', this.#tracker.failed);
    else if (image.error === '') image.hostFailed('write the image', result);
    this.#state.error = image.error;
    return EXTENT.failed;
  }

  #join(number: number, range: Range, extent: FilledExtent): ExtentKind {
    const claim = this.claims.at(number);
    if (claim.covers) return EXTENT.busy;
    claim.users++;
    return this.#fill(number, range, extent);
  }

  #fill(number: number, range: Range, extent: FilledExtent): ExtentKind {
    const { clusterSize } = this.#mapping.image;
    const claim = this.claims.at(number);
    const start = claim.cluster * clusterSize;
    extent.file = 0;
    extent.offset = claim.place + (range.offset - start);
    extent.length = Math.min(range.end, start + claim.count * clusterSize) - range.offset;
    extent.claim = number;
    return EXTENT.fresh;
  }

  /** Clusters from `cluster` on that need a place, show what it shows, and that one slice describes. */
  #countAlike(cluster: number, range: Range, shows: number): number {
    const { image, perSlice } = this.#mapping;
    const last = Math.ceil(range.end / image.clusterSize);
    const end = Math.min(last, (Math.floor(cluster / perSlice) + 1) * perSlice);
    let next = cluster + 1;
    while (next < end && this.claims.find(next) < 0 && this.#shows(next) === shows) next++;
    return next - cluster;
  }

  /** What a cluster shows that needs a place: a SHOWS, or -errno where it needs none or is damaged. */
  #shows(cluster: number): number {
    const at = this.#mapping.find(cluster);
    if (at < 0) return at;
    switch (this.#entries.kind(at, cluster)) {
      case ENTRY.zeros:
        return SHOWS.zeros;
      case ENTRY.nothing:
        return this.#mapping.below === undefined ? SHOWS.zeros : this.#showsBelow(cluster);
      case ENTRY.shared:
      case ENTRY.compressed:
        return SHOWS.data;
      default:
        return -EIO;
    }
  }

  #showsBelow(cluster: number): number {
    const { below, image, size } = this.#mapping;
    const end = Math.min((cluster + 1) * image.clusterSize, size, below?.size ?? 0);
    for (let offset = cluster * image.clusterSize; offset < end; offset += this.#seen.length) {
      const kind = below?.locate(offset, end - offset, this.#seen);
      if (kind === EXTENT.failed) {
        image.error = this.#state.error;
        return -EIO;
      }
      if (kind !== EXTENT.zeros) return SHOWS.data;
    }
    return SHOWS.zeros;
  }

  /** Copies what a claim's clusters show before and behind the bytes that will be written. */
  #copyBeside(number: number, range: Range): number {
    const { clusterSize } = this.#mapping.image;
    const claim = this.claims.at(number);
    const start = claim.cluster * clusterSize;
    const end = start + claim.count * clusterSize;
    const before = this.#copy({ offset: start, end: range.offset }, claim.place);
    if (before < 0 || range.end >= end) return before;
    return this.#copy({ offset: range.end, end }, claim.place + range.end - start);
  }

  #copy(range: Range, place: number): number {
    const { image } = this.#mapping;
    this.#buffer ??= allocate(image.clusterSize);
    for (let offset = range.offset; offset < range.end; offset += this.#seen.length) {
      const kind = this.#mapping.locate(offset, range.end - offset, this.#seen);
      const { length } = this.#seen;
      if (kind === EXTENT.zeros) continue;
      const got = this.#get(kind, this.#buffer);
      if (got < 0) return got;
      const written = image.file.write(this.#buffer, 0, length, place + offset - range.offset);
      if (written < 0) return image.hostFailed('copy a cluster', written);
    }
    return 0;
  }

  /** Brings the bytes of the extent just seen into `buffer`. */
  #get(kind: ExtentKind, buffer: NativeBuffer): number {
    const { file, offset, length } = this.#seen;
    const { image } = this.#mapping;
    if (kind === EXTENT.bytes) {
      buffer.bytes.set(this.#state.bytes.subarray(offset, offset + length));
      return 0;
    }
    if (kind !== EXTENT.data) {
      image.error = this.#state.error;
      return -EIO;
    }
    const read = this.#files[file]?.read(buffer, 0, length, offset) ?? -EIO;
    if (read < 0) return image.hostFailed('read what is to be copied', read);
    // The file has become shorter since it was located.
    return read < length ? image.hostFailed('read what is to be copied', -EIO) : 0;
  }
}
