import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of this checkout. */
export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Whatever can be made again: kernels, initramfs, disks. Not in git. */
export const CACHE = join(CHECKOUT, '.cache');
/** Logs of runs that failed, a folder each. */
export const FAILURES = join(CACHE, 'failures');
