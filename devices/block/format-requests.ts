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
import {
  CLAIM,
  COUNT,
  CUT,
  CUT_SEGMENT,
  type DataPlace,
  FILE,
  FRESH,
  HOLD,
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
import { LONGEST_PIECE, fillSegments, skipSegments, tellWritten, zeroSegments } from './request-segments.ts';
import { IMAGE_FILE, type ServedImage, type Waiter } from './served-image.ts';

const MOST_RETRIES = 64;
/** See `ring.ts`. */
const MOST_WHEN_STOPPING = 2 ** 30;

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
  /** Bytes that may still be begun. */
  #allowance = Infinity;

  constructor({ index, size, memory, engine, segments, image, ended }: FormatRequestsOptions) {
    this.#index = index;
    this.#memory = memory;
    this.#engine = engine;
    this.#segments = segments;
    this.#served = image;
    this.#ended = ended;
    this.#slots = new DataView(new ArrayBuffer(size * SLOT_SIZE));
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
        this.#transferred(head, result);
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
    this.#allowance = MOST_WHEN_STOPPING;
  }

  goesOn(): void {
    this.#allowance = Infinity;
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
        this.#goOn(at, length);
        return WORK.located + Math.floor(length / WORK.zeroedBytes);
      }
      case EXTENT.bytes: {
        const { offset, length } = image.extent;
        const bytes = image.bytes.subarray(offset, offset + length);
        fillSegments(this.#memory, this.#segments, this.#slots.getUint32(at + SEGMENT, true), bytes);
        this.#goOn(at, length);
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
    else this.#goOn(at, image.extent.length);
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
    this.#hold(at);
    this.#served.inEngine++;
    this.#engine.prepare(IORING_OP.FALLOCATE, IOSQE_FIXED_FILE, IMAGE_FILE, offset, length, image.mode, head, this.#index);
    return WAITS;
  }

  #cannotAllocate(at: number, wanted: number): void {
    const length = this.#slots.getFloat64(at + PIECE, true);
    if (wanted === WANTS.discard) this.#goOn(at, length);
    else this.#slots.setFloat64(at + ZEROS, length, true);
  }

  #allocated(head: number, result: number): void {
    const at = head * SLOT_SIZE;
    this.#release(at);
    // EINVAL: a block device whose blocks are larger than what this is about.
    if (result === -EOPNOTSUPP || result === -EINVAL) {
      if (result === -EOPNOTSUPP) this.#served.cannotAllocate(this.#slots.getUint32(at + FILE, true));
      this.#cannotAllocate(at, this.#slots.getUint32(at + WANTED, true));
    } else if (result === 0) {
      this.#goOn(at, this.#slots.getFloat64(at + PIECE, true));
    } else if (!((result === -EAGAIN || result === -EINTR) && this.#mayRetry(at))) {
      this.#served.errors.failed('allocate for the guest', this.#slots.getFloat64(at + OFFSET, true), result);
      return this.#ended(head, false);
    }
    this.#advance(head);
  }

  /** Transfers the extent just located. Hot. */
  #begin(head: number): number {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const { file, offset, length, claim } = this.#served.image.extent;
    slots.setUint32(at + FILE, file, true);
    slots.setFloat64(at + PLACE, offset, true);
    slots.setFloat64(at + PIECE, length, true);
    slots.setUint32(at + CLAIM, claim, true);
    slots.setUint32(at + RETRIES, 0, true);
    slots.setUint32(at + STATE_AT, STATE.transfer, true);
    this.#hold(at);
    this.#transfer(head);
    return WAITS;
  }

  /** Hands a piece of the extent to the engine. Hot. */
  #transfer(head: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const piece = Math.min(slots.getFloat64(at + PIECE, true), LONGEST_PIECE);
    this.#allowance -= piece;
    if (this.#allowance < 0) return this.#giveUp(head);
    const file = slots.getUint32(at + FILE, true);
    const place = slots.getFloat64(at + PLACE, true);
    this.#served.inEngine++;
    if (slots.getFloat64(at + ZEROS, true) > 0) {
      this.#engine.prepare(IORING_OP.WRITE, IOSQE_FIXED_FILE, file, place, this.#served.zerosAddress, piece, head, this.#index);
      return;
    }
    const reads = slots.getUint32(at + WANTED, true) === WANTS.read;
    const segment = slots.getUint32(at + SEGMENT, true);
    const segments = this.#segments;
    if (segments.lengthAt(segment) >= piece) {
      const operation = reads ? IORING_OP.READ : IORING_OP.WRITE;
      this.#engine.prepare(operation, IOSQE_FIXED_FILE, file, place, segments.hostAt(segment), piece, head, this.#index);
      return;
    }
    const count = piece === slots.getFloat64(at + LEFT, true) ? slots.getUint32(at + COUNT, true) : this.#cut(at, segment, piece);
    const operation = reads ? IORING_OP.READV : IORING_OP.WRITEV;
    this.#engine.prepare(operation, IOSQE_FIXED_FILE, file, place, segments.iovecAddress(segment), count, head, this.#index);
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

  #transferred(head: number, result: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const cut = slots.getUint32(at + CUT, true);
    if (cut > 0) {
      this.#segments.trimBack(slots.getUint32(at + CUT_SEGMENT, true), -cut);
      slots.setUint32(at + CUT, 0, true);
    }
    if ((result === -EAGAIN || result === -EINTR) && this.#mayRetry(at)) return this.#transfer(head);
    const isRead = slots.getUint32(at + WANTED, true) === WANTS.read;
    // One that failed may have filled a part of its buffers all the same.
    const written = result < 0 ? slots.getFloat64(at + PIECE, true) : result;
    if (isRead) tellWritten(this.#memory, this.#segments, slots.getUint32(at + SEGMENT, true), written);
    if (result <= 0) return this.#notTransferred(head, result);
    slots.setUint32(at + RETRIES, 0, true);
    const piece = slots.getFloat64(at + PIECE, true) - result;
    slots.setFloat64(at + PIECE, piece, true);
    slots.setFloat64(at + PLACE, slots.getFloat64(at + PLACE, true) + result, true);
    this.#goOn(at, result);
    if (piece > 0) return this.#transfer(head);
    this.#release(at);
    if (slots.getUint32(at + FRESH, true) !== 0) this.#publish(head);
    else this.#advance(head);
  }

  #notTransferred(head: number, result: number): void {
    const at = head * SLOT_SIZE;
    const file = this.#slots.getUint32(at + FILE, true);
    const which = file === IMAGE_FILE ? 'the image' : `backing file ${file}`;
    const what = `${this.#slots.getUint32(at + WANTED, true) === WANTS.read ? 'read' : 'write'} ${which}`;
    this.#served.errors.failed(what, this.#slots.getFloat64(at + PLACE, true), result);
    this.#giveUp(head);
  }

  #giveUp(head: number): void {
    const at = head * SLOT_SIZE;
    this.#release(at);
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

  /** The next `count` bytes are done. */
  #goOn(at: number, count: number): void {
    const slots = this.#slots;
    slots.setFloat64(at + OFFSET, slots.getFloat64(at + OFFSET, true) + count, true);
    slots.setFloat64(at + LEFT, slots.getFloat64(at + LEFT, true) - count, true);
    const zeros = slots.getFloat64(at + ZEROS, true);
    if (zeros > 0) slots.setFloat64(at + ZEROS, zeros - count, true);
    else if (slots.getUint32(at + WANTED, true) <= WANTS.write) this.#skip(at, count);
  }

  #skip(at: number, bytes: number): void {
    const first = this.#slots.getUint32(at + SEGMENT, true);
    const count = this.#slots.getUint32(at + COUNT, true);
    const segment = skipSegments(this.#segments, first, count, bytes);
    this.#slots.setUint32(at + SEGMENT, segment, true);
    this.#slots.setUint32(at + COUNT, count - (segment - first), true);
  }

  #hold(at: number): void {
    const { durability } = this.#served.image;
    if (durability !== undefined) this.#slots.setUint32(at + HOLD, durability.hold(), true);
  }

  #release(at: number): void {
    this.#served.image.durability?.release(this.#slots.getUint32(at + HOLD, true));
  }

  #mayRetry(at: number): boolean {
    const retries = this.#slots.getUint32(at + RETRIES, true) + 1;
    this.#slots.setUint32(at + RETRIES, retries, true);
    return retries <= MOST_RETRIES;
  }
}
