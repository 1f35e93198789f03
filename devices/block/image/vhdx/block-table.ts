/**
 * The block allocation table (2.5) in memory: where each payload block of the disk is. An entry that cannot be true spoils its own
 * block and no other: reads and writes there fail.
 */
import { type Result, ok } from '#shared/lang/result.ts';
import { EIO } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import type { VhdxMetadata } from './metadata.ts';
import { corrupt, hostFailed } from './problem.ts';
import { type Regions, overlapsAny } from './regions.ts';
import { BAT_ENTRY_SIZE, MAX_SECTORS_OF_BITMAP, MIB, PAYLOAD_BLOCK } from './spec.ts';

/** Not in the file: the block reads as zeros. */
export const ABSENT = 0;
/** Its entry is corrupt. */
export const BAD = 0xffff_ffff;

const CHUNK = MIB;
const STATE_MASK = 7;

export interface BlockTable {
  /** For each block its place in the file in MiB, ABSENT or BAD. */
  readonly places: Uint32Array;
  /** Blocks to each entry of a sector bitmap. */
  readonly chunkRatio: number;
  /** Blocks that the table has room for in the file. */
  readonly capacity: number;
  readonly present: number;
  readonly bad: number;
  /** Bytes: nothing of the file from here on is in use. */
  readonly end: number;
}

/** The disk's, as it is now; `fileSize` in bytes. */
export function readBlockTable(file: ImageFile, metadata: VhdxMetadata, regions: Regions): Result<BlockTable, ImageError> {
  const { blockSize, size, logicalSectorSize } = metadata;
  const fileSize = file.size();
  if (fileSize < 0 || fileSize >= BAD * MIB) return hostFailed('cannot be measured', Math.min(fileSize, 0));
  const chunkRatio = (MAX_SECTORS_OF_BITMAP * logicalSectorSize) / blockSize;
  const capacity = blocksOf(Math.floor(regions.bat.length / BAT_ENTRY_SIZE), chunkRatio);
  const count = Math.ceil(size / blockSize);
  if (count > capacity) return corrupt(`its block table has room for ${capacity} blocks, and the disk has ${count}`);
  const reader = new TableReader(file, { chunkRatio, count, regions, fileSize, metadata });
  const read = reader.read();
  if (read < 0) return hostFailed('cannot be read', read);
  const { places, present } = reader;
  const bad = reader.bad + spoilOverlaps(places, present, blockSize / MIB);
  return ok({ places, chunkRatio, capacity, present, bad, end: reader.end });
}

/** Position in the table of a block's entry. */
export function entryIndex(block: number, chunkRatio: number): number {
  return block + Math.floor(block / chunkRatio);
}

/** How many blocks the first `entries` entries describe. */
function blocksOf(entries: number, chunkRatio: number): number {
  const chunks = Math.floor(entries / (chunkRatio + 1));
  return chunks * chunkRatio + Math.min(entries - chunks * (chunkRatio + 1), chunkRatio);
}

interface TableLayout {
  readonly chunkRatio: number;
  readonly count: number;
  readonly regions: Regions;
  readonly fileSize: number;
  readonly metadata: VhdxMetadata;
}

class TableReader {
  readonly places: Uint32Array;
  present = 0;
  bad = 0;
  end: number;
  readonly #file: ImageFile;
  readonly #layout: TableLayout;

  constructor(file: ImageFile, layout: TableLayout) {
    this.#file = file;
    this.#layout = layout;
    this.places = new Uint32Array(layout.count);
    this.end = layout.regions.taken.reduce((end, region) => Math.max(end, region.offset + region.length), 0);
  }

  /** 0 or -errno; in pieces, for a table may have 512 MiB. */
  read(): number {
    const { chunkRatio, count, regions } = this.#layout;
    const length = BAT_ENTRY_SIZE * (entryIndex(count - 1, chunkRatio) + 1);
    const buffer = allocate(CHUNK);
    for (let at = 0; at < length; at += CHUNK) {
      const piece = Math.min(CHUNK, length - at);
      const read = this.#file.read(buffer, 0, piece, regions.bat.offset + at);
      if (read !== piece) return read < 0 ? read : -EIO;
      this.#readPiece(buffer.view, at / BAT_ENTRY_SIZE, piece / BAT_ENTRY_SIZE);
    }
    return 0;
  }

  #readPiece(view: DataView, firstEntry: number, entries: number): void {
    const { chunkRatio } = this.#layout;
    for (let index = 0; index < entries; index++) {
      const entry = firstEntry + index;
      const chunk = Math.floor(entry / (chunkRatio + 1));
      const isBitmap = entry - chunk * (chunkRatio + 1) === chunkRatio;
      if (isBitmap) continue;
      const low = view.getUint32(index * BAT_ENTRY_SIZE, true);
      const high = view.getUint32(index * BAT_ENTRY_SIZE + 4, true);
      if (low !== 0 || high !== 0) this.#note(entry - chunk, low & STATE_MASK, high * 2 ** 12 + (low >>> 20));
    }
  }

  /** `place` in MiB. Its space counts as used even where the block is unmapped: the format lets it keep that. */
  #note(block: number, state: number, place: number): void {
    switch (state) {
      case PAYLOAD_BLOCK.fullyPresent: {
        const fits = this.#fits(block, place);
        this.places[block] = fits ? place : BAD;
        if (fits) this.present++;
        else this.bad++;
        break;
      }
      case PAYLOAD_BLOCK.undefined:
      case PAYLOAD_BLOCK.unmapped:
      case PAYLOAD_BLOCK.unmappedDraft:
      case PAYLOAD_BLOCK.notPresent:
      case PAYLOAD_BLOCK.zero:
        break;
      default:
        this.places[block] = BAD;
        this.bad++;
    }
    const { fileSize, metadata } = this.#layout;
    if (place * MIB < fileSize) this.end = Math.max(this.end, place * MIB + metadata.blockSize);
  }

  /** The disk's last block may be in the file as far as the disk goes: some writers leave it so. */
  #fits(block: number, place: number): boolean {
    const { fileSize, metadata, regions } = this.#layout;
    const { blockSize, size } = metadata;
    const needed = Math.min(blockSize, size - block * blockSize);
    return place > 0 && place * MIB + needed <= fileSize && !overlapsAny(regions.taken, place * MIB, blockSize);
  }
}

/** Two blocks that share bytes are corrupt both. How many there are. */
function spoilOverlaps(places: Uint32Array, present: number, blockMibs: number): number {
  const sorted = new Uint32Array(present);
  let count = 0;
  for (const place of places) if (place !== ABSENT && place !== BAD) sorted[count++] = place;
  sorted.sort();
  const shared = new Set<number>();
  for (let index = 1; index < count; index++) {
    const before = sorted[index - 1] ?? 0;
    const place = sorted[index] ?? 0;
    if (place - before < blockMibs) shared.add(before).add(place);
  }
  if (shared.size === 0) return 0;
  let spoiled = 0;
  for (const [block, place] of places.entries()) {
    if (!shared.has(place)) continue;
    places[block] = BAD;
    spoiled++;
  }
  return spoiled;
}
