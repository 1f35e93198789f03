/** The header: checked once, here, against what can be said without looking anywhere else. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { printable } from '#shared/lang/printable.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import { corrupt, host, unsupported } from './errors.ts';
import { readPadded } from './padded.ts';
import {
  COMPRESSION,
  ENTRY_SIZE,
  EXTENSION,
  HEADER,
  INCOMPATIBLE,
  MAGIC,
  MAX_BACKING_NAME,
  MAX_CLUSTER_BITS,
  MAX_L1_TABLE,
  MAX_REFCOUNT_ORDER,
  MAX_REFCOUNT_TABLE,
  MAX_SNAPSHOTS,
  MIN_CLUSTER_BITS,
  SECTOR,
  TWO_32,
  V2_HEADER_LENGTH,
  V3_HEADER_LENGTH,
} from './spec.ts';

export interface Backing {
  readonly name: string;
  /** As the image states it; undefined where it does not. */
  readonly format: string | undefined;
}

export interface Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly clusterSize: number;
  /** Bytes that the guest sees: whole sectors. */
  readonly size: number;
  readonly l1Size: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  /** Of one refcount: a power of two from 1 to 64. */
  readonly refcountBits: number;
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly autoclear: boolean;
  readonly lazyRefcounts: boolean;
  readonly zstd: boolean;
  readonly backing: Backing | undefined;
  /** The first sector, or what there is of it: rewritten as a whole. */
  readonly sector: NativeBuffer;
}

export function readHeader(file: ImageFile): Result<Header, ImageError> {
  const sector = allocate(SECTOR);
  const read = readPadded(file, sector, SECTOR, 0);
  if (read < 0) return host('read the header', read);
  const { view } = sector;
  if (view.getUint32(HEADER.magic) !== MAGIC) return err({ code: 'NOT_THIS_FORMAT', message: 'is no qcow2 image' });
  const version = view.getUint32(HEADER.version);
  if (version !== 2 && version !== 3) return unsupported(`is a qcow2 image of version ${version}; 2 and 3 are supported`);
  const clusterBits = view.getUint32(HEADER.clusterBits);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
    return corrupt(`its clusters have 2^${clusterBits} bytes, and 2^${MIN_CLUSTER_BITS} to 2^${MAX_CLUSTER_BITS} are possible`);
  }
  if (view.getUint32(HEADER.cryptMethod) !== 0) return unsupported('is an encrypted qcow2 image, which is not supported');
  const features = checkFeatures(view, version);
  if (!features.ok) return features;
  const tables = checkTables(view, 2 ** clusterBits);
  if (!tables.ok) return tables;
  const headerLength = version === 2 ? V2_HEADER_LENGTH : view.getUint32(HEADER.headerLength);
  if (headerLength > 2 ** clusterBits) return corrupt('its header is longer than a cluster');
  const backing = readBacking(file, view, { clusterSize: 2 ** clusterBits, headerLength });
  if (!backing.ok) return backing;
  return ok({ version, clusterBits, clusterSize: 2 ** clusterBits, sector, backing: backing.value, ...features.value, ...tables.value });
}

type Features = Pick<Header, 'refcountBits' | 'dirty' | 'corrupt' | 'autoclear' | 'lazyRefcounts' | 'zstd'>;

function checkFeatures(view: DataView, version: number): Result<Features, ImageError> {
  if (version === 2) return ok({ refcountBits: 16, dirty: false, corrupt: false, autoclear: false, lazyRefcounts: false, zstd: false });
  const headerLength = view.getUint32(HEADER.headerLength);
  if (headerLength < V3_HEADER_LENGTH || headerLength % 8 !== 0) return corrupt(`its header has ${headerLength} bytes`);
  const low = view.getUint32(HEADER.incompatible + 4);
  if ((low & INCOMPATIBLE.dataFile) !== 0) return unsupported('is a qcow2 image with an external data file, which is not supported');
  if ((low & INCOMPATIBLE.extendedL2) !== 0) return unsupported('is a qcow2 image with extended L2 entries, which are not supported');
  const high = view.getUint32(HEADER.incompatible);
  const known = INCOMPATIBLE.dirty | INCOMPATIBLE.corrupt | INCOMPATIBLE.compression;
  if (high !== 0 || (low & ~known) !== 0) {
    const bits = BigInt(high) * 2n ** 32n + BigInt((low & ~known) >>> 0);
    return unsupported(`is a qcow2 image with unknown incompatible features (0x${bits.toString(16)})`);
  }
  const refcountOrder = view.getUint32(HEADER.refcountOrder);
  if (refcountOrder > MAX_REFCOUNT_ORDER) return corrupt(`its refcounts have 2^${refcountOrder} bits`);
  const compression = headerLength > HEADER.compressionType ? view.getUint8(HEADER.compressionType) : COMPRESSION.deflate;
  if (compression > COMPRESSION.zstd) return unsupported(`is a qcow2 image with the unknown compression type ${compression}`);
  if (((low & INCOMPATIBLE.compression) !== 0) !== (compression !== COMPRESSION.deflate)) {
    return corrupt('its compression type and its feature bits disagree');
  }
  return ok({
    refcountBits: 2 ** refcountOrder,
    dirty: (low & INCOMPATIBLE.dirty) !== 0,
    corrupt: (low & INCOMPATIBLE.corrupt) !== 0,
    autoclear: view.getUint32(HEADER.autoclear) !== 0 || view.getUint32(HEADER.autoclear + 4) !== 0,
    lazyRefcounts: (view.getUint32(HEADER.compatible + 4) & 1) !== 0,
    zstd: compression === COMPRESSION.zstd,
  });
}

