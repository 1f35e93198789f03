/** Which parts of the file are not payload: the first MiB, the log, and what the region table (2.2.3) lists. */
import { readU53 } from '#shared/layout/fields.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import { crc32c } from './crc32c.ts';
import { guidText } from './guid.ts';
import { corrupt, hostFailed, notSupported } from './problem.ts';
import {
  MAX_TABLE_ENTRIES,
  MIB,
  REGION_GUID,
  REGION_SIGNATURE,
  REGION_TABLE_PLACES,
  REGION_TABLE_SIZE,
  VhdxRegionTableEntry,
  VhdxRegionTableHeader,
  hasSignature,
} from './spec.ts';

/** Bytes of the file. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

export interface Regions {
  readonly bat: Region;
  readonly metadata: Region;
  /** All that payload may not overlap, by offset. None overlaps another. */
  readonly taken: readonly Region[];
}

/** `log` has no length where the file has no log. */
export function readRegions(file: ImageFile, log: Region, fileSize: number): Result<Regions, ImageError> {
  const table = allocate(REGION_TABLE_SIZE);
  const valid = REGION_TABLE_PLACES.some((place) => file.read(table, 0, REGION_TABLE_SIZE, place) === REGION_TABLE_SIZE && isValid(table));
  if (!valid) return corrupt('none of its two region tables is valid');
  const taken: Region[] = [{ offset: 0, length: MIB }, ...(log.length === 0 ? [] : [log])];
  const known = new Map<string, Region>();
  const count = VhdxRegionTableHeader.get.EntryCount(table.view, 0);
  if (count > MAX_TABLE_ENTRIES) return corrupt(`its region table has ${count} entries`);
  for (let index = 0; index < count; index++) {
    const at = VhdxRegionTableHeader.size + index * VhdxRegionTableEntry.size;
    const guid = guidText(VhdxRegionTableEntry.get.Guid(table.view, at));
    const region = regionAt(table.view, at);
    if (region === undefined || region.offset + region.length > fileSize) return corrupt(`its region ${guid} is not inside the file`);
    if (known.has(guid)) return corrupt(`it has two regions ${guid}`);
    const required = (VhdxRegionTableEntry.get.Required(table.view, at) & 1) !== 0;
    if (required && guid !== REGION_GUID.bat && guid !== REGION_GUID.metadata)
      return notSupported(`with a region of an unknown kind (${guid})`);
    known.set(guid, region);
    taken.push(region);
  }
  taken.sort((a, b) => a.offset - b.offset);
  if (taken.some((region, index) => index > 0 && overlaps(taken[index - 1], region))) return corrupt('two of its regions overlap');
  const bat = known.get(REGION_GUID.bat);
  const metadata = known.get(REGION_GUID.metadata);
  if (bat === undefined || metadata === undefined) return corrupt('it lacks the region of its block table or that of its metadata');
  return ok({ bat, metadata, taken });
}

/** Whether payload at [offset, offset + length) would overlap one of the regions, which are in order. */
export function overlapsAny(taken: readonly Region[], offset: number, length: number): boolean {
  let low = 0;
  let high = taken.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const region = taken[middle];
    if (region !== undefined && region.offset + region.length <= offset) low = middle + 1;
    else high = middle;
  }
  const next = taken[low];
  return next !== undefined && next.offset < offset + length;
}

/** Undefined where it is not in whole MiB, behind the first. */
function regionAt(view: DataView, at: number): Region | undefined {
  const offset = readU53(view, at + VhdxRegionTableEntry.offset.FileOffset);
  const length = VhdxRegionTableEntry.get.Length(view, at);
  if (offset === undefined || offset < MIB || offset % MIB !== 0 || length === 0 || length % MIB !== 0) return undefined;
  return { offset, length };
}

function isValid({ bytes, view }: NativeBuffer): boolean {
  if (!hasSignature(view, 0, REGION_SIGNATURE)) return false;
  return VhdxRegionTableHeader.get.Checksum(view, 0) === crc32c(bytes, VhdxRegionTableHeader.offset.Checksum);
}

function overlaps(before: Region | undefined, after: Region): boolean {
  return before !== undefined && before.offset + before.length > after.offset;
}

/** What could not be read at all is told apart from what is wrong. */
export function readWhole(file: ImageFile, { offset, length }: Region): Result<NativeBuffer, ImageError> {
  const buffer = allocate(length);
  const read = file.read(buffer, 0, length, offset);
  return read === length ? ok(buffer) : hostFailed('cannot be read', read);
}
