/** The table of internal snapshots: read to know which clusters are theirs. Nothing of it is ever changed. */
import { type Result, ok } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { ImageError } from '../image.ts';
import { corrupt, host } from './errors.ts';
import { isPlace, u64 } from './header.ts';
import type { Qcow2File } from './qcow2-file.ts';
import { claimClusters } from './refcounts.ts';
import { ENTRY_SIZE, MAX_L1_TABLE, MAX_SNAPSHOT_TABLE, SNAPSHOT } from './spec.ts';

/** An L1 table of a snapshot. */
export interface SnapshotTable {
  readonly offset: number;
  /** Entries. */
  readonly size: number;
}

export interface Snapshots {
  readonly tables: readonly SnapshotTable[];
  /** Bytes of the table that names them. */
  readonly length: number;
}

/** The snapshots' L1 tables; they and the table that names them become metadata. */
export function readSnapshots(image: Qcow2File): Result<Snapshots, ImageError> {
  const { snapshotCount, snapshotsOffset, clusterSize } = image.header;
  const tables: SnapshotTable[] = [];
  if (snapshotCount === 0) return ok({ tables, length: 0 });
  if (!image.contains(snapshotsOffset, 1)) return corrupt('its snapshot table lies outside of the file');
  const most = Math.min(image.fileSize - snapshotsOffset, MAX_SNAPSHOT_TABLE);
  const buffer = allocate(most);
  const read = image.file.read(buffer, 0, most, snapshotsOffset);
  if (read < 0) return host('read the snapshot table', read);
  let at = 0;
  for (let index = 0; index < snapshotCount; index++) {
    if (at + SNAPSHOT.end > most) return corrupt('its snapshot table is cut off');
    const offset = u64(buffer.view, at + SNAPSHOT.l1Offset);
    const size = buffer.view.getUint32(at + SNAPSHOT.l1Size);
    const extra = buffer.view.getUint32(at + SNAPSHOT.extraSize);
    const names = buffer.view.getUint16(at + SNAPSHOT.idSize) + buffer.view.getUint16(at + SNAPSHOT.nameSize);
    const length = size * ENTRY_SIZE;
    if (length > MAX_L1_TABLE) return corrupt(`the L1 table of snapshot ${index} has ${size} entries`);
    if (size > 0) {
      const inside = isPlace(offset, clusterSize) && image.contains(offset, length);
      if (!inside) return corrupt(`the L1 table of snapshot ${index} lies outside of the file`);
      if (!claimClusters(image, offset, length)) return corrupt(`the L1 table of snapshot ${index} overlaps another table`);
      tables.push({ offset, size });
    }
    at += Math.ceil((SNAPSHOT.end + extra + names) / 8) * 8;
  }
  // The padding of the last one need not be there.
  if (at >= most + 8) return corrupt('its snapshot table is cut off');
  if (!claimClusters(image, snapshotsOffset, at)) return corrupt('its snapshot table overlaps another table');
  return ok({ tables, length: at });
}
