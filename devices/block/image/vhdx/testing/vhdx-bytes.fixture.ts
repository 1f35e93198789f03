/** A small VHDX made byte by byte, so that a test may make it wrong: 8 MiB of disk in blocks of 1 MiB, of which some are there. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { ZERO_GUID, guidBytes } from '../guid.ts';
import { crc32c } from '../crc32c.ts';
import {
  FILE_SIGNATURE,
  HEADER_PLACES,
  HEADER_SIZE,
  LOG_DATA_SIZE,
  LOG_SECTOR,
  METADATA_ENTRY_SIZE,
  METADATA_GUID,
  METADATA_SIGNATURE,
  METADATA_TABLE_SIZE,
  MIB,
  REGION_GUID,
  REGION_TABLE_PLACES,
  REGION_TABLE_SIZE,
  VhdxHeader,
  VhdxLogDataDescriptor,
  VhdxLogDataSector,
  VhdxLogEntryHeader,
  VhdxLogZeroDescriptor,
  VhdxMetadataTableEntry,
  VhdxMetadataTableHeader,
  VhdxRegionTableEntry,
  VhdxRegionTableHeader,
  putSignature,
} from '../spec.ts';

export const LOG_AT = MIB;
export const BAT_AT = 2 * MIB;
export const METADATA_AT = 3 * MIB;
/** Where block 0 is; block 1 is behind it, and no other is there. */
export const PAYLOAD_AT = 4 * MIB;
export const DISK_SIZE = 8 * MIB;
export const FILE_SIZE = 6 * MIB;
/** Of each block; the rest is zeros. */
const FILLED = 64 * 1024;
export const LOG_GUID = 'c0ffee00-1234-4678-9abc-def012345678';

export interface HeaderFields {
  readonly sequence?: bigint;
  readonly logGuid?: string;
  readonly logVersion?: number;
  readonly version?: number;
  readonly logLength?: number;
  readonly logOffset?: bigint;
}

export class VhdxBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  #items = 0;

  constructor() {
    const buffer = new ArrayBuffer(FILE_SIZE);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    putSignature(this.view, 0, FILE_SIGNATURE);
    this.header(0, { sequence: 1n });
    this.header(1, { sequence: 2n });
    this.regions([REGION_GUID.bat, BAT_AT, MIB], [REGION_GUID.metadata, METADATA_AT, MIB]);
    this.metadata();
    this.batEntry(0, PAYLOAD_AT, 6);
    this.batEntry(1, PAYLOAD_AT + MIB, 6);
    this.bytes.fill(0xa0, PAYLOAD_AT, PAYLOAD_AT + FILLED).fill(0xa1, PAYLOAD_AT + MIB, PAYLOAD_AT + MIB + FILLED);
  }

  /** As a file that has holes where there are zeros. */
  save(path: string): void {
    const fd = openSync(path, 'w+');
    ftruncateSync(fd, FILE_SIZE);
    const zeros = new Uint8Array(FILLED);
    for (let at = 0; at < FILE_SIZE; at += FILLED) {
      const piece = this.bytes.subarray(at, at + FILLED);
      if (Buffer.compare(piece, zeros) !== 0) writeSync(fd, piece, 0, FILLED, at);
    }
    closeSync(fd);
  }

  header(place: 0 | 1, fields: HeaderFields): this {
    const at = HEADER_PLACES[place];
    putSignature(this.view, at, 'head');
    this.view.setBigUint64(at + VhdxHeader.offset.SequenceNumber, fields.sequence ?? 3n, true);
    VhdxHeader.set.LogGuid(this.view, at, guidBytes(fields.logGuid ?? ZERO_GUID));
    VhdxHeader.set.LogVersion(this.view, at, fields.logVersion ?? 0);
    VhdxHeader.set.Version(this.view, at, fields.version ?? 1);
    VhdxHeader.set.LogLength(this.view, at, fields.logLength ?? MIB);
    this.view.setBigUint64(at + VhdxHeader.offset.LogOffset, fields.logOffset ?? BigInt(LOG_AT), true);
    return this.#sum(at, HEADER_SIZE);
  }

  /** Each a GUID, an offset and a length; a fourth value 0: not required. */
  regions(...list: readonly (readonly [guid: string, offset: number | bigint, length: number, required?: number])[]): this {
    for (const place of REGION_TABLE_PLACES) {
      putSignature(this.view, place, 'regi');
      VhdxRegionTableHeader.set.EntryCount(this.view, place, list.length);
      for (const [index, [guid, offset, length, required]] of list.entries()) {
        const at = place + VhdxRegionTableHeader.size + index * VhdxRegionTableEntry.size;
        VhdxRegionTableEntry.set.Guid(this.view, at, guidBytes(guid));
        this.view.setBigUint64(at + VhdxRegionTableEntry.offset.FileOffset, BigInt(offset), true);
        VhdxRegionTableEntry.set.Length(this.view, at, length);
        VhdxRegionTableEntry.set.Required(this.view, at, required ?? 1);
      }
      this.#sum(place, REGION_TABLE_SIZE);
    }
    return this;
  }

  regionCount(count: number): this {
    for (const place of REGION_TABLE_PLACES) {
      VhdxRegionTableHeader.set.EntryCount(this.view, place, count);
      this.#sum(place, REGION_TABLE_SIZE);
    }
    return this;
  }

  /** All items, some of them as given. */
  metadata(given: { blockSize?: number; flags?: number; size?: bigint; logical?: number; physical?: number } = {}): this {
    this.bytes.fill(0, METADATA_AT, METADATA_AT + MIB);
    this.#items = 0;
    putSignature(this.view, METADATA_AT, METADATA_SIGNATURE);
    const { blockSize = MIB, flags = 0, size = BigInt(DISK_SIZE), logical = 512, physical = 4096 } = given;
    this.item(METADATA_GUID.fileParameters, (at) => {
      this.view.setUint32(at, blockSize, true);
      this.view.setUint32(at + 4, flags, true);
    });
    this.item(METADATA_GUID.virtualDiskSize, (at) => this.view.setBigUint64(at, size, true));
    this.item(METADATA_GUID.page83Data, () => {});
    this.item(METADATA_GUID.logicalSectorSize, (at) => this.view.setUint32(at, logical, true));
    return this.item(METADATA_GUID.physicalSectorSize, (at) => this.view.setUint32(at, physical, true));
  }

  item(guid: string, put: (at: number) => void, flags = 4): this {
    const index = this.#items++;
    const offset = METADATA_TABLE_SIZE + index * 64;
    const at = METADATA_AT + METADATA_ENTRY_SIZE * (index + 1);
    VhdxMetadataTableHeader.set.EntryCount(this.view, METADATA_AT, this.#items);
    VhdxMetadataTableEntry.set.ItemId(this.view, at, guidBytes(guid));
    VhdxMetadataTableEntry.set.Offset(this.view, at, offset);
    VhdxMetadataTableEntry.set.Length(this.view, at, 16);
    VhdxMetadataTableEntry.set.Flags(this.view, at, flags);
    put(METADATA_AT + offset);
    return this;
  }

  batEntry(index: number, offset: number | bigint, state: number): this {
    this.view.setBigUint64(BAT_AT + index * 8, BigInt(offset) + BigInt(state), true);
    return this;
  }

  /** Names the log in the header. */
  withLog(...entries: readonly LogEntryFields[]): this {
    for (const entry of entries) this.#logEntry(entry);
    return this.header(0, { sequence: 4n, logGuid: LOG_GUID });
  }

  #logEntry(entry: LogEntryFields): void {
    const { at, sequence, tail = at, updates } = entry;
    const length = LOG_SECTOR * (1 + updates.filter(({ data }) => data !== undefined).length);
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    putSignature(view, 0, 'loge');
    VhdxLogEntryHeader.set.EntryLength(view, 0, length);
    VhdxLogEntryHeader.set.Tail(view, 0, tail);
    VhdxLogEntryHeader.set.SequenceNumber(view, 0, sequence);
    VhdxLogEntryHeader.set.DescriptorCount(view, 0, updates.length);
    VhdxLogEntryHeader.set.LogGuid(view, 0, guidBytes(entry.guid ?? LOG_GUID));
    VhdxLogEntryHeader.set.FlushedFileOffset(view, 0, entry.flushed ?? FILE_SIZE);
    VhdxLogEntryHeader.set.LastFileOffset(view, 0, entry.last ?? FILE_SIZE);
    let data = LOG_SECTOR;
    for (const [index, update] of updates.entries()) {
      const descriptor = VhdxLogEntryHeader.size + index * 32;
      putUpdate(view, { descriptor, data, update, sequence });
      if (update.data !== undefined) data += LOG_SECTOR;
    }
    entry.change?.(view);
    VhdxLogEntryHeader.set.Checksum(view, 0, crc32c(bytes, VhdxLogEntryHeader.offset.Checksum));
    entry.tear?.(view);
    // An entry may go around the end of the log.
    for (let done = 0; done < length; done += LOG_SECTOR) {
      this.bytes.set(bytes.subarray(done, done + LOG_SECTOR), LOG_AT + ((at + done) % MIB));
    }
  }

  #sum(at: number, length: number): this {
    this.view.setUint32(at + 4, crc32c(this.bytes.subarray(at, at + length), 4), true);
    return this;
  }
}

