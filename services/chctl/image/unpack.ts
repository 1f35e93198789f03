import { spawnSync } from 'node:child_process';
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { ImageError } from './image-error.ts';
import { LZ4_LEGACY_MAGIC, unpackLz4Legacy } from './lz4.ts';

/** No kernel or module comes near it; it bounds what a hostile image can make us allocate. */
const LARGEST = 512 * 1024 * 1024;

export type Packing = 'gzip' | 'xz' | 'zstd' | 'lz4';

const MAGIC: readonly { readonly packing: Packing; readonly bytes: Buffer }[] = [
  { packing: 'gzip', bytes: Buffer.from([0x1f, 0x8b]) },
  { packing: 'xz', bytes: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { packing: 'zstd', bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  { packing: 'lz4', bytes: littleEndian(LZ4_LEGACY_MAGIC) },
];

/** How `packed` was packed, by its first bytes; undefined for anything else. */
export function packingOf(packed: Uint8Array): Packing | undefined {
  return MAGIC.find(({ bytes }) => bytes.equals(packed.subarray(0, bytes.length)))?.packing;
}

/** Unpacks one whole stream with nothing after it. `what` names it in the error. */
export function unpack(what: string, packed: Uint8Array, packing: Packing): Result<Buffer, ImageError> {
  const failed = (why: string): Result<Buffer, ImageError> =>
    err({ code: 'UNPACK_FAILED', message: `${what}: cannot unpack its ${packing} data: ${why}` });
  try {
    switch (packing) {
      case 'gzip':
        return ok(gunzipSync(packed, { maxOutputLength: LARGEST }));
      case 'zstd':
        return ok(zstdDecompressSync(packed, { maxOutputLength: LARGEST, params: { [constants.ZSTD_d_windowLogMax]: 27 } }));
      case 'lz4': {
        const unpacked = unpackLz4Legacy(packed, LARGEST);
        return unpacked === undefined ? failed('it is damaged or truncated') : ok(unpacked);
      }
      case 'xz':
        return unpackXz(what, packed, failed);
    }
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/** node has no xz: the program does it. */
function unpackXz(what: string, packed: Uint8Array, failed: (why: string) => Result<Buffer, ImageError>): Result<Buffer, ImageError> {
  const run = spawnSync('xz', ['-dc'], { input: packed, maxBuffer: LARGEST });
  if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT') {
    return err({
      code: 'PROGRAM_MISSING',
      message: `${what} is packed with xz, and the program xz is not installed (Debian: apt-get install xz-utils)`,
    });
  }
  if (run.error !== undefined) return failed(run.error.message);
  return run.status === 0 ? ok(run.stdout) : failed(run.stderr.toString().trim());
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
