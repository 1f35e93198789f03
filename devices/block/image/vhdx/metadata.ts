/** What the metadata region (2.6) says about the disk. */
import { readU53 } from '#shared/layout/fields.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import type { ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import { guidText } from './guid.ts';
import { corrupt, notSupported } from './problem.ts';
import { type Region, readWhole } from './regions.ts';
import {
  FILE_PARAMETERS_HAS_PARENT,
  MAX_BLOCK_SIZE,
  MAX_DISK_SIZE,
  MAX_TABLE_ENTRIES,
  METADATA_ENTRY_SIZE,
  METADATA_GUID,
  METADATA_REQUIRED,
  METADATA_SIGNATURE,
  METADATA_TABLE_SIZE,
  MIN_BLOCK_SIZE,
  VhdxMetadataTableEntry,
  VhdxMetadataTableHeader,
  hasSignature,
} from './spec.ts';

export interface VhdxMetadata {
  /** Bytes of a payload block: a power of two. */
  readonly blockSize: number;
  /** Bytes that the guest sees. */
  readonly size: number;
  /** Of the file, where `size` stands. */
  readonly sizeOffset: number;
  readonly logicalSectorSize: number;
  readonly physicalSectorSize: number;
}

type Items = ReadonlyMap<string, Region>;
type ItemName = keyof typeof METADATA_GUID;
const KNOWN: readonly string[] = Object.values(METADATA_GUID);

export function readMetadata(file: ImageFile, region: Region): Result<VhdxMetadata, ImageError> {
  const items = readTable(file, region);
  if (!items.ok) return items;
  const parameters = readItem(file, items.value, 'fileParameters', 8);
  const diskSize = readItem(file, items.value, 'virtualDiskSize', 8);
  const logical = readItem(file, items.value, 'logicalSectorSize', 4);
  const physical = readItem(file, items.value, 'physicalSectorSize', 4);
  for (const item of [parameters, diskSize, logical, physical]) if (!item.ok) return item;
  if (!parameters.ok || !diskSize.ok || !logical.ok || !physical.ok) return corrupt('its metadata lacks an item');
  const flags = parameters.value.view.getUint32(4, true);
  if ((flags & FILE_PARAMETERS_HAS_PARENT) !== 0 || items.value.has(METADATA_GUID.parentLocator)) {
    return notSupported('of the differencing kind, with a parent, which is not supported yet');
  }
  const metadata = {
    blockSize: parameters.value.view.getUint32(0, true),
    size: readU53(diskSize.value.view, 0) ?? Infinity,
    sizeOffset: diskSize.value.offset,
    logicalSectorSize: logical.value.view.getUint32(0, true),
    physicalSectorSize: physical.value.view.getUint32(0, true),
  };
  const problem = whatIsWrong(metadata);
  return problem === undefined ? ok(metadata) : corrupt(problem);
}

function whatIsWrong({ blockSize, size, logicalSectorSize, physicalSectorSize }: VhdxMetadata): string | undefined {
  if (blockSize < MIN_BLOCK_SIZE || blockSize > MAX_BLOCK_SIZE || !Number.isInteger(Math.log2(blockSize))) {
    return `its block size is ${blockSize}, which is no power of two from 1 MiB to 256 MiB`;
  }
  for (const sectorSize of [logicalSectorSize, physicalSectorSize]) {
    if (sectorSize !== 512 && sectorSize !== 4096) return `it has sectors of ${sectorSize} bytes`;
  }
  if (size === 0 || size > MAX_DISK_SIZE || size % logicalSectorSize !== 0) {
    return `its disk's size is not a number of sectors of ${logicalSectorSize} bytes, up to 64 TiB`;
  }
  return undefined;
}

/** Each item's place in the file. */
function readTable(file: ImageFile, region: Region): Result<Items, ImageError> {
  const table = readWhole(file, { offset: region.offset, length: METADATA_TABLE_SIZE });
  if (!table.ok) return table;
  const { view } = table.value;
  if (!hasSignature(view, 0, METADATA_SIGNATURE)) return corrupt('its metadata has no table');
  const count = VhdxMetadataTableHeader.get.EntryCount(view, 0);
  if (count > MAX_TABLE_ENTRIES) return corrupt(`its metadata table has ${count} entries`);
  const items = new Map<string, Region>();
  for (let index = 0; index < count; index++) {
    const at = METADATA_ENTRY_SIZE * (index + 1);
    const guid = guidText(VhdxMetadataTableEntry.get.ItemId(view, at));
    const offset = VhdxMetadataTableEntry.get.Offset(view, at);
    const length = VhdxMetadataTableEntry.get.Length(view, at);
    if (length > 0 && (offset < METADATA_TABLE_SIZE || offset + length > region.length))
      return corrupt(`its metadata item ${guid} is out of place`);
    if (items.has(guid)) return corrupt(`it has two metadata items ${guid}`);
    const required = (VhdxMetadataTableEntry.get.Flags(view, at) & METADATA_REQUIRED) !== 0;
    if (required && !KNOWN.includes(guid)) return notSupported(`with metadata of an unknown kind (${guid})`);
    items.set(guid, { offset: region.offset + offset, length });
  }
  return ok(items);
}

interface Item {
  readonly view: DataView;
  /** Of the file. */
  readonly offset: number;
}

function readItem(file: ImageFile, items: Items, name: ItemName, length: number): Result<Item, ImageError> {
  const place = items.get(METADATA_GUID[name]);
  if (place === undefined || place.length < length) return corrupt(`its metadata lacks ${METADATA_GUID[name]} (${name})`);
  const read = readWhole(file, { offset: place.offset, length });
  return read.ok ? ok({ view: read.value.view, offset: place.offset }) : read;
}
