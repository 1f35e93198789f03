import { assert } from '#shared/lang/assert.ts';
import { type Bus, type IoHandler, allOnes, lowBytes } from './bus.ts';

const TWO_32 = 0x1_0000_0000;

interface MmioRange {
  readonly base: number;
  readonly end: number;
  readonly handler: IoHandler;
}

/** Guest-physical ranges without memory behind them: a binary search, after a look at the range of the last hit. */
export class MmioBus implements Bus {
  /** Ascending, without overlap. */
  readonly #ranges: MmioRange[] = [];
  #last: MmioRange | undefined;

  add(base: number, length: number, handler: IoHandler): void {
    const end = base + length;
    assert(Number.isSafeInteger(base) && base >= 0 && length > 0 && Number.isSafeInteger(end), `no MMIO range at ${base}, ${length} bytes`);
    const at = this.#indexFrom(base);
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    assert((before === undefined || before.end <= base) && (after === undefined || end <= after.base), `MMIO range at ${base} is taken`);
    this.#ranges.splice(at, 0, { base, end, handler });
  }

  remove(base: number): void {
    const at = this.#indexFrom(base);
    assert(this.#ranges[at]?.base === base, `no MMIO range begins at ${base}`);
    this.#ranges.splice(at, 1);
    this.#last = undefined;
  }

  read(address: number, size: number): number {
    if (size === 8) return this.read(address, 4) + this.read(address + 4, 4) * TWO_32;
    const range = this.#find(address);
    if (range === undefined || address + size > range.end) return allOnes(size);
    return lowBytes(range.handler.read(address - range.base, size), size);
  }

  write(address: number, size: number, value: number): void {
    if (size === 8) {
      this.write(address, 4, value % TWO_32);
      this.write(address + 4, 4, Math.floor(value / TWO_32));
      return;
    }
    const range = this.#find(address);
    if (range !== undefined && address + size <= range.end) range.handler.write(address - range.base, size, value);
  }

  #find(address: number): MmioRange | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.base && address < last.end) return last;
    const at = this.#indexFrom(address);
    // The range that begins at or before the address is the only one that can hold it.
    const exact = this.#ranges[at];
    const range = exact?.base === address ? exact : this.#ranges[at - 1];
    if (range === undefined || address >= range.end) return undefined;
    this.#last = range;
    return range;
  }

  /** The index of the first range that begins at `address` or above. */
  #indexFrom(address: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.base < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
