/**
 * The data of requests that go through an image: what is located is moved between guest memory and its file by the engine, piece by
 * piece. What a request is about next, and what becomes of it, others decide.
 */
import type { GuestMemory } from '#shared/memory/index.ts';
import { EAGAIN, EINTR } from '#shared/sys/errno.ts';
import { IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import type { SegmentTable } from '#shared/virtio/index.ts';
import type { Engine } from './engine/engine.ts';
import {
  COUNT,
  CUT,
  CUT_SEGMENT,
  FILE,
  HOLD,
  LEFT,
  OFFSET,
  PIECE,
  PLACE,
  RETRIES,
  SEGMENT,
  SLOT_SIZE,
  WANTED,
  WANTS,
  ZEROS,
} from './format-slots.ts';
import { LONGEST_PIECE, MOST_RETRIES, MOST_WHEN_STOPPING, skipSegments, tellWritten } from './request-segments.ts';
import { IMAGE_FILE, type ServedImage } from './served-image.ts';

/** What there is to say of an extent: the engine has a piece of it, all of it is moved, or it will not be. */
export const MOVE = { underWay: 0, done: 1, failed: 2 } as const;
export type Move = (typeof MOVE)[keyof typeof MOVE];

export interface ExtentTransfersOptions {
  /** Of the ring: the upper half of its tokens; the lower one is the head. */
  readonly index: number;
  readonly memory: GuestMemory;
  readonly engine: Engine;
  readonly segments: SegmentTable;
  readonly image: ServedImage;
  /** As `format-slots.ts` has them. */
  readonly slots: DataView;
}

export class ExtentTransfers {
  readonly #index: number;
  readonly #memory: GuestMemory;
  readonly #engine: Engine;
  readonly #segments: SegmentTable;
  readonly #served: ServedImage;
  readonly #slots: DataView;
  /** Bytes that may still be begun. */
  #allowance = Infinity;

  constructor({ index, memory, engine, segments, image, slots }: ExtentTransfersOptions) {
    this.#index = index;
    this.#memory = memory;
    this.#engine = engine;
    this.#segments = segments;
    this.#served = image;
    this.#slots = slots;
  }

  /** The end of those under way is waited for: none may take for ever. */
  stops(): void {
    this.#allowance = MOST_WHEN_STOPPING;
  }

  goesOn(): void {
    this.#allowance = Infinity;
  }

  /** Begins with the place in a slot, which is one of an extent just located. Hot. */
  begin(head: number): Move {
    const at = head * SLOT_SIZE;
    this.#slots.setUint32(at + RETRIES, 0, true);
    this.hold(at);
    return this.#transfer(head);
  }

  /** What became of a piece: bytes moved, or `-errno`. Hot. */
  complete(head: number, result: number): Move {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const cut = slots.getUint32(at + CUT, true);
    if (cut > 0) {
      this.#segments.trimBack(slots.getUint32(at + CUT_SEGMENT, true), -cut);
      slots.setUint32(at + CUT, 0, true);
    }
    if ((result === -EAGAIN || result === -EINTR) && this.mayRetry(at)) return this.#transfer(head);
    const isRead = slots.getUint32(at + WANTED, true) === WANTS.read;
    // One that failed may have filled a part of its buffers all the same.
    const written = result < 0 ? slots.getFloat64(at + PIECE, true) : result;
    if (isRead) tellWritten(this.#memory, this.#segments, slots.getUint32(at + SEGMENT, true), written);
    if (result <= 0) return this.#failed(at, result);
    slots.setUint32(at + RETRIES, 0, true);
    const piece = slots.getFloat64(at + PIECE, true) - result;
    slots.setFloat64(at + PIECE, piece, true);
    slots.setFloat64(at + PLACE, slots.getFloat64(at + PLACE, true) + result, true);
    this.goOn(at, result);
    if (piece > 0) return this.#transfer(head);
    this.release(at);
    return MOVE.done;
  }

  /** The next `count` bytes are done. */
  goOn(at: number, count: number): void {
    const slots = this.#slots;
    slots.setFloat64(at + OFFSET, slots.getFloat64(at + OFFSET, true) + count, true);
    slots.setFloat64(at + LEFT, slots.getFloat64(at + LEFT, true) - count, true);
    const zeros = slots.getFloat64(at + ZEROS, true);
    if (zeros > 0) slots.setFloat64(at + ZEROS, zeros - count, true);
    else if (slots.getUint32(at + WANTED, true) <= WANTS.write) this.#skip(at, count);
  }

  /** What is overwritten in place must not be freed, and become another's, meanwhile; see `Durability`. */
  hold(at: number): void {
    const { durability } = this.#served.image;
    if (durability !== undefined) this.#slots.setUint32(at + HOLD, durability.hold(), true);
  }

  release(at: number): void {
    this.#served.image.durability?.release(this.#slots.getUint32(at + HOLD, true));
  }

  /** Whether what the kernel put off is to be asked for again. */
  mayRetry(at: number): boolean {
    const retries = this.#slots.getUint32(at + RETRIES, true) + 1;
    this.#slots.setUint32(at + RETRIES, retries, true);
    return retries <= MOST_RETRIES;
  }

  /** Hands a piece of the extent to the engine. Hot. */
  #transfer(head: number): Move {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const piece = Math.min(slots.getFloat64(at + PIECE, true), LONGEST_PIECE);
    this.#allowance -= piece;
    if (this.#allowance < 0) {
      this.release(at);
      return MOVE.failed;
    }
    const file = slots.getUint32(at + FILE, true);
    const place = slots.getFloat64(at + PLACE, true);
    this.#served.inEngine++;
    if (slots.getFloat64(at + ZEROS, true) > 0) {
      this.#engine.prepare(IORING_OP.WRITE, IOSQE_FIXED_FILE, file, place, this.#served.zerosAddress, piece, head, this.#index);
      return MOVE.underWay;
    }
    const reads = slots.getUint32(at + WANTED, true) === WANTS.read;
    const segment = slots.getUint32(at + SEGMENT, true);
    const segments = this.#segments;
    if (segments.lengthAt(segment) >= piece) {
      const operation = reads ? IORING_OP.READ : IORING_OP.WRITE;
      this.#engine.prepare(operation, IOSQE_FIXED_FILE, file, place, segments.hostAt(segment), piece, head, this.#index);
      return MOVE.underWay;
    }
    const count = piece === slots.getFloat64(at + LEFT, true) ? slots.getUint32(at + COUNT, true) : this.#cut(at, segment, piece);
    const operation = reads ? IORING_OP.READV : IORING_OP.WRITEV;
    this.#engine.prepare(operation, IOSQE_FIXED_FILE, file, place, segments.iovecAddress(segment), count, head, this.#index);
    return MOVE.underWay;
  }

  /** How many segments from `first` on have `bytes`; the last one is cut to that, until the transfer is over. */
  #cut(at: number, first: number, bytes: number): number {
    const segments = this.#segments;
    let segment = first;
    let sum = segments.lengthAt(segment);
    while (sum < bytes) sum += segments.lengthAt(++segment);
    if (sum > bytes) {
      segments.trimBack(segment, sum - bytes);
      this.#slots.setUint32(at + CUT_SEGMENT, segment, true);
      this.#slots.setUint32(at + CUT, sum - bytes, true);
    }
    return segment - first + 1;
  }

  #failed(at: number, result: number): Move {
    const file = this.#slots.getUint32(at + FILE, true);
    const which = file === IMAGE_FILE ? 'the image' : `backing file ${file}`;
    const what = `${this.#slots.getUint32(at + WANTED, true) === WANTS.read ? 'read' : 'write'} ${which}`;
    this.#served.errors.failed(what, this.#slots.getFloat64(at + PLACE, true), result);
    this.release(at);
    return MOVE.failed;
  }

  #skip(at: number, bytes: number): void {
    const first = this.#slots.getUint32(at + SEGMENT, true);
    const count = this.#slots.getUint32(at + COUNT, true);
    const segment = skipSegments(this.#segments, first, count, bytes);
    this.#slots.setUint32(at + SEGMENT, segment, true);
    this.#slots.setUint32(at + COUNT, count - (segment - first), true);
  }
}
