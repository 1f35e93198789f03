/**
 * The VM's interrupt routes, shared by all threads: GSI -> MSI. GSIs below `IOAPIC_PINS` belong to the IOAPIC's pins (KVM reads
 * their level-triggered vectors to know which EOIs to report), the rest to MSI and MSI-X vectors.
 *
 * KVM takes only whole tables, so the table lies in the arena and whoever changes a route sends all of it, under one lock.
 */
import { assert } from '#shared/lang/assert.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import type { StateArena, StateSlice } from '../state/arena.ts';
import type { Lock } from '../state/lock.ts';
import type { KvmError } from './error.ts';
import type { Msi, MsiRoute, Vm } from './vm.ts';

const VERSION = 1;
const HEADER_WORDS = 2;
const LOCK_WORD = 0;
/** Per GSI: 1 where it has a route, address low, address high, data. */
const ROUTE_WORDS = 4;
/** In an MSI address, bits 11:5 carry bits 14:8 of the destination where a guest knows of KVM's extended destinations. */
const EXTENDED_DESTINATION = 0xfe0;
/** In a message's upper address, what has no meaning; with 32-bit APIC ids KVM refuses the whole table for it. */
const RESERVED_HIGH = 0xff;

export class GsiRoutes {
  readonly count: number;
  readonly #vm: Vm;
  readonly #slice: StateSlice;
  readonly #lock: Lock;

  /** Lays out `count` GSIs, from 0, in the arena. */
  constructor(vm: Vm, arena: StateArena, count: number) {
    this.count = count;
    this.#vm = vm;
    this.#slice = arena.slice('gsi-routes', VERSION, (HEADER_WORDS + count * ROUTE_WORDS) * 4);
    this.#lock = arena.lock(this.#slice.words, LOCK_WORD);
  }

  /** Routes `gsi` to `msi`, whose numbers are what the guest wrote. Costs a KVM call only where something changes. */
  set(gsi: number, msi: Msi): Result<void, KvmError> {
    return this.#change(gsi, 1, routable(msi));
  }

  /** Takes the route of `gsi` away: signals of its irqfd are then lost. */
  remove(gsi: number): Result<void, KvmError> {
    return this.#change(gsi, 0, { addressLow: 0, addressHigh: 0, data: 0 });
  }

  /** Sends the table as it is: once after a restore. */
  apply(): Result<void, KvmError> {
    this.#lock.acquire();
    try {
      return this.#vm.setGsiRouting(this.#routes());
    } finally {
      this.#lock.release();
    }
  }

  #change(gsi: number, used: 0 | 1, msi: Msi): Result<void, KvmError> {
    assert(Number.isInteger(gsi) && gsi >= 0 && gsi < this.count, `no GSI ${gsi}`);
    const at = HEADER_WORDS + gsi * ROUTE_WORDS;
    const wanted = [used, msi.addressLow | 0, msi.addressHigh | 0, msi.data | 0];
    this.#lock.acquire();
    try {
      const words = this.#slice.words;
      if (wanted.every((word, index) => words[at + index] === word)) return ok();
      const before = words.slice(at, at + ROUTE_WORDS);
      words.set(wanted, at);
      const sent = this.#vm.setGsiRouting(this.#routes());
      if (!sent.ok) words.set(before, at);
      return sent;
    } finally {
      this.#lock.release();
    }
  }

  #routes(): MsiRoute[] {
    const { view } = this.#slice;
    const routes: MsiRoute[] = [];
    for (let gsi = 0; gsi < this.count; gsi++) {
      const at = (HEADER_WORDS + gsi * ROUTE_WORDS) * 4;
      if (view.getUint32(at, true) === 0) continue;
      routes.push({
        gsi,
        addressLow: view.getUint32(at + 4, true),
        addressHigh: view.getUint32(at + 8, true),
        data: view.getUint32(at + 12, true),
      });
    }
    return routes;
  }
}

/** The message, as a guest wrote it, in the form that KVM takes. */
export function routable(msi: Msi): Msi {
  const extended = (msi.addressLow & EXTENDED_DESTINATION) << 3;
  return { ...msi, addressHigh: ((msi.addressHigh & ~RESERVED_HIGH) | extended) >>> 0 };
}
