/**
 * What a driver can do wrong, each with its fate.
 *
 * A chain fault touches one chain: it is counted, and the chain goes back to the driver as used with length 0.
 * A ring fault means that the ring itself cannot be believed any more: the ring stops taking chains (those already in
 * flight complete) and its owner asks for a reset: DEVICE_NEEDS_RESET, or the error eventfd of vhost-user.
 */

export const CHAIN_FAULTS = [
  /** A `next` at or past the end of its table. */
  'NEXT_OUT_OF_RANGE',
  /** More descriptors than the table has: a loop. */
  'CHAIN_LOOP',
  /** A buffer, or part of it, where no guest memory is. */
  'BUFFER_UNMAPPED',
  /** A device-readable descriptor behind a device-writable one (virtio 1.2, 2.7.4.2). */
  'READABLE_AFTER_WRITABLE',
  /** More pieces of memory than one chain may have. */
  'TOO_MANY_SEGMENTS',
  /** An indirect descriptor though VIRTIO_F_INDIRECT_DESC was not negotiated. */
  'INDIRECT_NOT_NEGOTIATED',
  /** An indirect descriptor inside an indirect table (2.7.5.3.1). */
  'INDIRECT_NESTED',
  /** INDIRECT and NEXT together (2.7.5.3.1). */
  'INDIRECT_WITH_NEXT',
  /** A table of no bytes, not of whole descriptors, or of more than a chain may have. */
  'INDIRECT_LENGTH',
  /** A table, or part of it, where no guest memory is. */
  'INDIRECT_UNMAPPED',
] as const;

export type ChainFault = (typeof CHAIN_FAULTS)[number];

export type RingFault =
  /** The available index is ahead of us by more than the ring holds, or went backwards. */
  | { readonly code: 'AVAILABLE_JUMPED'; readonly available: number; readonly next: number }
  /** An available entry names a descriptor that the table does not have. */
  | { readonly code: 'HEAD_OUT_OF_RANGE'; readonly head: number }
  /** An available entry names a chain that we have not returned yet. */
  | { readonly code: 'HEAD_IN_FLIGHT'; readonly head: number };
