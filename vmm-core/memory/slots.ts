/** KVM's memory slots: which host memory stands behind which guest addresses. Main thread only. */
import { type Result, ok } from '#shared/lang/result.ts';
import type { KvmError } from '../kvm/error.ts';
import type { Vm } from '../kvm/vm.ts';

export interface SlotRange {
  readonly guestStart: number;
  readonly size: number;
  readonly hostAddress: number;
}

export class MemorySlots {
  readonly #vm: Vm;
  readonly #used = new Map<number, SlotRange>();

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Shows `range` to the guest; the number of its slot, the lowest that is free. `flags` are KVM_MEM_*. */
  add(range: SlotRange, flags = 0): Result<number, KvmError> {
    let slot = 0;
    while (this.#used.has(slot)) slot++;
    const done = this.#vm.setMemorySlot({ slot, ...range, flags });
    if (!done.ok) return done;
    this.#used.set(slot, range);
    return ok(slot);
  }

  /** Changes the flags of a slot while the guest runs: dirty logging. */
  setFlags(slot: number, flags: number): Result<void, KvmError> {
    return this.#vm.setMemorySlot({ slot, ...this.#rangeOf(slot), flags });
  }

  /** Takes the memory away from the guest: an access to it is an MMIO exit from now on. */
  remove(slot: number): Result<void, KvmError> {
    const done = this.#vm.setMemorySlot({ slot, ...this.#rangeOf(slot), size: 0 });
    if (done.ok) this.#used.delete(slot);
    return done;
  }

  #rangeOf(slot: number): SlotRange {
    const range = this.#used.get(slot);
    if (range === undefined) throw new RangeError(`no memory slot ${slot}`);
    return range;
  }
}
