/** Brings the metadata up to date with the log (2.3.3) before anything of it is read: whoever wrote it died before that. */
import { readU53 } from '#shared/layout/fields.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EOPNOTSUPP } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { FALLOC, type ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import { ZERO_GUID, newGuid } from './guid.ts';
import type { Headers } from './headers.ts';
import { type LogEntry, findActiveSequence } from './log-search.ts';
import { corrupt, hostFailed, notSupported } from './problem.ts';
import { type Region, readWhole } from './regions.ts';
import {
  LEADING_BYTES,
  LOG_DATA_SIZE,
  LOG_DESCRIPTOR_SIZE,
  LOG_SECTOR,
  LOG_VERSION,
  LOG_ZERO_SIGNATURE,
  MAX_DISK_SIZE,
  MIB,
  REGION_TABLE_PLACES,
  VhdxLogDataDescriptor,
  VhdxLogDataSector,
  VhdxLogEntryHeader,
  VhdxLogZeroDescriptor,
  hasSignature,
} from './spec.ts';

/** Those who write VHDX files make logs of 1 MiB. */
const MAX_LOG = 64 * MIB;
/** No file needs more: the greatest disk, its block table and what is around it. */
const MAX_FILE_SIZE = 2 * MAX_DISK_SIZE;
/** Where the file system has no holes, zeros are written, up to so many. */
const MAX_WRITTEN_ZEROS = 64 * MIB;

/** Where the log is. Without one, its length is 0. */
export function logRegion(headers: Headers): Result<Region, ImageError> {
  const { logLength: length, logOffset: offset } = headers;
  if (headers.logVersion !== LOG_VERSION) return notSupported(`with a log of version ${headers.logVersion}, which is not supported`);
  if (length === 0) return ok({ offset: 0, length });
  if (offset === undefined || offset < MIB || offset % MIB !== 0 || length % MIB !== 0) return corrupt('its log is out of place');
  return ok({ offset, length });
}

/** Whether there was something to replay. It is durable then, and the log empty. */
export function replayLog(file: ImageFile, headers: Headers, readOnly: boolean): Result<boolean, ImageError> {
  const log = logRegion(headers);
  if (!log.ok) return log;
  const { offset, length } = log.value;
  if (headers.logGuid === ZERO_GUID || length === 0) return ok(false);
  if (length > MAX_LOG) return notSupported(`whose log of ${length} bytes must be replayed; up to ${MAX_LOG} are supported`);
  const bytes = readWhole(file, log.value);
  if (!bytes.ok) return bytes;
  const entries = findActiveSequence(bytes.value.bytes, headers.logGuid);
  if (!entries.ok) return entries;
  // A writer names its log first and then fills it: nothing to replay is no fault.
  const head = entries.value.at(-1);
  if (head === undefined) return ok(false);
  if (readOnly) return err({ code: 'DIRTY', message: DIRTY });
  const replay = new Replay(file, { offset, length });
  const problem = replay.check(entries.value, head);
  if (problem !== undefined) return corrupt(problem);
  const done = replay.run(entries.value, head, headers);
  return done < 0 ? hostFailed('cannot be brought up to date with its log', done) : ok(true);
}

const DIRTY =
  'was not closed, and its log must be replayed, which writes to it: start it once without readonly=on, or `qemu-img check -r all` it';

/** One update: zeros, or a sector. */
interface Update {
  readonly offset: number;
  readonly zeros: number;
  /** Of the entry: the descriptor, and the data sector where it is no run of zeros. */
  readonly descriptorAt: number;
  readonly dataAt: number;
}

class Replay {
  readonly #file: ImageFile;
  readonly #log: Region;
  readonly #sector: NativeBuffer = allocate(LOG_SECTOR);

  constructor(file: ImageFile, log: Region) {
    this.#file = file;
    this.#log = log;
  }

