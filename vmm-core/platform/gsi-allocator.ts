import { MSI_FIRST_GSI, MSI_LAST_GSI } from '../memory/layout.ts';
import type { StateArena } from '../state/arena.ts';

const WORDS = (MSI_LAST_GSI + 1) / 32;

/** The GSIs of message-signalled interrupts, given out when a vector is first unmasked: a bit map in the arena. */
export class GsiAllocator {
  readonly #taken: Int32Array;

  constructor(arena: StateArena) {
    this.#taken = arena.slice('gsi-allocator', 1, WORDS * 4).words;
  }

  /** The lowest GSI that nobody has, from 24; undefined when all are taken. Any thread. */
  allocate(): number | undefined {
    for (let gsi = MSI_FIRST_GSI; gsi <= MSI_LAST_GSI; gsi++) {
      const bit = 1 << (gsi & 31);
      if ((Atomics.or(this.#taken, gsi >> 5, bit) & bit) === 0) return gsi;
    }
    return undefined;
  }

  /** Gives a GSI back, whose irqfd must be gone. */
  free(gsi: number): void {
    Atomics.and(this.#taken, gsi >> 5, ~(1 << (gsi & 31)));
  }
}
