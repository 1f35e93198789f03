/** Places that writes are being made to, and that no L2 entry names yet. */
import { assert } from '#shared/lang/assert.ts';

export interface Claim {
  /** Of the guest. */
  cluster: number;
  count: number;
  /** The first cluster of the file. */
  place: number;
  /** Requests that write to it; 0: the slot is free. */
  users: number;
  /** Something else than zeros showed there before: it must not be lost to a power cut that comes before the new data is durable. */
  covers: boolean;
  /** The epoch that the written data belongs to; 0: not written yet. */
  epoch: number;
  isPublished: boolean;
  /** What came of that: 0 or -errno. */
  result: number;
}

const MOST = 512;

export class Claims {
  readonly #slots: readonly Claim[];
  readonly #free: number[] = [];
  /** Slots from here on are free. */
  #end = 0;
  count = 0;

  constructor() {
    const unused: Claim = { cluster: 0, count: 0, place: 0, users: 0, covers: false, epoch: 0, isPublished: false, result: 0 };
    this.#slots = Array.from({ length: MOST }, () => ({ ...unused }));
  }

  get isFull(): boolean {
    return this.count === MOST;
  }

  /** Number of the claim that has a guest's cluster, or -1. */
  find(cluster: number): number {
    if (this.count === 0) return -1;
    for (let index = 0; index < this.#end; index++) {
      const claim = this.at(index);
      if (claim.users > 0 && !claim.isPublished && cluster >= claim.cluster && cluster < claim.cluster + claim.count) return index;
    }
    return -1;
  }

  at(index: number): Claim {
    const claim = this.#slots[index];
    assert(claim !== undefined, 'no such claim');
    return claim;
  }

  /** A claim with one user; its number. There must be room. */
  open(cluster: number, count: number, place: number): number {
    const index = this.#free.pop() ?? this.#end++;
    const claim = this.at(index);
    Object.assign(claim, { cluster, count, place, users: 1, covers: false, epoch: 0, isPublished: false, result: 0 });
    this.count++;
    return index;
  }

  /** One user less; whether it was the last one. */
  leave(index: number): boolean {
    const claim = this.at(index);
    assert(claim.users > 0, 'a claim is over that never was');
    if (--claim.users > 0) return false;
    this.count--;
    if (this.count === 0) {
      this.#end = 0;
      this.#free.length = 0;
    } else {
      this.#free.push(index);
    }
    return true;
  }
}