  /** Why this log is not to be replayed. */
  check(entries: readonly LogEntry[], head: LogEntry): string | undefined {
    const fileSize = this.#file.size();
    if (fileSize < 0 || head.flushedFileOffset > fileSize)
      return `its log knows ${head.flushedFileOffset} bytes of the file, which has ${fileSize}`;
    if (head.lastFileOffset > MAX_FILE_SIZE) return 'its log wants a file larger than any VHDX';
    const end = Math.max(fileSize, head.lastFileOffset);
    for (const entry of entries) {
      for (const { offset, zeros } of updates(entry)) {
        const length = zeros || LOG_SECTOR;
        const inLog = offset < this.#log.offset + this.#log.length && this.#log.offset < offset + length;
        // The headers, and whatever is before them, are not written by way of the log.
        if (offset < REGION_TABLE_PLACES[0] || offset + length > end || inLog) return `its log writes ${length} bytes to ${offset}`;
      }
    }
    return undefined;
  }

  /** 0 or -errno. When it is interrupted the log is still there, and done again it does the same. */
  run(entries: readonly LogEntry[], head: LogEntry, headers: Headers): number {
    let done = headers.update({ fileWriteGuid: newGuid() });
    const fileSize = this.#file.size();
    if (done === 0 && fileSize < head.lastFileOffset) done = this.#file.truncate(head.lastFileOffset);
    for (const entry of entries) {
      for (const update of updates(entry)) if (done === 0) done = update.zeros > 0 ? this.#zero(update) : this.#write(entry, update);
    }
    if (done === 0) done = this.#file.sync();
    return done === 0 ? headers.update({ logGuid: ZERO_GUID }) : done;
  }

  #write({ bytes }: LogEntry, { offset, descriptorAt, dataAt }: Update): number {
    const leading = descriptorAt + VhdxLogDataDescriptor.offset.LeadingBytes;
    const trailing = descriptorAt + VhdxLogDataDescriptor.offset.TrailingBytes;
    const data = dataAt + VhdxLogDataSector.offset.Data;
    this.#sector.bytes.set(bytes.subarray(leading, leading + LEADING_BYTES), 0);
    this.#sector.bytes.set(bytes.subarray(data, data + LOG_DATA_SIZE), LEADING_BYTES);
    this.#sector.bytes.set(bytes.subarray(trailing, trailing + LOG_SECTOR - LEADING_BYTES - LOG_DATA_SIZE), LEADING_BYTES + LOG_DATA_SIZE);
    return this.#file.write(this.#sector, 0, LOG_SECTOR, offset);
  }

  #zero({ offset, zeros }: Update): number {
    const punched = this.#file.allocate(FALLOC.punchHole | FALLOC.keepSize, offset, zeros);
    if (punched !== -EOPNOTSUPP || zeros > MAX_WRITTEN_ZEROS) return punched;
    this.#sector.bytes.fill(0);
    for (let at = 0; at < zeros; at += LOG_SECTOR) {
      const written = this.#file.write(this.#sector, 0, LOG_SECTOR, offset + at);
      if (written < 0) return written;
    }
    return 0;
  }
}

/** Of an entry that was found valid. Zeros of no length say nothing. */
function* updates({ view, descriptorCount, dataAt }: LogEntry): Generator<Update> {
  let dataSector = dataAt;
  for (let index = 0; index < descriptorCount; index++) {
    const at = VhdxLogEntryHeader.size + index * LOG_DESCRIPTOR_SIZE;
    const offset = readU53(view, at + VhdxLogDataDescriptor.offset.FileOffset) ?? 0;
    if (hasSignature(view, at, LOG_ZERO_SIGNATURE)) {
      const zeros = readU53(view, at + VhdxLogZeroDescriptor.offset.ZeroLength) ?? 0;
      if (zeros > 0) yield { offset, zeros, descriptorAt: at, dataAt: 0 };
      continue;
    }
    yield { offset, zeros: 0, descriptorAt: at, dataAt: dataSector };
    dataSector += LOG_SECTOR;
  }
}
