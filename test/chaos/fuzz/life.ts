/** One connection of the fuzzer's: what its parts agree on. */
import type { Random } from '#shared/testing/random.ts';
import type { Variant } from './steps.ts';

export interface Life {
  readonly random: Random;
  readonly variant: Variant;
  /** Nothing is named that would spoil the counting of heads. */
  readonly tidy: boolean;
  readonly queueCount: number;
  readonly eventIdx: boolean;
  /** By ring. */
  readonly sizes: readonly number[];
  /** By ring: the next free descriptor, and how many were used since all were known to be free. */
  readonly nextHead: number[];
  readonly inUse: number[];
}

/** Bytes, in hexadecimal: any but the one that reserved sectors and the bystander's addresses are made of. */
export function junk(random: Random, length: number): string {
  return Buffer.from(Array.from({ length }, () => random.below(256)).map((byte) => (byte === 0x5b ? 0 : byte))).toString('hex');
}

export function hex(view: DataView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}
