/**
 * VHDX, dynamic and fixed ([MS-VHDX]). Blocks of 1 to 256 MiB lie anywhere in the file, at whole MiB; one that is not there reads as
 * zeros. A write to such a block gives it a place at the end of the file first, where the file has zeros: so its entry in the block
 * table may be written before the data is, and no request has to wait for another.
 *
 * The file grows by many blocks at once, and durably, before the first of them is used: no entry ever points behind the file's end,
 * whatever a power loss takes. What was not used is cut off again when the image is closed, or, after a crash, at the first write.
 *
 * Discarded bytes become holes in the file; blocks keep their places.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EIO, EOPNOTSUPP, EROFS, sysError } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import { FALLOC, type ImageFile } from '../image-file.ts';
import { EXTENT, type ExtentKind, type Image, type ImageError, NEEDS_FALLOCATE } from '../image.ts';
import { ABSENT, BAD, type BlockTable, entryIndex, readBlockTable } from './block-table.ts';
import { ZERO_GUID, newGuid } from './guid.ts';
import { Headers } from './headers.ts';
import { logRegion, replayLog } from './log-replay.ts';
import { MetadataLog } from './metadata-log.ts';
import { type VhdxMetadata, readMetadata } from './metadata.ts';
import { corrupt, hostFailed, notSupported } from './problem.ts';
import { type Region, type Regions, readRegions } from './regions.ts';
import { BAT_ENTRY_SIZE, FILE_SIGNATURE, LOG_SECTOR, MAX_DISK_SIZE, MIB, PAYLOAD_BLOCK } from './spec.ts';

/** By how much the file grows: one durable change of its size serves so many blocks. */
const GROW_BLOCKS = 128;
const GROW_BYTES = 2 ** 32;
const ZERO_PIECE = MIB;

export interface VhdxOptions {
  readonly readOnly: boolean;
}

/** Replays the file's log first, where there is something in it. The error's message is the end of a sentence that begins with the disk's name. */
export function openVhdx(file: ImageFile, { readOnly }: VhdxOptions): Result<VhdxImage, ImageError> {
  const signed = checkSignature(file);
  if (!signed.ok) return signed;
  const headers = Headers.read(file);
  if (!headers.ok) return headers;
  const log = logRegion(headers.value);
  if (!log.ok) return log;
  if (!readOnly && !canGrow(file)) return notSupported('on a block device, where it cannot grow: add readonly=on');
  if (!readOnly && log.value.length === 0) return corrupt('it has no log, without which it can only be read: add readonly=on');
  const replayed = replayLog(file, headers.value, readOnly);
  if (!replayed.ok) return replayed;
  const fileSize = file.size();
  if (log.value.offset + log.value.length > fileSize) return corrupt('its log is not inside the file');
  const regions = readRegions(file, log.value, fileSize);
  if (!regions.ok) return regions;
  const metadata = readMetadata(file, regions.value.metadata);
  if (!metadata.ok) return metadata;
  const table = readBlockTable(file, metadata.value, regions.value);
  if (!table.ok) return table;
  const parts = { headers: headers.value, log: log.value, regions: regions.value, metadata: metadata.value, table: table.value };
  return ok(new VhdxImage(file, parts, readOnly));
}

function canGrow(file: ImageFile): boolean {
  const status = fileStatus(file.fd);
  return status.ok && status.value.kind === 'file';
}

function checkSignature(file: ImageFile): Result<void, ImageError> {
  const head = allocate(FILE_SIGNATURE.length);
  const read = file.read(head, 0, FILE_SIGNATURE.length, 0);
  if (read < 0) return hostFailed('cannot be read', read);
  if (Buffer.from(head.bytes).toString('latin1') === FILE_SIGNATURE) return ok();
  return err({ code: 'NOT_THIS_FORMAT', message: 'is no VHDX: it does not begin with "vhdxfile"' });
}

interface Parts {
  readonly headers: Headers;
  readonly log: Region;
  readonly regions: Regions;
  readonly metadata: VhdxMetadata;
  readonly table: BlockTable;
}

export class VhdxImage implements Image {
  readonly type = 'vhdx';
  readonly files;
  readonly extent = { file: 0, offset: 0, length: 0, claim: 0 };
  readonly bytes = new Uint8Array(0);
  mode = 0;
  error = '';
  size: number;
  readonly blockSize: number;
  /** What a guest that partitions the disk should see as its sectors: 512 or 4096 bytes. */
  readonly logicalSectorSize: number;
  readonly physicalSectorSize: number;
  /** Blocks whose entry in the block table is corrupt, when the image was opened. */
  readonly badBlocks: number;
  readonly #file: ImageFile;
  readonly #parts: Parts;
  readonly #readOnly: boolean;
  readonly #log: MetadataLog;
  readonly #entry = allocate(BAT_ENTRY_SIZE);
  #places: Uint32Array;
  #presentBlocks: number;
  /** Where in the file the next block goes, and how far the file durably is. */
  #end: number;
  #fileSize: number;
  #writing = false;

