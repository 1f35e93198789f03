/**
 * What a power loss can no longer take back, and which places transfers still use.
 *
 * Each change to the file belongs to the epoch in which it is made. An fdatasync ends an epoch where it begins, and makes that one and
 * all before it durable where it ends. Transfers are counted by generations, two at a time: a generation begins when the one before the
 * last has no transfer left, so that what was freed in one is in nobody's hands two generations later.
 */
import { assert } from '#shared/lang/assert.ts';
import type { Durability } from '../image.ts';

export class SyncTracker implements Durability {
  /** The epoch that changes belong to now. */
  epoch = 1;
  /** The last epoch that is durable. */
  durable = 0;
  /** `-errno` of the fdatasync that failed: what it should have made durable may be lost, so that none is begun again. */
  failed = 0;
  /** The generation that transfers which begin now belong to. */
  generation = 0;
  readonly #transfers = [0, 0];
  #wanted = 0;
  #begun = 0;
  readonly #advance: () => void;

  /** `advance` is called after each fdatasync. */
  constructor(advance: () => void) {
    this.#advance = advance;
  }

  get wantsSync(): boolean {
    return this.#wanted > this.#begun && this.failed === 0;
  }

  /** Somebody waits for `epoch` to be durable. */
  want(epoch: number): void {
    if (epoch > this.#wanted) this.#wanted = epoch;
  }

  isDurable(epoch: number): boolean {
    return epoch <= this.durable;
  }

  syncBegins(): number {
    this.#begun = this.epoch;
    return this.epoch++;
  }

  syncEnds(ticket: number, result: number): void {
    if (result < 0) this.failed = result;
    else if (this.failed === 0) this.durable = Math.max(this.durable, ticket);
    this.#advance();
  }

  hold(): number {
    const parity = this.generation & 1;
    this.#transfers[parity] = (this.#transfers[parity] ?? 0) + 1;
    return parity;
  }

  release(hold: number): void {
    const left = (this.#transfers[hold] ?? 0) - 1;
    assert(left >= 0, 'a place is released that nobody holds');
    this.#transfers[hold] = left;
  }

  get hasTransfers(): boolean {
    return this.#transfers.some((count) => count > 0);
  }

  /** Whether every transfer that began up to `generation` has ended. */
  isUnused(generation: number): boolean {
    while (this.generation < generation + 2) {
      if (this.#transfers[(this.generation + 1) & 1] !== 0) return false;
      this.generation++;
    }
    return true;
  }
}
