/**
 * Changes of metadata by way of the log (2.3). A change is an entry of the log as soon as `write` returns: it survives the end of this
 * process, for whoever opens the file next replays it; the next fdatasync of the file makes it durable together with the guest's
 * data. The metadata's own place is written by `checkpoint`, when the log is full or the file is closed.
 *
 * A session of the log is what lies between two checkpoints, and has a GUID of its own. Each of its entries holds every sector that
 * was changed in the session, as it is then, and names itself as its sequence's tail. So any entry by itself is enough, the
 * last one is all that counts, and one that a power loss has torn takes nothing with it but its own change, which nobody had flushed.
 *
 * Orders that matter: the first entry of a session is durable before the header names the session's GUID (a GUID without an entry
 * is a corrupt file to some); all entries are durable before the metadata's own place is written; that is durable before the header
 * stops naming the GUID.
 */
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { EIO } from '#shared/sys/errno.ts';
import type { ImageFile } from '../image-file.ts';
import { crc32c } from './crc32c.ts';
import { ZERO_GUID, guidBytes, newGuid } from './guid.ts';
import type { Headers } from './headers.ts';
import type { Region } from './regions.ts';
import {
  LEADING_BYTES,
  LOG_DATA_SIGNATURE,
  LOG_DATA_SIZE,
  LOG_DESCRIPTOR_SIGNATURE,
  LOG_DESCRIPTOR_SIZE,
  LOG_ENTRY_SIGNATURE,
  LOG_SECTOR,
  VhdxLogDataDescriptor,
  VhdxLogDataSector,
  VhdxLogEntryHeader,
  putSignature,
} from './spec.ts';

/** Sectors that a session may change: their descriptors fit the sector of the entry's header. */
const MAX_SECTORS = 32;
/** Of a log that may be larger: a checkpoint every hundred changes costs little. */
const MAX_USED = 2 ** 20;

const Header = VhdxLogEntryHeader;
const Descriptor = VhdxLogDataDescriptor;
const DataSector = VhdxLogDataSector;

export class MetadataLog {
  readonly #file: ImageFile;
  readonly #headers: Headers;
  readonly #region: Region;
  /** By offset in the file; as they are with all changes of the session. */
  readonly #sectors = new Map<number, NativeBuffer>();
  readonly #entry = allocate((1 + MAX_SECTORS) * LOG_SECTOR);
  /** Of the session; undefined before its first entry is in its place and named. */
  #guid: string | undefined;
  #position = 0;
  #sequence = 0;
  /** Bytes of the file that are known to be durable. */
  #durableSize: number;

  /** `region` has at least 1 MiB, and the header names no GUID. */
  constructor(file: ImageFile, headers: Headers, region: Region) {
    this.#file = file;
    this.#headers = headers;
    this.#region = region;
    this.#durableSize = file.size();
  }

  /** The file has this size, durably. */
  grown(size: number): void {
    this.#durableSize = size;
  }