  constructor(file: ImageFile, parts: Parts, readOnly: boolean) {
    const { metadata, table, headers, log } = parts;
    this.#file = file;
    this.files = [file.fd];
    this.#parts = parts;
    this.#readOnly = readOnly;
    this.size = metadata.size;
    this.blockSize = metadata.blockSize;
    this.logicalSectorSize = metadata.logicalSectorSize;
    this.physicalSectorSize = metadata.physicalSectorSize;
    this.badBlocks = table.bad;
    this.#places = table.places;
    this.#presentBlocks = table.present;
    this.#end = table.end;
    this.#fileSize = file.size();
    this.#log = new MetadataLog(file, headers, log);
  }

  /** Blocks that have a place in the file. */
  get presentBlocks(): number {
    return this.#presentBlocks;
  }

  locateRead(offset: number, length: number): ExtentKind {
    const block = Math.floor(offset / this.blockSize);
    const place = this.#places[block] ?? BAD;
    this.#setExtent(offset - block * this.blockSize, place, length);
    if (place === ABSENT) return EXTENT.zeros;
    return place === BAD ? this.#failBad(block) : EXTENT.data;
  }

  locateWrite(offset: number, length: number): ExtentKind {
    if (!this.#writing) {
      const done = this.#beginWriting();
      if (done < 0) return this.#fail('cannot be written', done);
    }
    const block = Math.floor(offset / this.blockSize);
    const known = this.#places[block] ?? BAD;
    if (known === ABSENT) {
      if (this.badBlocks > 0) return this.#failCorrupt();
      const done = this.#place(block);
      if (done < 0) return this.#fail('cannot grow', done);
    }
    const place = this.#places[block] ?? BAD;
    this.#setExtent(offset - block * this.blockSize, place, length);
    return place === BAD ? this.#failBad(block) : EXTENT.data;
  }

  needsBarrier(): boolean {
    return false;
  }

  publish(): number {
    return 0;
  }

  abandon(): void {}

  discard(offset: number, length: number): number {
    return this.#allocate(FALLOC.punchHole | FALLOC.keepSize, offset, length);
  }

  writeZeroes(offset: number, length: number, mayUnmap: boolean): number {
    return this.#allocate((mayUnmap ? FALLOC.punchHole : FALLOC.zeroRange) | FALLOC.keepSize, offset, length);
  }

  /** Grows, as far as the block table has room. Durable when it returns. */
  resize(size: number): Result<void, ImageError> {
    const problem = this.#resizeProblem(size);
    if (problem !== undefined) return err({ code: 'BAD_SIZE', message: problem });
    const done = this.#grow(size);
    return done < 0 ? hostFailed(`cannot be resized to ${size} bytes`, done) : ok();
  }

  /** The log is empty afterwards, and the file has no more than is in use. */
  close(): Result<void, ImageError> {
    if (!this.#writing) return ok();
    let done = this.#log.checkpoint();
    if (done === 0 && this.#fileSize > this.#end && this.badBlocks === 0) done = this.#file.truncate(this.#end);
    if (done === 0) done = this.#file.sync();
    return done < 0 ? hostFailed('cannot be closed cleanly', done) : ok();
  }

  #setExtent(within: number, place: number, length: number): void {
    this.extent.offset = place * MIB + within;
    this.extent.length = Math.min(length, this.blockSize - within);
  }

  #failBad(block: number): ExtentKind {
    this.error = `is a corrupt VHDX: its block table is wrong about block ${block}`;
    return EXTENT.failed;
  }

