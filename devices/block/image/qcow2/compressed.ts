/** Compressed clusters: which bytes of the file they take, and what is in them. */
import { inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { OFFSET_HIGH, SECTOR, TWO_32 } from './spec.ts';

/** The bytes that an L2 entry names: up to a sector's end, of which the last ones may be another cluster's. */
export interface CompressedPlace {
  readonly offset: number;
  readonly length: number;
}

/** The descriptor's low bits are the offset, the ones above it the number of further sectors; how many each has hangs on the cluster size. */
export function compressedPlace(high: number, low: number, clusterBits: number): CompressedPlace {
  // Of the upper word: 62 - (clusterBits - 8) bits in all are the offset's.
  const offsetBits = 62 - (clusterBits - 8) - 32;
  const offset = (high & (2 ** offsetBits - 1) & OFFSET_HIGH) * TWO_32 + low;
  const sectors = (high & 0x3fff_ffff) >>> offsetBits;
  return { offset, length: (sectors + 1) * SECTOR - (offset % SECTOR) };
}

/** A cluster's bytes, or undefined where they are not what they should be. `source` may go on after the end of the stream. */
export function decompress(source: Uint8Array, clusterSize: number, zstd: boolean): Uint8Array | undefined {
  try {
    const bytes = zstd ? fromZstd(source, clusterSize) : inflateRawSync(source, { maxOutputLength: clusterSize });
    return bytes?.length === clusterSize ? bytes : undefined;
  } catch {
    // The library says by exceptions that the bytes are no stream of its kind, or a longer one.
    return undefined;
  }
}

/** Frames until the cluster is full; the library refuses what follows the last one, so that each is cut out before. */
function fromZstd(source: Uint8Array, clusterSize: number): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let done = 0;
  for (let at = 0; done < clusterSize;) {
    const length = zstdFrameLength(source.subarray(at));
    if (length === undefined) return undefined;
    const part = zstdDecompressSync(source.subarray(at, at + length), { maxOutputLength: clusterSize - done });
    // A frame of nothing would let the next ones go on for as long as there are bytes: each takes at least nine of them.
    parts.push(part);
    done += part.length;
    at += length;
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

const ZSTD_MAGIC = 0xfd2f_b528;

/** RFC 8878, 3.1.1: the header, blocks up to the one marked as the last, and a checksum where the header says so. */
function zstdFrameLength(source: Uint8Array): number | undefined {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  if (source.length < 9 || view.getUint32(0, true) !== ZSTD_MAGIC) return undefined;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSize = contentSizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** contentSizeFlag;
  const dictionarySize = [0, 1, 2, 4][descriptor & 3] ?? 0;
  let at = 5 + (isSingleSegment ? 0 : 1) + dictionarySize + contentSize;
  for (let last = false; !last;) {
    if (at + 3 > source.length) return undefined;
    const header = view.getUint8(at) | (view.getUint16(at + 1, true) << 8);
    last = (header & 1) !== 0;
    const isRepeated = ((header >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : header >> 3);
  }
  at += (descriptor & 4) === 0 ? 0 : 4;
  return at <= source.length ? at : undefined;
}
