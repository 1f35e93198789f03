/**
 * A qcow2 image as the ring sees it.
 *
 * A qcow2 file is made of clusters. The L1 table (`mapping.ts`, whole in memory) names L2 tables (a cache of slices), which name the
 * clusters of the guest's data, or say "zeros", "compressed" or nothing: then a backing file shows (`layer.ts`), or zeros. Beside that
 * each cluster has a refcount (`refcounts.ts`): 0 free, 1 in use, more where internal snapshots share it; who writes to a shared one
 * copies it first. What is in use by one alone has the "copied" flag in the entry that names it, so that a write to it needs no look at
 * refcounts.
 *
 * Reads, and writes to what is the image's own, are answered from the mapping. Other writes make a claim (`writes.ts`) on clusters from
 * a pool (`allocator.ts`), and `publish` names them in the L2 table. In the order that power loss asks for:
 *  - dirty bit, then refcounts and size of a batch of clusters, then their use;
 *  - a new refcount block or table (`coverage.ts`), then its name, then what it counts;
 *  - a copy of an L2 table (`tables.ts`) or of data, then the entry that names it, then one less in the count of what was copied;
 *  - an entry that names a cluster no more, then the cluster's next use.
 * "Then" is an fdatasync each time, which the ring makes for its own reasons or because we ask (`durability.ts`). So counts are never
 * too low; what is counted and unused after a crash is found at the next opening (`rebuild.ts`), as the dirty bit asks of everyone.
 * QEMU's lazy refcounts, which may be too low while the bit is set, are never made here, and are rebuilt where they are found.
 */
import { assert } from '#shared/lang/assert.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import { EROFS } from '#shared/sys/errno.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { ImageFile } from '../image-file.ts';
import { EXTENT, type ExtentKind, type Image, type ImageError } from '../image.ts';
import { Allocator } from './allocator.ts';
import { SyncTracker } from './durability.ts';
import { Entries } from './entries.ts';
import { Eraser } from './erasing.ts';
import { host } from './errors.ts';
import type { ChainState, FilledExtent } from './layer.ts';
import type { Mapping } from './mapping.ts';
import type { Refcounts } from './refcounts.ts';
import { Resizer } from './resize.ts';
import { Tables } from './tables.ts';
import { Writer } from './writes.ts';

/** Rounds of fdatasync that what waits may take: a few, and one more for every 65536 clusters that were freed. */
const MOST_ROUNDS = 65536;

export interface Qcow2Parts {
  readonly mapping: Mapping;
  readonly refcounts: Refcounts;
  /** The image, then its backing files. */
  readonly files: readonly ImageFile[];
  readonly state: ChainState;
  readonly hasSnapshots: boolean;
  /** See `Image`. */
  readonly notice: string | undefined;
}

export class Qcow2Image implements Image {
  readonly type = 'qcow2';
  readonly files: readonly Fd[];
  readonly extent: FilledExtent = { file: 0, offset: 0, length: 0, claim: 0 };
  readonly durability: SyncTracker;
  readonly mode: number;
  readonly notice: string | undefined;
  readonly #mapping: Mapping;
  readonly #state: ChainState;
  readonly #allocator: Allocator;
  readonly #tables: Tables;
  readonly #writer: Writer;
  readonly #eraser: Eraser;
  readonly #hasSnapshots: boolean;

  constructor({ mapping, refcounts, files, state, hasSnapshots, notice }: Qcow2Parts) {
    const { image } = mapping;
    const tracker = new SyncTracker(() => this.#advance());
    this.files = files.map(({ fd }) => fd);
    this.durability = tracker;
    this.#mapping = mapping;
    this.#state = state;
    this.#hasSnapshots = hasSnapshots;
    this.notice = notice;
    this.#allocator = new Allocator({ image, refcounts, tracker });
    this.#tables = new Tables(mapping, this.#allocator, tracker);
    const entries = new Entries(mapping, this.#allocator);
    this.#writer = new Writer({ mapping, allocator: this.#allocator, tables: this.#tables, entries, tracker, files, state });
    this.#eraser = new Eraser({ mapping, allocator: this.#allocator, tables: this.#tables, entries, writer: this.#writer, state });
    this.mode = this.#eraser.mode;
  }

  get size(): number {
    return this.#mapping.size;
  }

  get clusterSize(): number {
    return this.#mapping.image.clusterSize;
  }

  get bytes(): Uint8Array {
    return this.#state.bytes;
  }

  get error(): string {
    return this.#state.error;
  }

  locateRead(offset: number, length: number): ExtentKind {
    return this.#mapping.locate(offset, length, this.extent);
  }

  locateWrite(offset: number, length: number): ExtentKind {
    if (this.#mapping.image.readOnly) return this.#refuse();
    if (this.#mapping.locateInPlace(offset, length, this.extent)) return EXTENT.data;
    return this.#writer.claim(offset, length, this.extent);
  }

  needsBarrier(claim: number): boolean {
    return this.#writer.needsBarrier(claim);
  }

  publish(claim: number): number {
    return this.#writer.publish(claim);
  }

  abandon(claim: number): void {
    this.#writer.abandon(claim);
  }

  discard(offset: number, length: number): number {
    if (this.#mapping.image.readOnly) return this.#refuseErasing();
    return this.#eraser.discard(offset, length, this.extent);
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): number {
    if (this.#mapping.image.readOnly) return this.#refuseErasing();
    return this.#eraser.writeZeroes(offset, length, { extent: this.extent, mayUnmap });
  }

  resize(size: number): Result<void, ImageError> {
    const allocator = this.#allocator;
    const resizer = new Resizer(this, { mapping: this.#mapping, allocator, hasSnapshots: this.#hasSnapshots, sync: () => this.#sync() });
    return resizer.resize(size);
  }

  close(): Result<void, ImageError> {
    const { image } = this.#mapping;
    if (image.readOnly) return ok();
    assert(this.#writer.claims.count === 0 && !this.durability.hasTransfers, 'an image is closed under requests');
    this.#allocator.stop();
    const settled = this.#settle();
    if (settled < 0) return host('flush the image', settled);
    // A damaged image keeps its mark, and its leaks.
    if (!image.corrupt) {
      const drained = this.#allocator.drain();
      if (drained < 0) return host('write refcounts', drained);
    }
    let synced = this.#sync();
    if (synced === 0 && !image.corrupt && image.dirty) {
      const cleaned = image.setDirty(false);
      synced = cleaned < 0 ? cleaned : this.#sync();
    }
    return synced < 0 ? host('flush the image', synced) : ok();
  }

  /** Everything that waits for an fdatasync goes on until nothing does. */
  #settle(): number {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const synced = this.#sync();
      if (synced < 0 || !(this.#allocator.isWaiting || this.#tables.isWaiting)) return synced;
    }
    return 0;
  }

  #sync(): number {
    const ticket = this.durability.syncBegins();
    const result = this.#mapping.image.file.sync();
    this.durability.syncEnds(ticket, result);
    // What one did not make durable no later one does.
    return this.durability.failed || result;
  }

  #advance(): void {
    this.#tables.advance();
    this.#allocator.advance();
  }

  #refuse(): ExtentKind {
    this.#state.error = 'the image was opened for reading';
    return EXTENT.failed;
  }

  #refuseErasing(): number {
    this.#refuse();
    return -EROFS;
  }
}
