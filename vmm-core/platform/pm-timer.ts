import { sampleMonotonic, sampledNanoseconds, sampledSeconds } from '#shared/sys/clock.ts';
import { type IoHandler, allOnes } from '../bus/bus.ts';
import type { StateArena } from '../state/arena.ts';

const FREQUENCY = 3_579_545;
const TWO_32 = 0x1_0000_0000;
/** Added to the host's count: what makes this machine's timer start at 0, and a restored one go on where it was. */
const OFFSET = 0;
/** The last value that the guest read. */
const LAST = 1;

/** The ACPI power management timer (ACPI 6.5, 4.8.3.3), 32 bits wide: host time in ticks of 3.579545 MHz, the same on every vCPU. */
export class PmTimer implements IoHandler {
  readonly #words: Int32Array;

  constructor(arena: StateArena) {
    this.#words = arena.slice('pm-timer', 1, 8).words;
  }

  /** Starts from 0; by one thread, before the first vCPU runs. */
  reset(): void {
    Atomics.store(this.#words, OFFSET, -hostTicks() | 0);
    Atomics.store(this.#words, LAST, 0);
  }

  /** After a restore: goes on from the value that the guest read last. */
  restored(): void {
    Atomics.store(this.#words, OFFSET, Atomics.load(this.#words, LAST) - hostTicks());
  }

  read(offset: number, size: number): number {
    if (offset !== 0 || size !== 4) return allOnes(size);
    const value = (hostTicks() + Atomics.load(this.#words, OFFSET)) | 0;
    Atomics.store(this.#words, LAST, value);
    return value >>> 0;
  }

  /** The timer is read-only. */
  write(): void {}
}

/** Exact for whole seconds and below, so that it never steps back; modulo 2^32. */
function hostTicks(): number {
  sampleMonotonic();
  return (sampledSeconds() * FREQUENCY + Math.floor((sampledNanoseconds() * FREQUENCY) / 1e9)) % TWO_32;
}
