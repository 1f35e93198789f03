/**
 * The memory behind the chains in flight: for each head the iovecs of its buffers, made once and reused for ever.
 *
 * A segment is one piece of guest memory that is contiguous in this process: a `struct iovec` at a native address, ready for
 * the kernel, and beside it the guest address it stands for. The head is the slot: no two chains in flight share one.
 * Slots are small and packed, so that the usual chains of a few descriptors stay in the nearest cache; a longer
 * chain moves to the slot's large area, whose pages cost nothing until they are first used.
 */
import { expect } from '../lang/result.ts';
import { MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, Mapping } from '../sys/mapping.ts';

/** struct iovec: base u64, length u64. */
export const IOVEC_SIZE = 16;
/** The most segments of one chain: readv's own limit (IOV_MAX), and more than any driver uses. */
export const MAX_SEGMENTS = 1024;
const SMALL = 8;

export class SegmentTable {
  readonly #slots: number;
  /** The iovecs: four words each (address low and high, length, 0). For writing; reads go through `view`. */
  readonly words: Uint32Array;
  readonly view: DataView;
  /** The guest address of each segment. For writing; reads go through `guestView`. */
  readonly guest: Float64Array;
  readonly guestView: DataView;
  /** Of segment 0, in this process. */
  readonly address: number;

  /** For heads below `slots`: the largest queue this table will serve. Stays mapped for the process's life. */
  constructor(slots: number) {
    this.#slots = slots;
    const segments = slots * (SMALL + MAX_SEGMENTS);
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const iovecs = expect(Mapping.map({ length: segments * IOVEC_SIZE, flags }), 'iovecs of a queue');
    const guest = expect(Mapping.map({ length: segments * 8, flags }), 'guest addresses of a queue');
    this.address = iovecs.address;
    this.words = new Uint32Array(iovecs.view(0, segments * IOVEC_SIZE));
    this.view = new DataView(this.words.buffer);
    this.guest = new Float64Array(guest.view(0, segments * 8));
    this.guestView = new DataView(this.guest.buffer);
  }

  get slots(): number {
    return this.#slots;
  }

  /** The first segment of a head's small area, which ends at `small(head + 1)`. */
  small(head: number): number {
    return head * SMALL;
  }

  /** The first segment of a head's large area, which ends at `large(head + 1)`. */
  large(head: number): number {
    return this.#slots * SMALL + head * MAX_SEGMENTS;
  }

  /** Copies a full small area to the start of the large one. */
  enlarge(head: number): void {
    const from = this.small(head);
    const to = this.large(head);
    this.words.copyWithin(to * 4, from * 4, (from + SMALL) * 4);
    this.guest.copyWithin(to, from, from + SMALL);
  }

  /** The address of a segment's iovec. */
  iovecAddress(segment: number): number {
    return this.address + segment * IOVEC_SIZE;
  }

  lengthAt(segment: number): number {
    return this.view.getUint32(segment * IOVEC_SIZE + 8, true);
  }

  guestAt(segment: number): number {
    return this.guestView.getFloat64(segment * 8, true);
  }

  hostAt(segment: number): number {
    return this.view.getUint32(segment * IOVEC_SIZE + 4, true) * 2 ** 32 + this.view.getUint32(segment * IOVEC_SIZE, true);
  }

  /** Takes `count` bytes (at most its length) off a segment's front. */
  trimFront(segment: number, count: number): void {
    const host = this.hostAt(segment) + count;
    this.words[segment * 4] = host;
    this.words[segment * 4 + 1] = host / 2 ** 32;
    this.words[segment * 4 + 2] = this.lengthAt(segment) - count;
    this.guest[segment] = this.guestAt(segment) + count;
  }

  /** Takes `count` bytes (at most its length) off a segment's end. */
  trimBack(segment: number, count: number): void {
    this.words[segment * 4 + 2] = this.lengthAt(segment) - count;
  }
}
