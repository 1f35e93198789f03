/** What a ring knows of each request under way, by its head. */
import { IORING_OP } from '#shared/sys/io-uring.ts';
import { OPERATION as COUNTED } from './stats/statistics.ts';

/** As an operation: the request goes through the image; with what it counts as added. */
export const THROUGH_IMAGE = 0x100;

/**
 * A slot per head: status address f64, offset f64, bytes left f64, used length f64, first segment u32, segments u32, operation u32,
 * retries since something moved u32, sectors u32, when it was begun i32 (microseconds).
 */
export const SLOT_SIZE = 56;
export const STATUS = 0;
export const OFFSET = 8;
export const LEFT = 16;
export const WRITTEN = 24;
export const SEGMENT = 32;
export const COUNT = 36;
export const OPERATION = 40;
export const RETRIES = 44;
export const SECTORS = 48;
export const BEGUN = 52;

/** What a slot's operation counts as. */
export function countedAs(operation: number): number {
  if (operation >= THROUGH_IMAGE) return operation - THROUGH_IMAGE;
  if (operation === IORING_OP.READ) return COUNTED.read;
  return operation === IORING_OP.WRITE ? COUNTED.write : COUNTED.flush;
}
