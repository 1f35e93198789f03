/**
 * From an address to the registers behind it. Every thread has its own buses, over handlers whose state lies in the arena; ranges
 * are added while the machine is built. What moves at run time (PCI BARs) moves inside a fixed range, see `pci/bar-window.ts`.
 */

/** The registers behind one range. Called on any vCPU's thread, possibly on several at once. */
export interface IoHandler {
  /** The value at `offset` from the range's start: a u32 for `size` 1, 2 or 4, of which the bus takes the low `size` bytes. */
  read(offset: number, size: number): number;
  /** `value` is below 2^(8 x size). */
  write(offset: number, size: number, value: number): void;
}

export interface Bus {
  /** Gives [base, base + length) to `handler`. Throws where it overlaps another range: machines are planned, not guessed. */
  add(base: number, length: number, handler: IoHandler): void;
  remove(base: number): void;
  /**
   * Any size of 1, 2, 4; all ones where nobody answers, also for an access that leaves its range. An access of 8 is two of 4, low half first: no
   * register here is wider, and two numbers carry what one cannot. Callers that have 8 bytes make two calls; `read(…, 8)` rounds past 2^53.
   */
  read(address: number, size: number): number;
  write(address: number, size: number, value: number): void;
}

/** What a read of `size` bytes gives where nobody answers. */
export function allOnes(size: number): number {
  return size === 1 ? 0xff : size === 2 ? 0xffff : 0xffff_ffff;
}

/** The low `size` bytes (1, 2 or 4) of `value` as an unsigned number. */
export function lowBytes(value: number, size: number): number {
  return size === 1 ? value & 0xff : size === 2 ? value & 0xffff : value >>> 0;
}
