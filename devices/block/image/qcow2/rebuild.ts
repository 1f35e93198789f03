/**
 * Refcounts made right again: after a writer that had no time to close the image, and for version 2, which has no bit to say so, at each
 * opening for writing. Counts that are too high are leaks, ones that are too low would give used clusters away.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { ImageError } from '../image.ts';
import { Coverage } from './coverage.ts';
import { SyncTracker } from './durability.ts';
import { corrupt, host } from './errors.ts';
import { CopiedFlags } from './copied-flags.ts';
import { type ReferenceDependencies, References } from './references.ts';
import { ENTRY_SIZE } from './spec.ts';

/** Clusters counted at a time: 64 MiB of counters. */
const WINDOW = 16 << 20;
/** Files of more clusters, which would be some 2^30, are refused: each window takes a walk through all tables. */
const MOST_WINDOWS = 64;
/** New blocks may move the table, and each time all is counted again. */
const MOST_PASSES = 4;

export class Rebuild {
  readonly #parts: ReferenceDependencies;
  readonly #tracker = new SyncTracker(() => undefined);
  readonly #coverage: Coverage;
  readonly #references: References;
  /** A count was too low: flags that hang on counts may be wrong, too. */
  #wasTooLow = false;

  constructor(parts: ReferenceDependencies) {
    this.#parts = parts;
    this.#coverage = new Coverage({ image: parts.image, refcounts: parts.refcounts, tracker: this.#tracker });
    this.#references = new References(parts);
  }

  run(): Result<void, ImageError> {
    const { image, snapshots } = this.#parts;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      const done = this.#pass();
      if (!done.ok) return done;
      if (!done.value) continue;
      if (this.#wasTooLow || (image.dirty && snapshots.tables.length > 0)) {
        const fixed = new CopiedFlags(this.#parts).fix();
        if (fixed < 0) return this.#failed();
      }
      const synced = this.#sync();
      return synced < 0 ? host('flush the image', synced) : ok();
    }
    return corrupt('its refcounts cannot be rebuilt here');
  }

  /** Whether all is right now; false where blocks were added and all has to be counted again. */
  #pass(): Result<boolean, ImageError> {
    const { image, refcounts } = this.#parts;
    const end = Math.ceil(image.endCluster / refcounts.perBlock) * refcounts.perBlock;
    if (end > MOST_WINDOWS * WINDOW) {
      image.error = `its file has ${end} clusters`;
      return this.#failed();
    }
    for (let start = 0; start < end; start += WINDOW) {
      const length = Math.min(WINDOW, end - start);
      const counts = this.#references.count(start, length);
      if (counts === undefined) return this.#failed();
      const missing = this.#missingBlocks(start, counts);
      if (missing.length > 0) {
        for (const index of missing) {
          const added = this.#addBlock(index);
          if (added < 0) return this.#failed();
        }
        return ok(false);
      }
      const corrected = this.#correct(start, counts);
      if (corrected < 0) return this.#failed();
    }
    return ok(true);
  }

  #failed(): Result<never, ImageError> {
    return err({ code: 'CORRUPT', message: `has refcounts that cannot be rebuilt: ${this.#parts.image.error}; see \`qemu-img check\`` });
  }

  #missingBlocks(start: number, counts: Uint32Array): readonly number[] {
    const { perBlock, table } = this.#parts.refcounts;
    const missing: number[] = [];
    for (let block = Math.floor(start / perBlock); block * perBlock < start + counts.length; block++) {
      if ((table[block] ?? 0) !== 0) continue;
      const from = Math.max(0, block * perBlock - start);
      const isUsed = counts.subarray(from, (block + 1) * perBlock - start).some((count) => count > 0);
      if (isUsed) missing.push(block);
    }
    return missing;
  }

  /** An empty block at the end of the file, which itself is counted: 0 or -errno. */
  #addBlock(index: number): number {
    const { image, refcounts } = this.#parts;
    const ready = this.#coverEnd();
    // The block of the file's end may be the one that was missing.
    if (ready < 0 || (refcounts.table[index] ?? 0) !== 0) return ready;
    const cluster = image.endCluster;
    const extended = image.extendTo(cluster + 1);
    if (extended < 0) return extended;
    const counted = refcounts.set(cluster, 1, 1);
    if (counted < 0) return counted;
    const synced = this.#sync();
    if (synced < 0) return image.hostFailed('flush the image', synced);
    const linked = image.writeNumber(cluster * image.clusterSize, refcounts.tableOffset + index * ENTRY_SIZE);
    if (linked < 0) return linked;
    refcounts.table[index] = cluster * image.clusterSize;
    image.metadata.add(cluster);
    return 0;
  }

  #coverEnd(): number {
    const { image, refcounts } = this.#parts;
    while (!refcounts.covers(image.endCluster)) {
      const begun = this.#coverage.begin();
      if (begun < 0) return begun;
      while (this.#coverage.isUnderWay) {
        const synced = this.#sync();
        if (synced < 0) return image.hostFailed('flush the image', synced);
        // A table that moved is not counted any more: the next pass finds its old place unused.
        const advanced = this.#coverage.advance(() => undefined);
        if (advanced < 0) return advanced;
      }
    }
    return 0;
  }

  #sync(): number {
    const ticket = this.#tracker.syncBegins();
    const result = this.#parts.image.file.sync();
    this.#tracker.syncEnds(ticket, result);
    return result;
  }

  /** Writes the counts that differ, neighbours together. */
  #correct(start: number, counts: Uint32Array): number {
    const { image, refcounts } = this.#parts;
    for (let index = 0; index < counts.length;) {
      const equal = refcounts.countEqual(start + index, counts, index);
      if (equal > 0) {
        index += equal;
        continue;
      }
      const cluster = start + index;
      const actual = counts[index] ?? 0;
      if (actual > refcounts.max) {
        image.error = `cluster ${cluster} is used ${actual} times, more than a refcount can say`;
        return -1;
      }
      if (!this.#differs(cluster, actual)) {
        index++;
        continue;
      }
      let run = 1;
      while (index + run < counts.length && counts[index + run] === actual && this.#differs(cluster + run, actual)) run++;
      // Where no block is, all counts are 0, and so are these: otherwise one would have been added.
      const set = refcounts.set(cluster, run, actual);
      if (set < 0) return set;
      index += run;
    }
    return 0;
  }

  #differs(cluster: number, actual: number): boolean {
    const stored = this.#parts.refcounts.get(cluster);
    if (stored >= 0 && stored < actual) this.#wasTooLow = true;
    return stored !== actual;
  }
}
