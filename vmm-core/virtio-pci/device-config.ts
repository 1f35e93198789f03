/**
 * The device-specific configuration as the guest sees it: a copy in the arena, so that no guest waits for a device process. The link
 * thread changes the copy; what the guest writes is changed in the copy at once and queued for the main thread to replay.
 */
import { allOnes } from '../bus/bus.ts';
import { touches } from '../pci/config-space.ts';
import { REGISTER as R, type VirtioRegisters } from './registers.ts';

/** Writes that wait for the main thread; a guest that writes faster loses some. */
const PENDING_WRITES = 64;
const WRITE_WORDS = 2;
export const CONFIG_WRITE_WORDS = PENDING_WRITES * WRITE_WORDS;

/** Bytes of the configuration that the driver may write. */
export interface ConfigField {
  readonly offset: number;
  readonly length: number;
}

export class DeviceConfig {
  readonly #registers: VirtioRegisters;
  readonly #bytes: Uint8Array;
  readonly #writes: Int32Array;
  readonly #writable: readonly ConfigField[];

  /** `bytes` and the CONFIG_WRITE_WORDS of `writes` are this device's own in the arena. */
  constructor(registers: VirtioRegisters, bytes: Uint8Array, writes: Int32Array, writable: readonly ConfigField[]) {
    this.#registers = registers;
    this.#bytes = bytes;
    this.#writes = writes;
    this.#writable = writable;
  }

  /** Past the end of the configuration there are zeros: drivers read fields by features, not by length. */
  read(offset: number, size: number): number {
    if (size !== 1 && size !== 2 && size !== 4) return allOnes(size);
    let value = 0;
    for (let index = size - 1; index >= 0; index--) value = value * 0x100 + (this.#bytes[offset + index] ?? 0);
    return value;
  }

  /** Takes a write that lies in one writable field; returns whether there is something to replay. */
  write(offset: number, size: number, value: number): boolean {
    if (!this.#isWritable(offset, size)) return false;
    for (let index = 0; index < size; index++) this.#bytes[offset + index] = value >>> (8 * index);
    const head = this.#registers.get(R.configWritesHead);
    if (((head - this.#registers.get(R.configWritesTail)) | 0) >= PENDING_WRITES) {
      this.#registers.set(R.configWritesLost, this.#registers.get(R.configWritesLost) + 1);
      return true;
    }
    const at = ((head >>> 0) % PENDING_WRITES) * WRITE_WORDS;
    Atomics.store(this.#writes, at, offset | (size << 16));
    Atomics.store(this.#writes, at + 1, value);
    this.#registers.set(R.configWritesHead, head + 1);
    return true;
  }

  /** The oldest write that was not taken, and takes it. */
  takeWrite(): { readonly offset: number; readonly bytes: Uint8Array } | undefined {
    const tail = this.#registers.get(R.configWritesTail);
    if (tail === this.#registers.get(R.configWritesHead)) return undefined;
    const at = ((tail >>> 0) % PENDING_WRITES) * WRITE_WORDS;
    const place = Atomics.load(this.#writes, at);
    const value = Atomics.load(this.#writes, at + 1);
    this.#registers.set(R.configWritesTail, tail + 1);
    const bytes = Uint8Array.from({ length: place >>> 16 }, (_, index) => value >>> (8 * index));
    return { offset: place & 0xffff, bytes };
  }

  /** What of the writes that wait no driver can have made, once they are restored. */
  fault(): string | undefined {
    const [head, tail] = [this.#registers.get(R.configWritesHead), this.#registers.get(R.configWritesTail)];
    const count = (head - tail) >>> 0;
    if (count > PENDING_WRITES) return `${count} writes to its configuration wait`;
    for (let index = tail; index !== head; index = (index + 1) | 0) {
      const place = Atomics.load(this.#writes, ((index >>> 0) % PENDING_WRITES) * WRITE_WORDS);
      if (!this.#isWritable(place & 0xffff, place >>> 16)) return 'a write to its configuration waits that is none';
    }
    return undefined;
  }

  /** Replaces bytes from `offset`; what does not fit is left away. A changed copy has another generation (4.1.4.3.1). */
  set(bytes: Uint8Array, offset: number): void {
    if (!touches(offset, bytes.length, 0, this.#bytes.length)) return;
    this.#bytes.set(bytes.subarray(0, this.#bytes.length - offset), offset);
    this.#registers.set(R.configGeneration, this.#registers.get(R.configGeneration) + 1);
  }

  #isWritable(offset: number, size: number): boolean {
    const isAllowed = this.#writable.some((field) => offset >= field.offset && offset + size <= field.offset + field.length);
    return isAllowed && size > 0 && offset + size <= this.#bytes.length;
  }
}