  /** An entry that is wrong may claim any place: no block is given one before somebody has repaired the table. */
  #failCorrupt(): ExtentKind {
    this.error = `is a corrupt VHDX: its block table is wrong about ${this.badBlocks} blocks, and gets no new ones`;
    return EXTENT.failed;
  }

  #fail(what: string, done: number): ExtentKind {
    this.error = sysError(what, -done).message;
    return EXTENT.failed;
  }

  /** Blocks that are there become holes; the others are zeros as they are. */
  #allocate(mode: number, offset: number, length: number): number {
    const begun = this.#writing ? 0 : this.#beginWriting();
    if (begun < 0) return begun;
    switch (this.locateRead(offset, length)) {
      case EXTENT.zeros:
        return 0;
      case EXTENT.data:
        this.mode = mode;
        return NEEDS_FALLOCATE;
      default:
        return -EIO;
    }
  }

  /**
   * Before the first change: the GUIDs by which others know that the file and the disk are no longer what they were, in both headers,
   * and no more of the file than is in use, for whatever lies behind may not be zeros. (Where entries are wrong, nobody knows how much
   * is, and the file keeps its size.)
   */
  #beginWriting(): number {
    if (this.#readOnly) return -EROFS;
    const guids = { fileWriteGuid: newGuid(), dataWriteGuid: newGuid(), logGuid: ZERO_GUID };
    const { headers } = this.#parts;
    let done = headers.update(guids);
    if (done === 0) done = headers.update(guids);
    if (done === 0 && this.#fileSize !== this.#end && this.badBlocks === 0) done = this.#setFileSize(this.#end);
    if (done === 0) this.#writing = true;
    return done;
  }

  #setFileSize(size: number): number {
    const truncated = this.#file.truncate(size);
    const done = truncated === 0 ? this.#file.sync() : truncated;
    if (done < 0) return done;
    this.#fileSize = size;
    this.#log.grown(size);
    return 0;
  }

  /** Gives an absent block a place of zeros: 0, or -errno and nothing has changed. */
  #place(block: number): number {
    const end = this.#end + this.blockSize;
    const room = end <= this.#fileSize ? 0 : this.#extend();
    if (room < 0) return room;
    const place = this.#end / MIB;
    this.#entry.view.setUint32(0, (place % 2 ** 12) * 2 ** 20 + PAYLOAD_BLOCK.fullyPresent, true);
    this.#entry.view.setUint32(4, Math.floor(place / 2 ** 12), true);
    const { regions, table } = this.#parts;
    const done = this.#log.write(this.#entry.bytes, regions.bat.offset + entryIndex(block, table.chunkRatio) * BAT_ENTRY_SIZE);
    if (done < 0) return done;
    this.#places[block] = place;
    this.#presentBlocks++;
    this.#end = end;
    return 0;
  }

  /** By many blocks, or by one where the host has no room for more. */
  #extend(): number {
    const missing = this.#places.length - this.#presentBlocks;
    const blocks = Math.max(1, Math.min(missing, GROW_BLOCKS, GROW_BYTES / this.blockSize));
    const done = this.#setFileSize(this.#end + blocks * this.blockSize);
    return done < 0 && blocks > 1 ? this.#setFileSize(this.#end + this.blockSize) : done;
  }

  #resizeProblem(size: number): string | undefined {
    const { metadata, table } = this.#parts;
    const { logicalSectorSize: sector } = metadata;
    if (this.#readOnly) return 'is read-only, and keeps its size';
    if (this.badBlocks > 0) return `is corrupt: its block table is wrong about ${this.badBlocks} blocks; it keeps its size`;
    if (!Number.isSafeInteger(size) || size % sector !== 0)
      return `cannot have ${size} bytes, which is no multiple of its sectors' ${sector}`;
    if (size < this.size) return `cannot be made smaller: a VHDX image only grows, and this one has ${this.size} bytes`;
    const most = Math.min(MAX_DISK_SIZE, table.capacity * this.blockSize);
    if (size > most) return `cannot have ${size} bytes: its block table has room for ${most}`;
    // An item may lie at any byte, and a change of the log must lie in one sector.
    return metadata.sizeOffset % LOG_SECTOR > LOG_SECTOR - 8 ? 'cannot be resized: its metadata is not aligned' : undefined;
  }

  #grow(size: number): number {
    let done = this.#writing ? 0 : this.#beginWriting();
    if (done === 0) done = this.#zeroTail();
    const value = Buffer.alloc(8);
    value.writeBigUInt64LE(BigInt(size));
    if (done === 0) done = this.#log.write(value, this.#parts.metadata.sizeOffset);
    if (done === 0) done = this.#file.sync();
    if (done < 0) return done;
    const places = new Uint32Array(Math.ceil(size / this.blockSize));
    places.set(this.#places);
    this.#places = places;
    this.size = size;
    return 0;
  }

  /** What the last block has behind the disk's end is about to be seen. */
  #zeroTail(): number {
    const block = Math.floor(this.size / this.blockSize);
    const within = this.size - block * this.blockSize;
    const place = this.#places[block] ?? ABSENT;
    if (within === 0 || place === ABSENT || place === BAD) return 0;
    const offset = place * MIB + within;
    const length = this.blockSize - within;
    const punched = this.#file.allocate(FALLOC.punchHole | FALLOC.keepSize, offset, length);
    return punched === -EOPNOTSUPP ? this.#writeZeros(offset, length) : punched;
  }

  #writeZeros(offset: number, length: number): number {
    const zeros = allocate(ZERO_PIECE);
    for (let at = 0; at < length; at += ZERO_PIECE) {
      const written = this.#file.write(zeros, 0, Math.min(ZERO_PIECE, length - at), offset + at);
      if (written < 0) return written;
    }
    return 0;
  }
}
