/**
 * Where the base address registers of all functions are, and what happens when the guest moves one.
 *
 * The buses know two fixed windows, one below 4 GiB and one above; what lies where inside them is in the arena. A move is made under
 * the PCI lock and counted in a generation word. Every thread keeps a sorted copy and makes it anew when the generation has changed.
 */
import { type IoHandler, allOnes } from '../bus/bus.ts';
import type { AddressRange } from '../memory/layout.ts';
import type { Lock } from '../state/lock.ts';

/** A base address register's memory, and where it is answered now (which is not always what the register says). */
export interface Bar {
  /** Bytes, a power of two. */
  readonly size: number;
  readonly handler: IoHandler;
  /** The guest-physical address. */
  mapped: number;
  /** Called after `mapped` has changed, on the thread of the vCPU that moved it. */
  moved(from: number): void;
}

interface Placed {
  readonly base: number;
  readonly end: number;
  readonly bar: Bar;
}

export class BarMap {
  readonly #lock: Lock;
  readonly #words: Int32Array;
  readonly #generationWord: number;
  readonly #windows: readonly AddressRange[];
  readonly #bars: Bar[] = [];
  #placed: Placed[] = [];
  #generation = -1;

  /** `words[generationWord]` counts moves; `lock` is the PCI lock. */
  constructor(windows: readonly AddressRange[], words: Int32Array, generationWord: number, lock: Lock) {
    this.#windows = windows;
    this.#words = words;
    this.#generationWord = generationWord;
    this.#lock = lock;
  }

  add(bar: Bar): void {
    this.#bars.push(bar);
    this.#generation = -1;
  }

  /** What stands behind a window, for the MMIO bus. */
  window(index: 0 | 1): AddressRange & { readonly handler: IoHandler } {
    const { start, size } = this.#windows[index] ?? { start: 0, size: 0 };
    const handler: IoHandler = {
      read: (offset, length) => {
        const found = this.#find(start + offset, length);
        return found === undefined ? allOnes(length) : found.bar.handler.read(start + offset - found.base, length);
      },
      write: (offset, length, value) => {
        const found = this.#find(start + offset, length);
        if (found !== undefined) found.bar.handler.write(start + offset - found.base, length, value);
      },
    };
    return { start, size, handler };
  }

  /** Moves `bar`, unless it would leave the windows or cover another one. Under the PCI lock. */
  move(bar: Bar, address: number): boolean {
    if (!this.#mayBe(bar, address)) return false;
    const from = bar.mapped;
    bar.mapped = address;
    Atomics.add(this.#words, this.#generationWord, 1);
    bar.moved(from);
    return true;
  }

  /** Whether one is where none can have been moved to: asked of addresses that were restored. */
  get isDisordered(): boolean {
    return this.#bars.some((bar) => bar.mapped % bar.size !== 0 || !this.#mayBe(bar, bar.mapped));
  }

  /** Makes every thread look anew: after power-on or a restore put addresses into the arena. */
  changed(): void {
    Atomics.add(this.#words, this.#generationWord, 1);
  }

  #mayBe(bar: Bar, address: number): boolean {
    const end = address + bar.size;
    const inside = this.#windows.some(({ start, size }) => address >= start && end <= start + size);
    return inside && this.#bars.every((other) => other === bar || end <= other.mapped || address >= other.mapped + other.size);
  }

  #find(address: number, length: number): Placed | undefined {
    if (Atomics.load(this.#words, this.#generationWord) !== this.#generation) this.#refresh();
    for (const placed of this.#placed) {
      if (address >= placed.base && address < placed.end) return address + length <= placed.end ? placed : undefined;
    }
    return undefined;
  }

  #refresh(): void {
    this.#lock.acquire();
    this.#generation = Atomics.load(this.#words, this.#generationWord);
    this.#placed = this.#bars.map((bar) => ({ base: bar.mapped, end: bar.mapped + bar.size, bar }));
    this.#lock.release();
  }
}
