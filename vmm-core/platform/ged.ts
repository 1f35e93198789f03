import { type IoHandler, allOnes } from '../bus/bus.ts';
import { GED_POWER_BUTTON } from '../memory/layout.ts';
import type { StateArena } from '../state/arena.ts';
import type { InterruptLine } from './ioapic.ts';

/** The generic event device's one register (ACPI 6.5, 5.6.9): what happened since the guest last read it, one bit a kind. */
export class GenericEventDevice implements IoHandler {
  readonly #words: Int32Array;
  readonly #interrupt: InterruptLine;

  constructor(arena: StateArena, interrupt: InterruptLine) {
    this.#words = arena.slice('ged', 1, 8).words;
    this.#interrupt = interrupt;
  }

  /** Reading clears it. */
  read(offset: number, size: number): number {
    return offset === 0 && size === 1 ? Atomics.exchange(this.#words, 0, 0) : allOnes(size);
  }

  /** The register is read-only. */
  write(): void {}

  /** Adds `bits` (GED_…) and interrupts. Any thread. */
  notify(bits: number): void {
    Atomics.or(this.#words, 0, bits);
    this.#interrupt.raise();
  }

  pressPowerButton(): void {
    this.notify(GED_POWER_BUTTON);
  }

  /** After a restore: what the guest has not read interrupts it again. */
  restored(): void {
    if (Atomics.load(this.#words, 0) !== 0) this.#interrupt.raise();
  }
}
