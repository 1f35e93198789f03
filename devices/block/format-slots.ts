/** What is known of each request that goes through an image, by its head. */

/** What a request wants of the image. */
export const WANTS = { read: 0, write: 1, flush: 2, discard: 3, zeroes: 4, zeroesUnmapped: 5 } as const;
export type Wants = (typeof WANTS)[keyof typeof WANTS];

/** Where a request goes on. */
export const STATE = { transfer: 0, allocation: 1, turn: 2, news: 3, barrier: 4, flush: 5 } as const;

/** What a request is about. */
export interface DataPlace {
  /** Bytes of the disk. */
  offset: number;
  length: number;
  segment: number;
  segments: number;
}

/**
 * A slot per head. In bytes of the disk: where the request is f64, what is left f64. Of the extent: place in its file f64, bytes left
 * f64; bytes that are to be written as zeros f64. Then first segment u32, segments u32, wants u32, state u32, file u32, claim u32, hold
 * u32, whether the place is fresh u32, retries u32, the segment that is cut u32 and by how many bytes u32.
 */
export const SLOT_SIZE = 88;
export const OFFSET = 0;
export const LEFT = 8;
export const PLACE = 16;
export const PIECE = 24;
export const ZEROS = 32;
export const SEGMENT = 40;
export const COUNT = 44;
export const WANTED = 48;
export const STATE_AT = 52;
export const FILE = 56;
export const CLAIM = 60;
export const HOLD = 64;
export const FRESH = 68;
export const RETRIES = 72;
export const CUT_SEGMENT = 76;
export const CUT = 80;
