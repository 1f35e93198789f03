/**
 * Clusters: where new ones come from, and what becomes of those that are no longer used.
 *
 * A write must not wait for refcounts to be durable, and after a power loss nothing may be used that is not counted. So clusters come
 * from a pool: counted, zeroed and inside the file, all of it durable, a batch at a time. What is in the pool when the process dies is
 * counted and not used, a leak, which the dirty bit of the header tells the next one who opens the image to look for.
 *
 * What is freed stays as it is until the change that freed it is durable and no transfer uses it; then it is cleared; and when that is
 * durable, too, it goes to the pool, or, where the pool has enough, its count becomes 0.
 */
import { EIO } from '#shared/sys/errno.ts';
import { Coverage, type CoverageDependencies } from './coverage.ts';
import type { SyncTracker } from './durability.ts';
import type { Qcow2File } from './qcow2-file.ts';
import type { Refcounts } from './refcounts.ts';

export interface Run {
  start: number;
  count: number;
}

interface Waiting extends Run {
  readonly epoch: number;
}

interface Freed extends Waiting {
  readonly generation: number;
}

const FIRST_BATCH = 1 << 20;
const LARGEST_BATCH = 64 << 20;
const MOST_IN_BATCH = 4096;
/** Counters looked at in one go: some 1 ms. */
const SCAN = 65536;
/** Holes are punched one by one, and each takes some 10 us. */
const MOST_HOLES = 256;

export class Allocator {
  readonly #image: Qcow2File;
  readonly #refcounts: Refcounts;
  readonly #tracker: SyncTracker;
  readonly #coverage: Coverage;
  readonly #pool: Run[] = [];
  #pooled = 0;
  /** Counted, and not yet durably so. */
  #reserved: { readonly runs: readonly Run[]; readonly epoch: number } | undefined;
  #freed: Freed[] = [];
  #cleared: Waiting[] = [];
  #batch: number;
  /** Every cluster before this is used. */
  #scanFrom = 1;
  /** Whether anybody writes what needs clusters. */
  #wasAsked = false;
  /** Why the pool could not be filled. */
  #failed = 0;
  /** The epoch in which the dirty bit was set. */
  #marked = 0;

  constructor(dependencies: CoverageDependencies) {
    this.#image = dependencies.image;
    this.#refcounts = dependencies.refcounts;
    this.#tracker = dependencies.tracker;
    this.#coverage = new Coverage(dependencies);
    this.#batch = Math.min(MOST_IN_BATCH, Math.max(8, FIRST_BATCH / this.#image.clusterSize));
  }