  /** Puts `bytes` at `offset`, inside one sector of 4 KiB: 0, or -errno and nothing has changed. Fills a new log first where it must. */
  write(bytes: Uint8Array, offset: number): number {
    const place = offset - (offset % LOG_SECTOR);
    const isNew = !this.#sectors.has(place);
    const length = (1 + this.#sectors.size + (isNew ? 1 : 0)) * LOG_SECTOR;
    const fits = length <= this.#entry.bytes.length && this.#position + length <= Math.min(this.#region.length, MAX_USED);
    const room = fits ? 0 : this.checkpoint();
    if (room < 0) return room;
    const sector = this.#sectors.get(place) ?? this.#readSector(place);
    if (typeof sector === 'number') return sector;
    const within = sector.bytes.subarray(offset - place, offset - place + bytes.length);
    const before = within.slice();
    within.set(bytes);
    this.#sectors.set(place, sector);
    const done = this.#append();
    if (done < 0) {
      within.set(before);
      // Left out of the next entry; an older one of this session holds nothing that differs from its own place.
      if (isNew || !fits) this.#sectors.delete(place);
    }
    return done;
  }

  /** All changes are in their own places, durably, and the log is empty. 0, or -errno: then the log still has them. */
  checkpoint(): number {
    if (this.#guid === undefined) return 0;
    let done = this.#file.sync();
    for (const [place, sector] of this.#sectors) if (done === 0) done = this.#file.write(sector, 0, LOG_SECTOR, place);
    if (done === 0) done = this.#file.sync();
    if (done === 0) done = this.#headers.update({ logGuid: ZERO_GUID });
    if (done < 0) return done;
    this.#guid = undefined;
    this.#position = 0;
    this.#sequence = 0;
    this.#sectors.clear();
    return 0;
  }

  #readSector(place: number): NativeBuffer | number {
    const sector = allocate(LOG_SECTOR);
    const read = this.#file.read(sector, 0, LOG_SECTOR, place);
    if (read === LOG_SECTOR) return sector;
    return read < 0 ? read : -EIO;
  }

  #append(): number {
    const guid = this.#guid ?? newGuid();
    const length = this.#compose(guid);
    const written = this.#file.write(this.#entry, 0, length, this.#region.offset + this.#position);
    if (written < 0) return written;
    const named = this.#guid === undefined ? this.#begin(guid) : 0;
    if (named < 0) return named;
    this.#position += length;
    this.#sequence++;
    return 0;
  }

  #begin(guid: string): number {
    const done = this.#file.sync();
    const named = done === 0 ? this.#headers.update({ logGuid: guid }) : done;
    if (named === 0) this.#guid = guid;
    return named;
  }

  /** The next entry, with all sectors of the session; its length. */
  #compose(guid: string): number {
    const { bytes, view } = this.#entry;
    const length = (1 + this.#sectors.size) * LOG_SECTOR;
    const sequence = this.#sequence + 1;
    bytes.fill(0, 0, LOG_SECTOR);
    putSignature(view, 0, LOG_ENTRY_SIGNATURE);
    Header.set.EntryLength(view, 0, length);
    Header.set.Tail(view, 0, this.#position);
    Header.set.SequenceNumber(view, 0, sequence);
    Header.set.DescriptorCount(view, 0, this.#sectors.size);
    Header.set.LogGuid(view, 0, guidBytes(guid));
    Header.set.FlushedFileOffset(view, 0, this.#durableSize);
    Header.set.LastFileOffset(view, 0, this.#durableSize);
    let index = 0;
    for (const [place, sector] of this.#sectors) this.#putSector(index++, place, sector.bytes);
    Header.set.Checksum(view, 0, crc32c(bytes.subarray(0, length), Header.offset.Checksum));
    return length;
  }

  #putSector(index: number, place: number, sector: Uint8Array): void {
    const { bytes, view } = this.#entry;
    const sequence = this.#sequence + 1;
    const at = Header.size + index * LOG_DESCRIPTOR_SIZE;
    putSignature(view, at, LOG_DESCRIPTOR_SIGNATURE);
    bytes.set(sector.subarray(0, LEADING_BYTES), at + Descriptor.offset.LeadingBytes);
    bytes.set(sector.subarray(LEADING_BYTES + LOG_DATA_SIZE), at + Descriptor.offset.TrailingBytes);
    Descriptor.set.FileOffset(view, at, place);
    Descriptor.set.SequenceNumber(view, at, sequence);
    const data = (1 + index) * LOG_SECTOR;
    putSignature(view, data, LOG_DATA_SIGNATURE);
    DataSector.set.SequenceHigh(view, data, 0);
    DataSector.set.SequenceLow(view, data, sequence);
    bytes.set(sector.subarray(LEADING_BYTES, LEADING_BYTES + LOG_DATA_SIZE), data + DataSector.offset.Data);
  }
}
