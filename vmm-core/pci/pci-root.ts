/**
 * The PCI host: one segment with bus 0, its 32 slots of one function each, reached by the ports 0xcf8-0xcff (PCI Local Bus 3.0,
 * 3.2.2.3.2) and by ECAM (PCI Express 5.0, 7.2.2).
 *
 * One lock serves every configuration access: there are some thousands of them while a machine boots, and hardly any later. Lock
 * order: PCI, then a device's, then the interrupt routes'.
 */
import { assert } from '#shared/lang/assert.ts';
import { type IoHandler, allOnes } from '../bus/bus.ts';
import type { AddressRange } from '../memory/layout.ts';
import type { StateArena } from '../state/arena.ts';
import type { Lock } from '../state/lock.ts';
import { BarMap } from './bar-map.ts';
import { EXTENDED_CONFIG_SPACE_SIZE } from './config-space.ts';
import type { PciFunction } from './pci-function.ts';

export const PCI_SLOTS = 32;

const LOCK = 0;
const CONFIG_ADDRESS = 1;
const GENERATION = 2;
const WORDS = 4;

const CONFIG_ENABLE = 0x8000_0000;
const CONFIG_ADDRESS_WRITABLE = 0x80ff_fffc;
const DATA_PORT = 4;
/** Device n's registers are 32 KiB from those of device n - 1, each of 8 functions with 4 KiB. */
const ECAM_DEVICE_SIZE = 0x8000;

export interface PciRootOptions {
  /** Where BARs may be: below 4 GiB, and above. */
  readonly window32: AddressRange;
  readonly window64: AddressRange;
}

export class PciRoot {
  /** Where BARs answer: `window(0)` and `window(1)` go onto the MMIO bus. */
  readonly bars: BarMap;
  readonly #words: Int32Array;
  readonly #lock: Lock;
  readonly #functions: (PciFunction | undefined)[] = [];

  constructor(options: PciRootOptions, arena: StateArena) {
    this.#words = arena.slice('pci-root', 1, WORDS * 4).words;
    this.#lock = arena.lock(this.#words, LOCK);
    this.bars = new BarMap([options.window32, options.window64], this.#words, GENERATION, this.#lock);
  }

  add(slot: number, added: PciFunction): void {
    assert(slot >= 0 && slot < PCI_SLOTS && this.#functions[slot] === undefined, `PCI slot ${slot} cannot be had`);
    this.#functions[slot] = added;
    added.attach(this.bars);
  }

  /** Power-on values of the root itself; after every function's `reset`, by one thread, before the first vCPU runs. */
  reset(): void {
    Atomics.store(this.#words, CONFIG_ADDRESS, 0);
    this.bars.changed();
  }

  /** What of the functions' addresses cannot have been saved, once the arena is restored. */
  fault(): string | undefined {
    return this.bars.isDisordered ? 'a base address is where no device can be' : undefined;
  }

  /** After a restore: BARs are where the saved machine had them. */
  restored(): void {
    this.bars.changed();
  }

  /** Ports 0xcf8 to 0xcff. */
  readonly ports: IoHandler = {
    read: (offset, size) => {
      const address = Atomics.load(this.#words, CONFIG_ADDRESS) >>> 0;
      if (offset < DATA_PORT) return offset === 0 && size === 4 ? address : allOnes(size);
      return this.#read(slotOf(address), (address & 0xfc) + offset - DATA_PORT, size);
    },
    write: (offset, size, value) => {
      if (offset < DATA_PORT) {
        if (offset === 0 && size === 4) Atomics.store(this.#words, CONFIG_ADDRESS, value & CONFIG_ADDRESS_WRITABLE);
        return;
      }
      const address = Atomics.load(this.#words, CONFIG_ADDRESS) >>> 0;
      this.#write(slotOf(address), (address & 0xfc) + offset - DATA_PORT, size, value);
    },
  };

  /** The ECAM's first MiB, which is bus 0. */
  readonly ecam: IoHandler = {
    read: (offset, size) => this.#read(ecamSlotOf(offset), offset % EXTENDED_CONFIG_SPACE_SIZE, size),
    write: (offset, size, value) => this.#write(ecamSlotOf(offset), offset % EXTENDED_CONFIG_SPACE_SIZE, size, value),
  };

  #read(slot: number, offset: number, size: number): number {
    const found = this.#functions[slot];
    if (found === undefined || offset + size > EXTENDED_CONFIG_SPACE_SIZE) return allOnes(size);
    this.#lock.acquire();
    const value = found.readConfig(offset, size);
    this.#lock.release();
    return value;
  }

  #write(slot: number, offset: number, size: number, value: number): void {
    const found = this.#functions[slot];
    if (found === undefined || offset + size > EXTENDED_CONFIG_SPACE_SIZE) return;
    this.#lock.acquire();
    found.writeConfig(offset, size, value);
    this.#lock.release();
  }
}

/** The slot that CONFIG_ADDRESS names, -1 where it is switched off or names another bus or function. */
function slotOf(address: number): number {
  const isOurs = address >= CONFIG_ENABLE && (address & 0x00ff_0700) === 0;
  return isOurs ? (address >>> 11) & 0x1f : -1;
}

function ecamSlotOf(offset: number): number {
  const isFunction0 = offset % ECAM_DEVICE_SIZE < EXTENDED_CONFIG_SPACE_SIZE;
  return isFunction0 ? Math.floor(offset / ECAM_DEVICE_SIZE) : -1;
}
