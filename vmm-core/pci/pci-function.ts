/**
 * One PCI function: its configuration space and base address registers (BARs). All calls come under the PCI lock.
 *
 * A BAR that the guest writes moves at once while memory decoding is on. While it is off the move waits until decoding is
 * switched on. A place that cannot be had is not taken: the register then shows the old one again. All ones is how drivers ask for
 * the size; it never moves anything. A 64-bit BAR is written in two halves: the first may name a place that cannot be had, and waits
 * for the second.
 */
import { assert } from '#shared/lang/assert.ts';
import type { IoHandler } from '../bus/bus.ts';
import type { StateArena } from '../state/arena.ts';
import type { Bar, BarMap } from './bar-map.ts';
import {
  CONFIG_SPACE_SIZE,
  ConfigSpace,
  type FunctionIds,
  PCI_BAR_REGISTERS,
  PCI_BASE_ADDRESS_0,
  PCI_COMMAND,
  PCI_COMMAND_MEMORY,
  touches,
} from './config-space.ts';

const TWO_32 = 0x1_0000_0000;
const BAR_FLAGS = 0xf;
const BAR_64_BIT = 0x4;
const ALL_ONES = 0xffff_ffff;

export interface BarOptions {
  /** Of the six registers; a 64-bit BAR takes the next one too. */
  readonly index: number;
  readonly bits: 32 | 64;
  /** Bytes, a power of two from 16. */
  readonly size: number;
  /** Where it is at power-on. */
  readonly address: number;
  readonly handler: IoHandler;
  moved(from: number): void;
}

export interface PciFunctionOptions {
  /** Unique: names the slice. */
  readonly name: string;
  readonly ids: FunctionIds;
  readonly bars: readonly BarOptions[];
  /** Called before the registers that an access covers are read. */
  readonly beforeRead?: (offset: number, size: number) => void;
  /** Called after the writable bits of what an access covers have been written. */
  readonly afterWrite?: (offset: number, size: number) => void;
}

export class PciFunction {
  readonly config: ConfigSpace;
  readonly bars: readonly FunctionBar[];
  readonly #options: PciFunctionOptions;
  #map: BarMap | undefined;

  constructor(options: PciFunctionOptions, arena: StateArena) {
    this.#options = options;
    const slice = arena.slice(`${options.name}-config`, 1, CONFIG_SPACE_SIZE + PCI_BAR_REGISTERS * 8);
    this.config = new ConfigSpace(options.ids, new DataView(slice.view.buffer, slice.view.byteOffset, CONFIG_SPACE_SIZE));
    this.bars = options.bars.map((bar) => new FunctionBar(bar, this.config, slice.view));
  }

  /** Joins the machine: its BARs become reachable. */
  attach(map: BarMap): void {
    this.#map = map;
    for (const bar of this.bars) map.add(bar);
  }

  /** Power-on values; by one thread, before the first vCPU runs. */
  reset(): void {
    this.config.reset();
    for (const bar of this.bars) bar.reset();
  }

  readConfig(offset: number, size: number): number {
    this.#options.beforeRead?.(offset, size);
    return this.config.read(offset, size);
  }

  writeConfig(offset: number, size: number, value: number): void {
    const decodedBefore = this.#decodes();
    this.config.write(offset, size, value);
    if (this.#decodes()) this.#settleAll({ offset, size, isSizing: size === 4 && value === ALL_ONES, decodedBefore });
    this.#options.afterWrite?.(offset, size);
  }

  #settleAll(write: { offset: number; size: number; isSizing: boolean; decodedBefore: boolean }): void {
    for (const bar of this.bars) {
      if (!write.decodedBefore) this.#settle(bar, true);
      else if (!write.isSizing && bar.isTouched(write.offset, write.size)) this.#settle(bar, bar.isTouchedLast(write.offset, write.size));
    }
  }

  #settle(bar: FunctionBar, isLast: boolean): void {
    const wanted = bar.register;
    if (wanted === bar.mapped || this.#map?.move(bar, wanted) === true) return;
    if (isLast) bar.rollBack();
  }

  #decodes(): boolean {
    return (this.config.view.getUint8(PCI_COMMAND) & PCI_COMMAND_MEMORY) !== 0;
  }
}

export class FunctionBar implements Bar {
  readonly size: number;
  readonly handler: IoHandler;
  readonly #options: BarOptions;
  readonly #config: ConfigSpace;
  readonly #state: DataView;
  readonly #at: number;
  readonly #mappedAt: number;

  /** `state` holds the mapped addresses after the configuration space. */
  constructor(options: BarOptions, config: ConfigSpace, state: DataView) {
    const { index, bits, size } = options;
    assert(size >= 16 && size < TWO_32 && Number.isInteger(Math.log2(size)), `a BAR of ${size} bytes`);
    assert(index + bits / 32 <= PCI_BAR_REGISTERS && options.address % size === 0, `BAR ${index} at ${options.address}`);
    this.size = size;
    this.handler = options.handler;
    this.#options = options;
    this.#config = config;
    this.#state = state;
    this.#at = PCI_BASE_ADDRESS_0 + index * 4;
    this.#mappedAt = CONFIG_SPACE_SIZE + index * 8;
    config.define(this.#at, bits === 64 ? BAR_64_BIT : 0, (TWO_32 - size) & ~BAR_FLAGS);
    if (bits === 64) config.define(this.#at + 4, 0, ALL_ONES);
  }

  get mapped(): number {
    return this.#state.getUint32(this.#mappedAt, true) + this.#state.getUint32(this.#mappedAt + 4, true) * TWO_32;
  }

  set mapped(address: number) {
    this.#state.setUint32(this.#mappedAt, address % TWO_32, true);
    this.#state.setUint32(this.#mappedAt + 4, Math.floor(address / TWO_32), true);
  }

  /** The address that the register holds. */
  get register(): number {
    const low = (this.#config.view.getUint32(this.#at, true) & ~BAR_FLAGS) >>> 0;
    return this.#options.bits === 64 ? low + this.#config.view.getUint32(this.#at + 4, true) * TWO_32 : low;
  }

  moved(from: number): void {
    this.#options.moved(from);
  }

  reset(): void {
    this.mapped = this.#options.address;
    this.rollBack();
  }

  /** Makes the register show where the BAR is. */
  rollBack(): void {
    const { view } = this.#config;
    const address = this.mapped;
    view.setUint32(this.#at, (view.getUint32(this.#at, true) & BAR_FLAGS) | (address % TWO_32), true);
    if (this.#options.bits === 64) view.setUint32(this.#at + 4, Math.floor(address / TWO_32), true);
  }

  isTouched(offset: number, size: number): boolean {
    return touches(offset, size, this.#at, this.#options.bits / 8);
  }

  /** Whether the access covers the half that is written last. */
  isTouchedLast(offset: number, size: number): boolean {
    return this.#options.bits === 32 || touches(offset, size, this.#at + 4, 4);
  }
}
