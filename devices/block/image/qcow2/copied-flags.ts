/** The flags of tables in use that say "nobody else has this", made to agree with the refcounts. */
import { allocate } from '#shared/sys/ffi.ts';
import { readPadded } from './padded.ts';
import type { ReferenceDependencies } from './references.ts';
import { COMPRESSED, COPIED, ENTRY_SIZE, OFFSET_HIGH, OFFSET_LOW, TWO_32 } from './spec.ts';

export class CopiedFlags {
  readonly #parts: ReferenceDependencies;

  constructor(parts: ReferenceDependencies) {
    this.#parts = parts;
  }

  /** 0 or -errno. No slice of an L2 table may be in memory: the tables are changed in the file. */
  fix(): number {
    const { image, mapping, refcounts } = this.#parts;
    for (const [index, entry] of mapping.l1.entries()) {
      if (entry === 0) continue;
      const place = entry - (entry % 2);
      const fixed = this.#fixTable(place);
      if (fixed < 0) return fixed;
      const isOwn = refcounts.get(place / image.clusterSize) === 1;
      if (isOwn === (entry % 2 === 1)) continue;
      const high = Math.floor(place / TWO_32);
      const written = image.writeWord(isOwn ? (high | COPIED) >>> 0 : high, place % TWO_32, mapping.l1Offset + index * ENTRY_SIZE);
      if (written < 0) return written;
      mapping.l1[index] = place + (isOwn ? 1 : 0);
    }
    mapping.cache.forget();
    return 0;
  }

  #fixTable(table: number): number {
    const { image, refcounts } = this.#parts;
    const { clusterSize, file } = image;
    const buffer = allocate(clusterSize);
    const read = readPadded(file, buffer, clusterSize, table);
    if (read < 0) return image.hostFailed('read an L2 table', read);
    for (let at = 0; at < clusterSize; at += ENTRY_SIZE) {
      const high = buffer.view.getUint32(at);
      const low = buffer.view.getUint32(at + 4);
      const place = (high & OFFSET_HIGH) * TWO_32 + ((low & OFFSET_LOW) >>> 0);
      if ((high & COMPRESSED) !== 0 || !image.contains(place, clusterSize)) continue;
      const isOwn = refcounts.get(place / clusterSize) === 1;
      if (isOwn === ((high & COPIED) !== 0)) continue;
      const written = image.writeWord(isOwn ? (high | COPIED) >>> 0 : (high & ~COPIED) >>> 0, low, table + at);
      if (written < 0) return written;
    }
    return 0;
  }
}
