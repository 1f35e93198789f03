/**
 * What a register access asks of another thread: one word of bits per device, and one eventfd that wakes the main thread.
 *
 * The vCPU that serves the register sets bits and goes on; the main thread, woken, takes the words of all devices. An effect that
 * is set twice before it is taken happens once.
 */
import { assert } from '#shared/lang/assert.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import type { StateSlice } from './arena.ts';

export class Effects {
  readonly #words: Int32Array;
  readonly #wakeFd: number;

  /** `slice` holds 4 bytes per device; `wakeFd` is the main thread's eventfd, borrowed. */
  constructor(slice: StateSlice, wakeFd: number) {
    this.#words = slice.words;
    this.#wakeFd = wakeFd;
  }

  /** The number of devices that have a word. */
  get count(): number {
    return this.#words.length;
  }

  /** Adds `bits` (1 to 31 of them) to device `index` and wakes the main thread. Hot: no allocation. */
  raise(index: number, bits: number): void {
    assert(index >= 0 && index < this.#words.length, `no effect word ${index}`);
    const before = Atomics.or(this.#words, index, bits);
    // Bits that were already set have their signal underway: the word is taken after the eventfd is drained.
    if ((before & bits) !== bits) signalEventFd(this.#wakeFd);
  }

  /** All bits of device `index` since the last time, which are then clear. Main thread only, after draining the eventfd. */
  take(index: number): number {
    assert(index >= 0 && index < this.#words.length, `no effect word ${index}`);
    return Atomics.load(this.#words, index) === 0 ? 0 : Atomics.exchange(this.#words, index, 0);
  }

  /** Makes the main thread look at every word: after a restore, which may bring bits that nobody took. */
  wake(): void {
    signalEventFd(this.#wakeFd);
  }
}
