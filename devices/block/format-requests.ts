/**
 * A ring's requests on their way through an image: located, transferred one extent after another by the engine, made the valid ones.
 *
 * A step of a request is done at once where it can be (zeros, decompressed bytes, metadata); else it waits for the engine, for an
 * fdatasync (`ServedImage`), or for others' claims. What one turn does at once is bounded: then a NOP through the engine brings the
 * rest back, behind what else is complete by then.
 *
 * A write that must be durable before it completes waits for an fdatasync after its last extent.
 */
import type { GuestMemory } from '#shared/memory/index.ts';
import { EAGAIN, EINTR, EINVAL, EOPNOTSUPP, sysError } from '#shared/sys/errno.ts';
import { IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import type { SegmentTable } from '#shared/virtio/index.ts';
import type { Engine } from './engine/engine.ts';
import { ExtentTransfers, MOVE, type Move } from './extent-transfers.ts';
import {
  CLAIM,
  COUNT,
  CUT,
  type DataPlace,
  FILE,
  FRESH,
  LEFT,
  OFFSET,
  PIECE,
  PLACE,
  RETRIES,
  SEGMENT,
  SLOT_SIZE,
  STATE,
  STATE_AT,
  WANTED,
  WANTS,
  type Wants,
  ZEROS,
} from './format-slots.ts';
import { EXTENT, NEEDS_FALLOCATE, NEEDS_WRITE, STEP_BUSY } from './image/image.ts';
import { LONGEST_PIECE, fillSegments, zeroSegments } from './request-segments.ts';
import { IMAGE_FILE, type ServedImage, type Waiter } from './served-image.ts';

/** What one request may do in one turn, in units of some 10 us. */
const WORK_OF_A_TURN = 32;
const WORK = { located: 1, decompressed: WORK_OF_A_TURN, zeroedBytes: 1 << 16, erased: 4 } as const;
/** The request waits for something, or is over. */
const WAITS = 0;

export interface FormatRequestsOptions {
  /** Of the ring: the upper half of its tokens; the lower one is the head. */
  readonly index: number;
  /** The ring's heads. */
  readonly size: number;
  readonly memory: GuestMemory;
  readonly engine: Engine;
  readonly segments: SegmentTable;
  readonly image: ServedImage;
  /** The request is over, well or with an error. */
  readonly ended: (head: number, isWell: boolean) => void;
}

export class FormatRequests implements Waiter {
  /** What the next `begin` is about. */
  readonly place: DataPlace = { offset: 0, length: 0, segment: 0, segments: 0 };
  readonly #index: number;
  readonly #memory: GuestMemory;
  readonly #engine: Engine;
  readonly #segments: SegmentTable;
  readonly #served: ServedImage;
  readonly #ended: (head: number, isWell: boolean) => void;
  readonly #slots: DataView;
  readonly #transfers: ExtentTransfers;

  constructor({ index, size, memory, engine, segments, image, ended }: FormatRequestsOptions) {
    this.#index = index;
    this.#memory = memory;
    this.#engine = engine;
    this.#segments = segments;
    this.#served = image;
    this.#ended = ended;
    this.#slots = new DataView(new ArrayBuffer(size * SLOT_SIZE));
    this.#transfers = new ExtentTransfers({ index, memory, engine, segments, image, slots: this.#slots });
  }

  /** Begins what `place` says. It may be over when this returns. Hot. */
  begin(head: number, wants: Wants): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const { place } = this;
    slots.setFloat64(at + OFFSET, place.offset, true);
    slots.setFloat64(at + LEFT, place.length, true);
    slots.setFloat64(at + ZEROS, 0, true);
    slots.setUint32(at + SEGMENT, place.segment, true);
    slots.setUint32(at + COUNT, place.segments, true);
    slots.setUint32(at + WANTED, wants, true);
    slots.setUint32(at + FRESH, 0, true);
    slots.setUint32(at + RETRIES, 0, true);
    slots.setUint32(at + CUT, 0, true);
    if (wants === WANTS.flush) this.#flush(head);
    else this.#advance(head);
    this.#served.settle();
  }

  /** What became of an operation: bytes moved, or `-errno`. Hot. */
  complete(head: number, result: number): void {
    this.#served.inEngine--;
    switch (this.#slots.getUint32(head * SLOT_SIZE + STATE_AT, true)) {
      case STATE.transfer:
        this.#moved(head, this.#transfers.complete(head, result));
        break;
      case STATE.allocation:
        this.#allocated(head, result);
        break;
      default:
        this.#advance(head);
    }
    this.#served.settle();
  }

  resume(head: number, result: number): void {
    switch (this.#slots.getUint32(head * SLOT_SIZE + STATE_AT, true)) {
      case STATE.barrier:
        return this.#publish(head);
      case STATE.flush:
        return this.#ended(head, result === 0);
      default:
        if (result < 0) this.#fail(head, 'the image makes no room');
        else this.#advance(head);
    }
  }

  /** The end of those under way is waited for: none may take for ever. */
  stops(): void {
    this.#transfers.stops();
  }

  goesOn(): void {
    this.#transfers.goesOn();
  }

  /** Step after step, until the request waits for something. Hot. */
  #advance(head: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    for (let done = 0; done < WORK_OF_A_TURN;) {
      if (slots.getFloat64(at + LEFT, true) === 0) return this.#isThrough(head);
      const work = this.#step(head, slots.getUint32(at + WANTED, true));
      if (work === WAITS) return;
      done += work;
    }
    slots.setUint32(at + STATE_AT, STATE.turn, true);
    this.#served.inEngine++;
    this.#engine.prepare(IORING_OP.NOP, 0, -1, 0, 0, 0, head, this.#index);
  }

  /** How much work it was, or WAITS. */
  #step(head: number, wanted: number): number {
    if (wanted === WANTS.read) return this.#read(head);
    if (wanted === WANTS.write || this.#slots.getFloat64(head * SLOT_SIZE + ZEROS, true) > 0) return this.#write(head);
    return this.#erase(head, wanted);
  }

  #read(head: number): number {
    const at = head * SLOT_SIZE;
    const { image } = this.#served;
    const left = this.#slots.getFloat64(at + LEFT, true);
    switch (image.locateRead(this.#slots.getFloat64(at + OFFSET, true), left)) {
      case EXTENT.data:
        this.#slots.setUint32(at + FRESH, 0, true);
        return this.#begin(head);
      case EXTENT.zeros: {
        const length = Math.min(image.extent.length, left, LONGEST_PIECE);
        zeroSegments(this.#memory, this.#segments, this.#slots.getUint32(at + SEGMENT, true), length);
        this.#transfers.goOn(at, length);
        return WORK.located + Math.floor(length / WORK.zeroedBytes);
      }
      case EXTENT.bytes: {
        const { offset, length } = image.extent;
        const bytes = image.bytes.subarray(offset, offset + length);
        fillSegments(this.#memory, this.#segments, this.#slots.getUint32(at + SEGMENT, true), bytes);
        this.#transfers.goOn(at, length);
        return WORK.decompressed;
      }
      case EXTENT.busy:
        return this.#waitForNews(head);
      default:
        return this.#fail(head, image.error);
    }
  }

  #write(head: number): number {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const { image } = this.#served;
    const zeros = slots.getFloat64(at + ZEROS, true);
    const kind = image.locateWrite(slots.getFloat64(at + OFFSET, true), zeros > 0 ? zeros : slots.getFloat64(at + LEFT, true));
    if (kind === EXTENT.data || kind === EXTENT.fresh) {
      slots.setUint32(at + FRESH, kind === EXTENT.fresh ? 1 : 0, true);
      return this.#begin(head);
    }
    return kind === EXTENT.busy ? this.#waitForNews(head) : this.#fail(head, image.error);
  }

  #erase(head: number, wanted: number): number {
    const at = head * SLOT_SIZE;
    const offset = this.#slots.getFloat64(at + OFFSET, true);
    const left = this.#slots.getFloat64(at + LEFT, true);
    const { image } = this.#served;
    const step = wanted === WANTS.discard ? image.discard(offset, left) : image.writeZeroes(offset, left, wanted === WANTS.zeroesUnmapped);
    if (step === STEP_BUSY) return this.#waitForNews(head);
    if (step < 0) return this.#fail(head, image.error === '' ? sysError('erase', -step).message : image.error);
    if (step === NEEDS_WRITE) this.#slots.setFloat64(at + ZEROS, image.extent.length, true);
    else if (step === NEEDS_FALLOCATE) return this.#allocate(head, wanted);
    else this.#transfers.goOn(at, image.extent.length);
    return WORK.erased;
  }

  /** A hole or zeros by fallocate(2); where the file has no such thing, zeros are written, and what is discarded stays. */
  #allocate(head: number, wanted: number): number {
    const at = head * SLOT_SIZE;
    const { image } = this.#served;
    const { offset, length } = image.extent;
    this.#slots.setFloat64(at + PIECE, length, true);
    if (!this.#served.canAllocate(image.mode)) {
      this.#cannotAllocate(at, wanted);
      return WORK.erased;
    }
    this.#slots.setUint32(at + STATE_AT, STATE.allocation, true);
    // For whoever hears that there is no such mode.
    this.#slots.setUint32(at + FILE, image.mode, true);
    this.#transfers.hold(at);
    this.#served.inEngine++;
    this.#engine.prepare(IORING_OP.FALLOCATE, IOSQE_FIXED_FILE, IMAGE_FILE, offset, length, image.mode, head, this.#index);
    return WAITS;
  }

  #cannotAllocate(at: number, wanted: number): void {
    const length = this.#slots.getFloat64(at + PIECE, true);
    if (wanted === WANTS.discard) this.#transfers.goOn(at, length);
    else this.#slots.setFloat64(at + ZEROS, length, true);
  }

  #allocated(head: number, result: number): void {
    const at = head * SLOT_SIZE;
    this.#transfers.release(at);
    // EINVAL: a block device whose blocks are larger than what this is about.
    if (result === -EOPNOTSUPP || result === -EINVAL) {
      if (result === -EOPNOTSUPP) this.#served.cannotAllocate(this.#slots.getUint32(at + FILE, true));
      this.#cannotAllocate(at, this.#slots.getUint32(at + WANTED, true));
    } else if (result === 0) {
      this.#transfers.goOn(at, this.#slots.getFloat64(at + PIECE, true));
    } else if (!((result === -EAGAIN || result === -EINTR) && this.#transfers.mayRetry(at))) {
      this.#served.errors.failed('allocate for the guest', this.#slots.getFloat64(at + OFFSET, true), result);
      return this.#ended(head, false);
    }
    this.#advance(head);
  }

  /** Moves the extent just located. Hot. */
  #begin(head: number): typeof WAITS {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const { file, offset, length, claim } = this.#served.image.extent;
    slots.setUint32(at + FILE, file, true);
    slots.setFloat64(at + PLACE, offset, true);
    slots.setFloat64(at + PIECE, length, true);
    slots.setUint32(at + CLAIM, claim, true);
    slots.setUint32(at + STATE_AT, STATE.transfer, true);
    this.#moved(head, this.#transfers.begin(head));
    return WAITS;
  }

  #moved(head: number, move: Move): void {
    if (move === MOVE.underWay) return;
    if (move === MOVE.failed) this.#giveUp(head);
    else if (this.#slots.getUint32(head * SLOT_SIZE + FRESH, true) !== 0) this.#publish(head);
    else this.#advance(head);
  }

  #giveUp(head: number): void {
    const at = head * SLOT_SIZE;
    if (this.#slots.getUint32(at + FRESH, true) !== 0) {
      this.#served.image.abandon(this.#slots.getUint32(at + CLAIM, true));
      this.#served.hasNews();
    }
    this.#ended(head, false);
  }

  /** The data is in its fresh place, which becomes the valid one: at once, or after a barrier. */
  #publish(head: number): void {
    const at = head * SLOT_SIZE;
    const { image } = this.#served;
    const claim = this.#slots.getUint32(at + CLAIM, true);
    if (image.needsBarrier(claim)) {
      this.#slots.setUint32(at + STATE_AT, STATE.barrier, true);
      return this.#served.awaitBarrier(this, head);
    }
    const result = image.publish(claim);
    this.#served.hasNews();
    if (result < 0) this.#fail(head, image.error);
    else this.#advance(head);
  }

  #isThrough(head: number): void {
    const wanted = this.#slots.getUint32(head * SLOT_SIZE + WANTED, true);
    if (this.#served.writeThrough && wanted !== WANTS.read && wanted !== WANTS.discard) this.#flush(head);
    else this.#ended(head, true);
  }

  #flush(head: number): void {
    this.#slots.setUint32(head * SLOT_SIZE + STATE_AT, STATE.flush, true);
    this.#served.awaitFlush(this, head);
  }

  #waitForNews(head: number): number {
    this.#slots.setUint32(head * SLOT_SIZE + STATE_AT, STATE.news, true);
    this.#served.awaitNews(this, head);
    return WAITS;
  }

  #fail(head: number, why: string): typeof WAITS {
    this.#served.errors.report(why);
    this.#ended(head, false);
    return WAITS;
  }
}
