import { type Result, ok } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { Described } from './describe.ts';
import type { ImageFile } from './image-file.ts';
import type { ImageError } from './image.ts';
import { type Header, readHeader } from './qcow2/header.ts';
import { SNAPSHOT } from './qcow2/spec.ts';

/** As many snapshots as are listed, and as much of their table as is read for it. */
const MOST_SNAPSHOTS = 1000;
const MOST_TABLE = 2 ** 20;

/** From the header and the table of snapshots alone. */
export function describeQcow2(file: ImageFile): Result<Described, ImageError> {
  const read = readHeader(file);
  if (!read.ok) return read;
  const header = read.value;
  const { size, clusterSize, version, dirty, corrupt, backing } = header;
  const features = [`version ${version}`, ...(header.lazyRefcounts ? ['lazy refcounts'] : []), ...(header.zstd ? ['zstd'] : [])];
  if (header.refcountBits !== 16) features.push(`refcounts of ${header.refcountBits} bits`);
  const snapshots = snapshotNames(file, header);
  const more = header.snapshotCount - snapshots.length;
  return ok({
    virtualSize: size,
    clusterSize,
    backingFile: backing === undefined ? null : { name: backing.name, format: backing.format ?? null },
    snapshots,
    features,
    dirty,
    corrupt,
    notes: more > 0 ? [`${more} more snapshots are not listed`] : [],
  });
}

function snapshotNames(file: ImageFile, { snapshotCount, snapshotsOffset }: Header): { id: string; name: string }[] {
  const names: { id: string; name: string }[] = [];
  if (snapshotCount === 0) return names;
  const table = allocate(MOST_TABLE);
  const length = file.read(table, 0, MOST_TABLE, snapshotsOffset);
  for (let at = 0; names.length < Math.min(snapshotCount, MOST_SNAPSHOTS) && at + SNAPSHOT.end <= length;) {
    const idAt = at + SNAPSHOT.end + table.view.getUint32(at + SNAPSHOT.extraSize);
    const nameAt = idAt + table.view.getUint16(at + SNAPSHOT.idSize);
    const end = nameAt + table.view.getUint16(at + SNAPSHOT.nameSize);
    if (end > length) break;
    const text = (from: number, to: number): string => Buffer.from(table.bytes.subarray(from, to)).toString('utf8');
    names.push({ id: text(idAt, nameAt), name: text(nameAt, end) });
    at += Math.ceil((end - at) / 8) * 8;
  }
  return names;
}
