import { type Result, ok } from '#shared/lang/result.ts';
import type { Described } from './describe.ts';
import type { ImageFile } from './image-file.ts';
import type { ImageError } from './image.ts';
import { Headers } from './vhdx/headers.ts';
import { logRegion } from './vhdx/log-replay.ts';
import { readMetadata } from './vhdx/metadata.ts';
import { readRegions } from './vhdx/regions.ts';
import { openVhdx } from './vhdx/vhdx.ts';

/** One that has a log to replay is described as it is without that. */
export function describeVhdx(file: ImageFile): Result<Described, ImageError> {
  const opened = openVhdx(file, { readOnly: true });
  if (!opened.ok) return opened.error.code === 'DIRTY' ? describeDirty(file) : opened;
  const { size, blockSize, logicalSectorSize, presentBlocks, badBlocks } = opened.value;
  const blocks = `${presentBlocks} of ${Math.ceil(size / blockSize)} blocks are in the file`;
  const bad = badBlocks === 0 ? [] : [`the block table is wrong about ${badBlocks} blocks, which cannot be read`];
  return ok({
    virtualSize: size,
    clusterSize: blockSize,
    features: [`sectors of ${logicalSectorSize} bytes`],
    corrupt: badBlocks > 0,
    notes: [blocks, ...bad],
  });
}

function describeDirty(file: ImageFile): Result<Described, ImageError> {
  const headers = Headers.read(file);
  if (!headers.ok) return headers;
  const log = logRegion(headers.value);
  if (!log.ok) return log;
  const regions = readRegions(file, log.value, file.size());
  if (!regions.ok) return regions;
  const metadata = readMetadata(file, regions.value.metadata);
  if (!metadata.ok) return metadata;
  const { size, blockSize, logicalSectorSize } = metadata.value;
  return ok({ virtualSize: size, clusterSize: blockSize, features: [`sectors of ${logicalSectorSize} bytes`], dirty: true });
}