export interface LogUpdate {
  readonly offset: number;
  /** A sector of 4 KiB full of this byte, or that many zeros. */
  readonly data?: number | Uint8Array;
  readonly zeros?: number;
}

export interface LogEntryFields {
  /** In the log. */
  readonly at: number;
  readonly sequence: number;
  readonly tail?: number;
  readonly guid?: string;
  readonly flushed?: number;
  readonly last?: number;
  readonly updates: readonly LogUpdate[];
  /** Before, or after, the checksum is made. */
  readonly change?: (entry: DataView) => void;
  readonly tear?: (entry: DataView) => void;
}

interface UpdatePlaces {
  readonly descriptor: number;
  readonly data: number;
  readonly update: LogUpdate;
  readonly sequence: number;
}

function putUpdate(view: DataView, { descriptor, data, update, sequence }: UpdatePlaces): void {
  if (update.data === undefined) {
    putSignature(view, descriptor, 'zero');
    VhdxLogZeroDescriptor.set.ZeroLength(view, descriptor, update.zeros ?? 0);
    VhdxLogZeroDescriptor.set.FileOffset(view, descriptor, update.offset);
    VhdxLogZeroDescriptor.set.SequenceNumber(view, descriptor, sequence);
    return;
  }
  const sector = typeof update.data === 'number' ? new Uint8Array(LOG_SECTOR).fill(update.data) : update.data;
  putSignature(view, descriptor, 'desc');
  VhdxLogDataDescriptor.set.LeadingBytes(view, descriptor, sector.slice(0, 8));
  VhdxLogDataDescriptor.set.TrailingBytes(view, descriptor, sector.slice(-4));
  VhdxLogDataDescriptor.set.FileOffset(view, descriptor, update.offset);
  VhdxLogDataDescriptor.set.SequenceNumber(view, descriptor, sequence);
  putSignature(view, data, 'data');
  VhdxLogDataSector.set.SequenceLow(view, data, sequence);
  VhdxLogDataSector.set.Data(view, data, sector.slice(8, 8 + LOG_DATA_SIZE));
}
