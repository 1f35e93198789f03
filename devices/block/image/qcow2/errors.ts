import { type Err, err } from '#shared/lang/result.ts';
import { sysError } from '#shared/sys/errno.ts';
import type { ImageError } from '../image.ts';

/** Each message is the end of a sentence that begins with the image's name. */
export function corrupt(what: string): Err<ImageError> {
  return err({ code: 'CORRUPT', message: `is a damaged qcow2 image: ${what}; see \`qemu-img check\`` });
}

export function unsupported(what: string): Err<ImageError> {
  return err({ code: 'NOT_SUPPORTED', message: what });
}

/** `result` is -errno. */
export function host(what: string, result: number): Err<ImageError> {
  return err({ code: 'HOST', message: sysError(what, -result).message });
}