  /** Up to `wanted` clusters that lie together; 0: none yet; -errno: there will be none. */
  take(wanted: number): Run | number {
    if (this.#pooled < this.#batch / 2) this.#refill();
    const run = this.#pool.at(-1);
    if (run === undefined) return this.#tracker.failed || this.#failed;
    const taken = { start: run.start, count: Math.min(wanted, run.count) };
    run.start += taken.count;
    run.count -= taken.count;
    this.#pooled -= taken.count;
    if (run.count === 0) this.#pool.pop();
    return taken;
  }

  /** Whether a change may leave clusters without one of their users: 1, 0 where an fdatasync has to come first, or -errno. */
  mayFree(): number {
    if (this.#isMarked()) return 1;
    return Math.min(this.#tracker.failed || this.#failed, 0);
  }

  /** Clusters that a change just made leaves without one of their users. */
  free(start: number, count: number): void {
    const { epoch, generation } = this.#tracker;
    const last = this.#freed.at(-1);
    const isNext = last !== undefined && last.epoch === epoch && last.generation === generation && last.start + last.count === start;
    if (isNext && last.count < MOST_IN_BATCH) {
      last.count += count;
    } else {
      this.#freed.push({ start, count, epoch, generation });
    }
    this.#tracker.want(epoch);
    this.#isMarked();
  }

  /** What waited for an fdatasync goes on. */
  advance(): void {
    if (this.#tracker.failed < 0) return;
    const grown = this.#coverage.advance((start, count) => this.free(start, count));
    if (grown < 0) this.#failed = grown;
    if (this.#reserved !== undefined && this.#tracker.isDurable(this.#reserved.epoch)) {
      for (const run of this.#reserved.runs.toReversed()) this.#put(run);
      this.#reserved = undefined;
    }
    // Where something contradicts itself, what seems free may be in use.
    if (!this.#image.corrupt) {
      this.#recycle();
      this.#clearFreed();
    }
    if (this.#wasAsked && this.#pooled < this.#batch / 2) this.#refill();
  }

  /** Whether an fdatasync would bring something on. */
  get isWaiting(): boolean {
    const reusable = this.#image.corrupt ? 0 : this.#freed.length + this.#cleared.length;
    return this.#coverage.isUnderWay || this.#reserved !== undefined || reusable > 0;
  }

  #put(run: Run): void {
    this.#pool.push({ start: run.start, count: run.count });
    this.#pooled += run.count;
  }

  #refill(): void {
    this.#wasAsked = true;
    if (this.#reserved !== undefined || this.#coverage.isUnderWay || this.#tracker.failed < 0) return;
    this.#failed = 0;
    if (!this.#isMarked()) return;
    const runs = this.#image.corrupt ? [] : this.#findFree();
    const found = runs.reduce((sum, { count }) => sum + count, 0);
    if (found < this.#batch / 2) {
      this.#failed = this.#extend(runs);
      if (this.#failed < 0 && found === 0) return;
    }
    this.#failed = this.#count(runs);
    if (this.#failed < 0) return;
    // Where nothing was found an fdatasync brings the next try: what asked is waiting.
    this.#tracker.want(this.#tracker.epoch);
    if (runs.length === 0) return;
    this.#reserved = { runs, epoch: this.#tracker.epoch };
    const largest = Math.min(MOST_IN_BATCH, Math.max(8, LARGEST_BATCH / this.#image.clusterSize));
    this.#batch = Math.min(largest, this.#batch * 2);
  }

  /** Whether the header says, durably, that there may be leaks. Before that there must be none. */
  #isMarked(): boolean {
    if (this.#image.header.version === 3 && !this.#image.dirty) {
      this.#failed = this.#image.setDirty(true);
      if (this.#failed < 0) return false;
      this.#marked = this.#tracker.epoch;
      this.#tracker.want(this.#marked);
    }
    return this.#tracker.isDurable(this.#marked);
  }

  /** Sets the counts of what was found. */
  #count(runs: readonly Run[]): number {
    for (const { start, count } of runs) {
      const set = this.#refcounts.set(start, count, 1);
      if (set < 0) return set;
    }
    return 0;
  }

  /** Clusters inside the file that nobody uses, cleared. */
  #findFree(): Run[] {
    const runs: Run[] = [];
    const end = Math.min(this.#image.endCluster, this.#scanFrom + SCAN);
    let left = this.#batch;
    let cluster = this.#scanFrom;
    for (; cluster < end && left > 0 && runs.length < MOST_HOLES; cluster++) {
      if (!this.#isFree(cluster)) continue;
      addTo(runs, cluster);
      left--;
    }
    this.#scanFrom = cluster;
    return runs.filter(({ start, count }) => this.#clear(start, count) === 0);
  }

  #isFree(cluster: number): boolean {
    return this.#refcounts.covers(cluster) && this.#refcounts.get(cluster) === 0 && !this.#image.metadata.has(cluster);
  }

  /** Adds clusters past the end of the file, as far as one refcount block counts them; begins a new block where there is none. */
  #extend(runs: Run[]): number {
    const start = this.#image.endCluster;
    if (!this.#refcounts.covers(start)) return this.#coverage.begin();
    const { perBlock } = this.#refcounts;
    const end = start + Math.min(this.#batch, perBlock - (start % perBlock));
    const extended = this.#image.extendTo(end);
    if (extended < 0) return extended;
    for (let cluster = start; cluster < end; cluster++) {
      if (this.#isFree(cluster)) addTo(runs, cluster);
    }
    return 0;
  }

  #clear(start: number, count: number): number {
    const { clusterSize } = this.#image;
    return this.#image.clear(start * clusterSize, count * clusterSize);
  }

  /** Freed clusters whose end is durable and that no transfer uses lose a count, or what is in them. */
  #clearFreed(): void {
    let left = SCAN;
    let done = 0;
    for (const freed of this.#freed) {
      if (!this.#tracker.isDurable(freed.epoch) || !this.#tracker.isUnused(freed.generation) || left <= 0) break;
      this.#discount(freed);
      left -= Math.max(freed.count, SCAN / MOST_HOLES);
      done++;
    }
    this.#freed = this.#freed.slice(done);
    if (left <= 0 && this.#freed.length > 0) this.#tracker.want(this.#tracker.epoch);
  }

  #discount({ start, count }: Run): void {
    const unused: Run[] = [];
    for (let cluster = start; cluster < start + count; cluster++) {
      const users = this.#refcounts.get(cluster);
      if (users === 1) addTo(unused, cluster);
      else if (users > 1 && users < Number.MAX_SAFE_INTEGER) this.#refcounts.set(cluster, 1, users - 1);
      else if (users === 0) this.#image.foundCorrupt(`cluster ${cluster} was used and has a refcount of 0`);
    }
    const { epoch } = this.#tracker;
    for (const run of unused) {
      // What cannot be cleared stays counted: a leak.
      if (this.#clear(run.start, run.count) === 0) this.#cleared.push({ ...run, epoch });
    }
    if (this.#pooled < this.#batch / 2) this.#tracker.want(epoch);
  }

  /** Clusters that are durably cleared are as good as new ones. */
  #recycle(): void {
    const ready = this.#cleared.filter(({ epoch }) => this.#tracker.isDurable(epoch));
    if (ready.length === 0) return;
    this.#cleared = this.#cleared.filter(({ epoch }) => !this.#tracker.isDurable(epoch));
    for (const run of ready) {
      if (this.#pooled < this.#batch) this.#put(run);
      else this.release(run.start, run.count);
    }
  }

  /** Clusters that nobody uses: their count becomes 0. */
  release(start: number, count: number): number {
    this.#scanFrom = Math.min(this.#scanFrom, start);
    return this.#refcounts.set(start, count, 0);
  }

  /** Counts what lies from the end of the file on, `count` clusters together: the first one, -errno, or 0 where an fdatasync must come first. */
  takeAtEnd(count: number): number {
    if (!this.#isMarked()) return this.#failed;
    if (this.#coverage.isUnderWay || this.#reserved !== undefined) return 0;
    const start = this.#image.endCluster;
    for (let cluster = start; cluster < start + count; cluster++) {
      if (!this.#refcounts.covers(cluster)) return this.#extendTowards(cluster);
      if (this.#refcounts.get(cluster) !== 0) {
        this.#image.foundCorrupt('refcounts of what lies past the end of the file');
        return -EIO;
      }
    }
    const extended = this.#image.extendTo(start + count);
    if (extended < 0) return extended;
    const set = this.#refcounts.set(start, count, 1);
    return set < 0 ? set : start;
  }

  /** The next cluster without a counter becomes the end of the file, so that a block for it can be made there. */
  #extendTowards(cluster: number): number {
    const extended = this.#image.extendTo(cluster);
    if (extended < 0) return extended;
    return this.#coverage.begin();
  }

  /** Nobody takes any more: the pool is not filled again. */
  stop(): void {
    this.#wasAsked = false;
  }

  /** Gives back what is in the pool, and the end of the file with it. */
  drain(): number {
    for (const { start, count } of this.#pool.splice(0)) {
      const released = this.release(start, count);
      if (released < 0) return released;
    }
    this.#pooled = 0;
    let end = this.#image.endCluster;
    while (end > 1 && this.#isFree(end - 1)) end--;
    if (end === this.#image.endCluster) return 0;
    const size = end * this.#image.clusterSize;
    const cut = this.#image.file.truncate(size);
    if (cut < 0) return this.#image.hostFailed('shorten the file', cut);
    this.#image.fileSize = size;
    return 0;
  }
}

function addTo(runs: Run[], cluster: number): void {
  const last = runs.at(-1);
  if (last !== undefined && last.start + last.count === cluster) last.count++;
  else runs.push({ start: cluster, count: 1 });
}
