/**
 * Which entries of a log are to be replayed (2.3.2). A sequence is entries one behind the other whose sequence numbers follow each
 * other; it counts where the tail that its last entry names is one of them. The active one is that with the greatest number.
 *
 * Whoever made the file chose every byte of it, checksums included. What this reads is bounded: the log's length, and how many bytes
 * of checksums are computed, for entries may claim to overlap.
 */
import { readU53 } from '#shared/layout/fields.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import type { ImageError } from '../image.ts';
import { crc32c } from './crc32c.ts';
import { guidText } from './guid.ts';
import { corrupt } from './problem.ts';
import {
  LOG_DATA_SIGNATURE,
  LOG_DESCRIPTOR_SIGNATURE,
  LOG_DESCRIPTOR_SIZE,
  LOG_ENTRY_SIGNATURE,
  LOG_SECTOR,
  LOG_ZERO_SIGNATURE,
  VhdxLogDataDescriptor,
  VhdxLogDataSector,
  VhdxLogEntryHeader,
  VhdxLogZeroDescriptor,
  hasSignature,
} from './spec.ts';

const { get, offset: AT } = VhdxLogEntryHeader;
/** An honest log is read twice at most: as far as it goes, and a sector further each time an entry is torn. */
const MAX_CHECKSUM_LAPS = 4;

export interface LogEntry {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** In the log. */
  readonly at: number;
  readonly length: number;
  readonly sequence: number;
  /** Where in the log the first entry of its sequence is. */
  readonly tail: number;
  readonly descriptorCount: number;
  /** Of the entry: where its data sectors begin. */
  readonly dataAt: number;
  readonly flushedFileOffset: number;
  readonly lastFileOffset: number;
}

/** The entries to replay, in order; none where the log has nothing for this GUID. */
export function findActiveSequence(log: Uint8Array, guid: string): Result<readonly LogEntry[], ImageError> {
  const search = new LogSearch(log, guid);
  let active: readonly LogEntry[] = [];
  for (let at = 0; at < log.length;) {
    const sequence = search.sequenceAt(at);
    if (search.isExhausted) return corrupt('its log claims more than it can hold');
    const head = sequence.at(-1);
    const first = sequence.findIndex((entry) => entry.at === head?.tail);
    if (head !== undefined && first >= 0 && head.sequence > (active.at(-1)?.sequence ?? 0)) active = sequence.slice(first);
    const next = head === undefined ? at + LOG_SECTOR : head.at + head.length;
    // The sequence went around the end: the beginning was looked at before.
    if (next <= at) break;
    at = next;
  }
  return ok(active);
}

class LogSearch {
  readonly #log: Uint8Array;
  readonly #guid: string;
  #checksumBytes: number;

  constructor(log: Uint8Array, guid: string) {
    this.#log = log;
    this.#guid = guid;
    this.#checksumBytes = log.length * MAX_CHECKSUM_LAPS;
  }

  get isExhausted(): boolean {
    return this.#checksumBytes < 0;
  }

  /** As many entries as follow each other from `start` on, together at most the whole log. */
  sequenceAt(start: number): readonly LogEntry[] {
    const entries: LogEntry[] = [];
    let taken = 0;
    for (let at = start; taken < this.#log.length;) {
      const entry = this.#entryAt(at, this.#log.length - taken);
      const before = entries.at(-1);
      if (entry === undefined || (before !== undefined && entry.sequence !== before.sequence + 1)) break;
      entries.push(entry);
      taken += entry.length;
      at = (at + entry.length) % this.#log.length;
    }
    return entries;
  }

  /** Undefined where there is no valid entry of at most `room` bytes. */
  #entryAt(at: number, room: number): LogEntry | undefined {
    const header = new DataView(this.#log.buffer, this.#log.byteOffset + at, LOG_SECTOR);
    if (!hasSignature(header, 0, LOG_ENTRY_SIGNATURE) || guidText(get.LogGuid(header, 0)) !== this.#guid) return undefined;
    const length = get.EntryLength(header, 0);
    const tail = get.Tail(header, 0);
    if (length === 0 || length % LOG_SECTOR !== 0 || length > room || tail % LOG_SECTOR !== 0 || tail >= this.#log.length) return undefined;
    const sequence = readU53(header, AT.SequenceNumber) ?? 0;
    const flushedFileOffset = readU53(header, AT.FlushedFileOffset);
    const lastFileOffset = readU53(header, AT.LastFileOffset);
    if (sequence === 0 || flushedFileOffset === undefined || lastFileOffset === undefined) return undefined;
    const descriptorCount = get.DescriptorCount(header, 0);
    const dataAt = Math.ceil((VhdxLogEntryHeader.size + descriptorCount * LOG_DESCRIPTOR_SIZE) / LOG_SECTOR) * LOG_SECTOR;
    if (dataAt > length) return undefined;
    const bytes = this.#copy(at, length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    const entry = { bytes, view, at, length, sequence, tail, descriptorCount, dataAt, flushedFileOffset, lastFileOffset };
    if (!hasValidDescriptors(entry)) return undefined;
    this.#checksumBytes -= length;
    if (this.isExhausted || get.Checksum(view, 0) !== crc32c(bytes, AT.Checksum)) return undefined;
    return entry;
  }

  /** An entry may go around the end of the log. */
  #copy(at: number, length: number): Uint8Array {
    const end = at + length;
    if (end <= this.#log.length) return this.#log.subarray(at, end);
    return Buffer.concat([this.#log.subarray(at), this.#log.subarray(0, end - this.#log.length)]);
  }
}

/** Each has a known signature and the entry's sequence number, and so has the data of each. */
function hasValidDescriptors({ view, length, sequence, descriptorCount, dataAt }: LogEntry): boolean {
  let dataSector = dataAt;
  for (let index = 0; index < descriptorCount; index++) {
    const at = VhdxLogEntryHeader.size + index * LOG_DESCRIPTOR_SIZE;
    if (readU53(view, at + VhdxLogDataDescriptor.offset.SequenceNumber) !== sequence) return false;
    const target = readU53(view, at + VhdxLogDataDescriptor.offset.FileOffset);
    if (target === undefined || target % LOG_SECTOR !== 0) return false;
    if (hasSignature(view, at, LOG_ZERO_SIGNATURE)) {
      const zeros = readU53(view, at + VhdxLogZeroDescriptor.offset.ZeroLength);
      if (zeros === undefined || zeros % LOG_SECTOR !== 0) return false;
      continue;
    }
    if (!hasSignature(view, at, LOG_DESCRIPTOR_SIGNATURE)) return false;
    if (dataSector >= length || !hasSignature(view, dataSector, LOG_DATA_SIGNATURE)) return false;
    const high = VhdxLogDataSector.get.SequenceHigh(view, dataSector);
    if (high * 2 ** 32 + VhdxLogDataSector.get.SequenceLow(view, dataSector) !== sequence) return false;
    dataSector += LOG_SECTOR;
  }
  return true;
}
