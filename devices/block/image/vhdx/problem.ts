/** What is wrong with an image, as the end of a sentence that begins with its name. */
import { type Err, err } from '#shared/lang/result.ts';
import { sysError } from '#shared/sys/errno.ts';
import type { ImageError } from '../image.ts';

export function corrupt(what: string): Err<ImageError> {
  return err({ code: 'CORRUPT', message: `is a corrupt VHDX: ${what}` });
}

export function notSupported(what: string): Err<ImageError> {
  return err({ code: 'NOT_SUPPORTED', message: `is a VHDX ${what}` });
}

/** `result` of a call on the file: `-errno`, or fewer bytes than there should be. */
export function hostFailed(what: string, result: number): Err<ImageError> {
  return err({ code: 'HOST', message: result < 0 ? sysError(what, -result).message : `${what}: the file is too short` });
}
