/**
 * The configuration registers of one PCI function (PCI Local Bus 3.0, 6.1): 256 bytes in the arena, a mask of what the guest may
 * change, and a list of capabilities. The extended space above reads as 0: no extended capability.
 */
import { assert } from '#shared/lang/assert.ts';
import { allOnes, lowBytes } from '../bus/bus.ts';

export const CONFIG_SPACE_SIZE = 256;
export const EXTENDED_CONFIG_SPACE_SIZE = 4096;

// Registers by offset.
export const PCI_VENDOR_ID = 0x00;
export const PCI_DEVICE_ID = 0x02;
export const PCI_COMMAND = 0x04;
export const PCI_STATUS = 0x06;
export const PCI_REVISION_ID = 0x08;
export const PCI_CLASS_PROG = 0x09;
export const PCI_CACHE_LINE_SIZE = 0x0c;
export const PCI_BASE_ADDRESS_0 = 0x10;
export const PCI_BAR_REGISTERS = 6;
export const PCI_SUBSYSTEM_VENDOR_ID = 0x2c;
export const PCI_SUBSYSTEM_ID = 0x2e;
export const PCI_CAPABILITY_LIST = 0x34;
export const PCI_INTERRUPT_LINE = 0x3c;

export const PCI_COMMAND_MEMORY = 0x2;
const PCI_STATUS_CAP_LIST = 0x10;
const FIRST_CAPABILITY = 0x40;
const CAPABILITIES_END = 192;

export interface FunctionIds {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, sub-class and programming interface, as one 24-bit number. */
  readonly classCode: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
}

/** A bit that the guest may change: `mask` of the byte at `offset` from the capability's start. */
export interface WritableByte {
  readonly offset: number;
  readonly mask: number;
}

export class ConfigSpace {
  /** The registers themselves, for the function's own reads and writes. */
  readonly view: DataView;
  readonly #initial = new DataView(new ArrayBuffer(CONFIG_SPACE_SIZE));
  readonly #writable = new Uint8Array(CONFIG_SPACE_SIZE);
  #lastCapability = 0;
  #capabilitiesEnd = FIRST_CAPABILITY;

  /** `view` covers CONFIG_SPACE_SIZE bytes of the arena. */
  constructor(ids: FunctionIds, view: DataView) {
    assert(view.byteLength === CONFIG_SPACE_SIZE, `${view.byteLength} bytes of configuration space`);
    this.view = view;
    this.#initial.setUint16(PCI_VENDOR_ID, ids.vendor, true);
    this.#initial.setUint16(PCI_DEVICE_ID, ids.device, true);
    this.#initial.setUint32(PCI_REVISION_ID, (ids.classCode << 8) | ids.revision, true);
    this.#initial.setUint16(PCI_SUBSYSTEM_VENDOR_ID, ids.subsystemVendor, true);
    this.#initial.setUint16(PCI_SUBSYSTEM_ID, ids.subsystem, true);
    for (const at of [PCI_COMMAND, PCI_COMMAND + 1, PCI_CACHE_LINE_SIZE, PCI_INTERRUPT_LINE]) this.#writable[at] = 0xff;
  }

  /** Declares a register of four bytes: its value at power-on, and which of its bits the guest may change. */
  define(offset: number, value: number, writable: number): void {
    this.#initial.setUint32(offset, value, true);
    new DataView(this.#writable.buffer).setUint32(offset, writable, true);
  }

  /** Appends a capability of `body` after its id and link; returns its offset. */
  addCapability(id: number, body: Uint8Array, writable: readonly WritableByte[] = []): number {
    const at = this.#capabilitiesEnd;
    assert(at + 2 + body.length <= CAPABILITIES_END, `capability ${id} does not fit`);
    this.#initial.setUint8(this.#lastCapability === 0 ? PCI_CAPABILITY_LIST : this.#lastCapability + 1, at);
    this.#initial.setUint16(PCI_STATUS, PCI_STATUS_CAP_LIST, true);
    this.#initial.setUint8(at, id);
    for (const [index, byte] of body.entries()) this.#initial.setUint8(at + 2 + index, byte);
    for (const { offset, mask } of writable) this.#writable[at + offset] = mask;
    this.#lastCapability = at;
    this.#capabilitiesEnd = Math.ceil((at + 2 + body.length) / 4) * 4;
    return at;
  }

  /** Power-on values. */
  reset(): void {
    for (let at = 0; at < CONFIG_SPACE_SIZE; at++) this.view.setUint8(at, this.#initial.getUint8(at));
  }

  /** Any size of 1, 2, 4 at any offset below 4096. */
  read(offset: number, size: number): number {
    if (offset + size > EXTENDED_CONFIG_SPACE_SIZE) return allOnes(size);
    let value = 0;
    for (let index = size - 1; index >= 0; index--) {
      const at = offset + index;
      value = value * 0x100 + (at < CONFIG_SPACE_SIZE ? this.view.getUint8(at) : 0);
    }
    return value;
  }

  /** Changes the writable bits of what the access covers. */
  write(offset: number, size: number, value: number): void {
    for (let index = 0; index < size && offset + index < CONFIG_SPACE_SIZE; index++) {
      const at = offset + index;
      const mask = this.#writable[at] ?? 0;
      const byte = lowBytes(value >>> (8 * index), 1);
      this.view.setUint8(at, (this.view.getUint8(at) & ~mask) | (byte & mask));
    }
  }
}

/** Whether an access of `size` bytes at `offset` covers any of the `length` bytes at `start`. */
export function touches(offset: number, size: number, start: number, length: number): boolean {
  return offset < start + length && offset + size > start;
}
