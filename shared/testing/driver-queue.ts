/** A driver's side of a split ring (virtio 1.2, 2.7), writing real bytes into real memory: well or badly, as a test wants. */
import { expect } from '../lang/result.ts';
import type { GuestMemory } from '../memory/index.ts';
import {
  type GuestRing,
  type InflightRegion,
  type RingConfig,
  availableRingSize,
  descriptorTableSize,
  locateRing,
  usedRingSize,
} from '../virtio/index.ts';
import { VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from '../virtio/spec.ts';

export interface Buffer {
  readonly address: number;
  readonly length: number;
  /** For the device to write. */
  readonly writable?: boolean;
}

export interface UsedElement {
  readonly head: number;
  readonly written: number;
}

export interface DriverQueueOptions {
  readonly size: number;
  /** Guest address of the ring's first byte; the three parts lie behind each other. */
  readonly base: number;
  readonly eventIdx?: boolean;
  readonly indirect?: boolean;
  readonly inflight?: InflightRegion;
}

export class DriverQueue {
  readonly ring: GuestRing;
  readonly config: RingConfig;
  readonly #memory: GuestMemory;
  #available = 0;
  #seen = 0;

  constructor(memory: GuestMemory, options: DriverQueueOptions) {
    const { size, base, eventIdx = false, indirect = true, inflight } = options;
    const available = base + descriptorTableSize(size);
    const used = Math.ceil((available + availableRingSize(size)) / 4) * 4;
    this.ring = { size, descriptor: base, available, used };
    this.#memory = memory;
    this.config = { ...expect(locateRing(this.ring, memory), 'driver queue'), base: 0, eventIdx, indirect, inflight };
  }

  /** The first byte behind the ring. */
  get end(): number {
    return this.ring.used + usedRingSize(this.ring.size);
  }

  get usedIdx(): number {
    return this.#memory.readU16(this.ring.used + 2) ?? 0;
  }

  get usedFlags(): number {
    return this.#memory.readU16(this.ring.used) ?? 0;
  }

  get availEvent(): number {
    return this.#memory.readU16(this.ring.used + 4 + 8 * this.ring.size) ?? 0;
  }

  set usedEvent(value: number) {
    this.#memory.writeU16(this.ring.available + 4 + 2 * this.ring.size, value);
  }

  set flags(value: number) {
    this.#memory.writeU16(this.ring.available, value);
  }

  /** Writes avail.idx, whatever entries there are. */
  set available(value: number) {
    this.#available = value & 0xffff;
    this.#memory.writeU16(this.ring.available + 2, this.#available);
  }

  /** Both rings stand at `index`, as after that many chains. */
  startAt(index: number): RingConfig {
    this.available = index;
    this.#memory.writeU16(this.ring.used + 2, index);
    this.#seen = index;
    return { ...this.config, base: index };
  }

  /** One descriptor, at any index of any table. */
  // oxlint-disable-next-line max-params -- the fields of a descriptor, in their order.
  describe(
    index: number,
    address: number | bigint,
    length: number,
    ...rest: readonly [flags: number, next?: number, table?: number]
  ): void {
    const [flags, next = 0, table = this.ring.descriptor] = rest;
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setBigUint64(0, BigInt(address), true);
    bytes.setUint32(8, length, true);
    bytes.setUint16(12, flags, true);
    bytes.setUint16(14, next, true);
    this.#memory.writeBytes(table + index * 16, new Uint8Array(bytes.buffer));
  }

  /** A well-made chain in the descriptors from `head` on; not yet available. */
  chain(head: number, buffers: readonly Buffer[], table = this.ring.descriptor): void {
    for (const [index, { address, length, writable = false }] of buffers.entries()) {
      const last = index === buffers.length - 1;
      const flags = (writable ? VIRTQ_DESC_F_WRITE : 0) | (last ? 0 : VIRTQ_DESC_F_NEXT);
      this.describe(head + index, address, length, flags, last ? 0 : head + index + 1, table);
    }
  }

  /** Writes an entry of the available ring, whether it counts or not. */
  entry(index: number, head: number): void {
    this.#memory.writeU16(this.ring.available + 4 + (index % this.ring.size) * 2, head);
  }

  /** Makes heads available. */
  offer(...heads: number[]): void {
    for (const head of heads) {
      this.entry(this.#available, head);
      this.available = this.#available + 1;
    }
  }

  /** What the device has returned since the last call. */
  collect(): UsedElement[] {
    const elements: UsedElement[] = [];
    for (; this.#seen !== this.usedIdx && elements.length <= this.ring.size; this.#seen = (this.#seen + 1) & 0xffff) {
      const at = this.ring.used + 4 + (this.#seen % this.ring.size) * 8;
      elements.push({ head: this.#memory.readU32(at) ?? -1, written: this.#memory.readU32(at + 4) ?? -1 });
    }
    return elements;
  }
}
