import type { NativeBuffer } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';

/** Fills the first `length` bytes of `into` from `offset` of the file, with zeros where the file has ended: 0 or -errno. */
export function readPadded(file: ImageFile, into: NativeBuffer, length: number, offset: number): number {
  const done = file.read(into, 0, length, offset);
  if (done < 0) return done;
  if (done < length) into.bytes.fill(0, done, length);
  return 0;
}