type Tables = Pick<
  Header,
  'size' | 'l1Size' | 'l1Offset' | 'refcountTableOffset' | 'refcountTableClusters' | 'snapshotCount' | 'snapshotsOffset'
>;

/** Sizes and positions of the tables; whether they lie inside the file, and apart, is seen where they are read. */
function checkTables(view: DataView, clusterSize: number): Result<Tables, ImageError> {
  const size = Math.floor(u64(view, HEADER.size) / SECTOR) * SECTOR;
  if (size === 0) return corrupt('it has no sector');
  if (size > Number.MAX_SAFE_INTEGER) return unsupported('is a qcow2 image of more than 2^53 bytes, which is not supported');
  const l1Size = view.getUint32(HEADER.l1Size);
  const l1Offset = u64(view, HEADER.l1Offset);
  if (l1Size * ENTRY_SIZE > MAX_L1_TABLE) return corrupt(`its L1 table has ${l1Size} entries, more than ${MAX_L1_TABLE / ENTRY_SIZE}`);
  if (l1Size < l1Entries(size, clusterSize)) return corrupt(`its L1 table has ${l1Size} entries, too few for ${size} bytes`);
  if (!isPlace(l1Offset, clusterSize)) return corrupt('its L1 table begins nowhere');
  const refcountTableOffset = u64(view, HEADER.refcountTableOffset);
  const refcountTableClusters = view.getUint32(HEADER.refcountTableClusters);
  if (refcountTableClusters === 0) return corrupt('it has no refcount table');
  if (refcountTableClusters * clusterSize > MAX_REFCOUNT_TABLE) {
    return corrupt(`its refcount table has ${refcountTableClusters} clusters, more than ${MAX_REFCOUNT_TABLE} bytes`);
  }
  if (!isPlace(refcountTableOffset, clusterSize)) return corrupt('its refcount table begins nowhere');
  const snapshotCount = view.getUint32(HEADER.snapshotCount);
  const snapshotsOffset = u64(view, HEADER.snapshotsOffset);
  if (snapshotCount > MAX_SNAPSHOTS) return corrupt(`it has ${snapshotCount} snapshots, more than ${MAX_SNAPSHOTS}`);
  if (snapshotCount > 0 && !isPlace(snapshotsOffset, clusterSize)) return corrupt('its snapshot table begins nowhere');
  return ok({ size, l1Size, l1Offset, refcountTableOffset, refcountTableClusters, snapshotCount, snapshotsOffset });
}

/** How many L1 entries a disk of `size` bytes takes. */
export function l1Entries(size: number, clusterSize: number): number {
  return Math.ceil(size / (clusterSize * (clusterSize / ENTRY_SIZE)));
}

/** A cluster's offset that is not the header's. Numbers past 2^53 are outside of every file. */
export function isPlace(offset: number, clusterSize: number): boolean {
  return offset !== 0 && offset <= Number.MAX_SAFE_INTEGER && offset % clusterSize === 0;
}

/** Rounded where it exceeds 2^53. */
export function u64(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
}

/** A safe integer as a u64. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / TWO_32));
  view.setUint32(at + 4, value % TWO_32);
}

interface FirstCluster {
  readonly clusterSize: number;
  readonly headerLength: number;
}

function readBacking(file: ImageFile, header: DataView, place: FirstCluster): Result<Backing | undefined, ImageError> {
  const offset = u64(header, HEADER.backingOffset);
  if (offset === 0) return ok(undefined);
  const length = header.getUint32(HEADER.backingSize);
  if (length === 0 || length > MAX_BACKING_NAME || offset < place.headerLength || offset + length > place.clusterSize) {
    return corrupt('the name of its backing file lies outside of its first cluster');
  }
  const first = allocate(offset + length);
  const read = readPadded(file, first, offset + length, 0);
  if (read < 0) return host('read the header', read);
  const bytes = Buffer.from(first.bytes.buffer);
  const name = bytes.toString('utf8', offset, offset + length);
  if (name.includes('\0')) return corrupt(`the name of its backing file has a zero byte: ${printable(name)}`);
  const format = readFormat(first, place.headerLength, offset);
  return format.ok ? ok({ name, format: format.value }) : format;
}

/** The extension that states the backing file's format, among those between the header and `end`. */
function readFormat(first: NativeBuffer, start: number, end: number): Result<string | undefined, ImageError> {
  for (let at = start; at + 8 <= end;) {
    const type = first.view.getUint32(at);
    if (type === EXTENSION.end) return ok(undefined);
    const length = first.view.getUint32(at + 4);
    if (length > end - at - 8) return corrupt('a header extension is longer than the header');
    if (type === EXTENSION.backingFormat) return ok(Buffer.from(first.bytes.buffer).toString('latin1', at + 8, at + 8 + length));
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return ok(undefined);
}
