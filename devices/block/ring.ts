/** One queue's requests: from a chain to the engine, or to the image's format, and from its completion back to the driver. */
import type { GuestMemory } from '#shared/memory/index.ts';
import { EAGAIN, EINTR } from '#shared/sys/errno.ts';
import { IORING_FSYNC_DATASYNC, IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { DEFERRED, type DescriptorChain, type QueueHandler, QueueLoop, type SegmentTable, type SplitQueue } from '#shared/virtio/index.ts';
import type { Engine } from './engine/engine.ts';
import { FormatRequests } from './format-requests.ts';
import { WANTS, type Wants } from './format-slots.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import { LONGEST_PIECE, MOST_RETRIES, MOST_WHEN_STOPPING, countPiece, skipSegments, tellWritten } from './request-segments.ts';
import { BlockRequest } from './request.ts';
import { RingCall } from './ring-call.ts';
import {
  BEGUN,
  COUNT,
  LEFT,
  OFFSET,
  OPERATION,
  RETRIES,
  SECTORS,
  SEGMENT,
  SLOT_SIZE,
  STATUS,
  THROUGH_IMAGE,
  WRITTEN,
  countedAs,
} from './ring-slots.ts';
import { IMAGE_FILE, type ServedImage } from './served-image.ts';
import {
  ID_BYTES,
  SECTOR_SIZE,
  VIRTIO_BLK_S_IOERR,
  VIRTIO_BLK_S_OK,
  VIRTIO_BLK_S_UNSUPP,
  VIRTIO_BLK_T_DISCARD,
  VIRTIO_BLK_T_FLUSH,
  VIRTIO_BLK_T_GET_ID,
  VIRTIO_BLK_T_IN,
  VIRTIO_BLK_T_OUT,
  VIRTIO_BLK_T_WRITE_ZEROES,
} from './spec.ts';
import { OPERATION as COUNTED, type Statistics } from './stats/statistics.ts';

/** What all queues of a disk share. */
export interface Disk {
  readonly sectors: number;
  readonly readOnly: boolean;
  /** Exactly ID_BYTES, zero-padded. */
  readonly id: Uint8Array;
  readonly statistics: Statistics;
  readonly limiter: RateLimiter;
  readonly image: ServedImage;
  /** Discarded bytes may leave the image, and bytes that are to be zeros. */
  readonly sparse: boolean;
}

const RWF_DSYNC = 2;

export interface RingDependencies {
  readonly queue: SplitQueue;
  readonly memory: GuestMemory;
  readonly engine: Engine;
  readonly disk: Disk;
}

export interface RingOptions {
  readonly index: number;
  /** The driver knows no flush: every write has to be stable before it completes (virtio 1.2, 5.2.6.2). */
  readonly writeThrough: boolean;
  readonly callFd: Fd | undefined;
  readonly enabled: boolean;
}

export class BlockRing implements QueueHandler {
  readonly index: number;
  readonly loop: QueueLoop;
  readonly queue: SplitQueue;
  readonly call: RingCall;
  enabled: boolean;
  /** Requests that the engine has, or the image. */
  outstanding = 0;
  /** Chains without even a status byte. */
  dropped = 0;
  /** Bytes that may still be begun. */
  #allowance = Infinity;
  readonly #memory: GuestMemory;
  readonly #engine: Engine;
  readonly #disk: Disk;
  readonly #statistics: Statistics;
  readonly #limiter: RateLimiter;
  readonly #segments: SegmentTable;
  readonly #slots: DataView;
  readonly #request = new BlockRequest();
  /** Reads, writes and flushes of a raw image go straight to its file. */
  readonly #isRaw: boolean;
  readonly #requests: FormatRequests;
  #writeFlags: number;
  /** What the request just parsed counts as. */
  #counted: number = COUNTED.other;

  constructor(options: RingOptions, { queue, memory, engine, disk }: RingDependencies) {
    this.index = options.index;
    this.call = new RingCall(options.callFd);
    this.enabled = options.enabled;
    this.queue = queue;
    this.loop = new QueueLoop(queue, this, () => this.call.signal());
    this.#memory = memory;
    this.#engine = engine;
    this.#disk = disk;
    this.#statistics = disk.statistics;
    this.#limiter = disk.limiter;
    this.#segments = queue.chain.segments;
    this.#slots = new DataView(new ArrayBuffer(queue.size * SLOT_SIZE));
    this.#writeFlags = options.writeThrough ? RWF_DSYNC : 0;
    this.#isRaw = disk.image.image.type === 'raw';
    const { index } = options;
    const segments = this.#segments;
    const ended = (head: number, isWell: boolean): void => this.#ended(head, isWell);
    this.#requests = new FormatRequests({ index, size: queue.size, memory, engine, segments, image: disk.image, ended });
  }

  /**
   * A request already done once by a dead process is done again: reads, writes and flushes give the same result. So do discards and
   * zeroes: a write to the same place that the driver did not have wait for their end may take effect before them or after.
   */
  handle(chain: DescriptorChain): number {
    const request = this.#request;
    const fault = request.parse(chain, this.#memory);
    this.#counted = COUNTED.other;
    if (fault === 'NO_STATUS_BYTE') {
      this.dropped++;
      return 0;
    }
    if (fault !== undefined) return this.#answer(VIRTIO_BLK_S_IOERR, 1);
    switch (request.type) {
      case VIRTIO_BLK_T_IN:
        this.#counted = COUNTED.read;
        return this.#transfer(chain.head, IORING_OP.READ, request.writableBytes);
      case VIRTIO_BLK_T_OUT:
        this.#counted = COUNTED.write;
        // 5.2.6.2: a write to a read-only device fails, whether the driver knows of VIRTIO_BLK_F_RO or not.
        return this.#disk.readOnly
          ? this.#answer(VIRTIO_BLK_S_IOERR, 1)
          : this.#transfer(chain.head, IORING_OP.WRITE, request.readableBytes);
      case VIRTIO_BLK_T_FLUSH:
        this.#counted = COUNTED.flush;
        return this.#flush(chain.head);
      case VIRTIO_BLK_T_GET_ID:
        return this.#getId();
      case VIRTIO_BLK_T_DISCARD:
        this.#counted = COUNTED.discard;
        return this.#erase(chain, true);
      case VIRTIO_BLK_T_WRITE_ZEROES:
        this.#counted = COUNTED.writeZeroes;
        return this.#erase(chain, false);
      default:
        return this.#answer(VIRTIO_BLK_S_UNSUPP, 1);
    }
  }

  /** No more chains will be taken, and the end of those under way is waited for. */
  stops(): void {
    this.#allowance = MOST_WHEN_STOPPING;
    this.#requests.stops();
  }

  /** The opposite. */
  goesOn(): void {
    this.#allowance = Infinity;
    this.#requests.goesOn();
  }

  /** Of writes that begin from now on. */
  set writeThrough(on: boolean) {
    this.#writeFlags = on ? RWF_DSYNC : 0;
  }

  /** What became of a request: bytes moved, or `-errno`. Hot. */
  complete(head: number, result: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const operation = slots.getUint32(at + OPERATION, true);
    if (operation >= THROUGH_IMAGE) return this.#requests.complete(head, result);
    this.outstanding--;
    if ((result === -EAGAIN || result === -EINTR) && this.#mayRetry(at)) return this.#start(head);
    const left = slots.getFloat64(at + LEFT, true);
    // A read that failed may have filled a part of its buffers all the same.
    if (operation === IORING_OP.READ)
      tellWritten(this.#memory, this.#segments, slots.getUint32(at + SEGMENT, true), result < 0 ? left : result);
    // Another thread may have heard meanwhile of what this flush should tell: the kernel tells of a failure once.
    if (operation === IORING_OP.FSYNC && result === 0) result = this.#disk.image.failure;
    // Nothing moved where something had to: the image has become shorter than it was.
    if (result < 0 || (result === 0 && left > 0)) return this.#failed(head, result);
    if (result < left) {
      this.#allowance -= Math.min(left - result, LONGEST_PIECE);
      if (this.#allowance < 0) return this.#finish(head, VIRTIO_BLK_S_IOERR, 1);
      return this.#continue(head, result);
    }
    this.#finish(head, VIRTIO_BLK_S_OK, slots.getFloat64(at + WRITTEN, true));
  }

  #transfer(head: number, operation: number, bytes: number): number {
    const request = this.#request;
    if (bytes % SECTOR_SIZE !== 0) return this.#answer(VIRTIO_BLK_S_IOERR, 1);
    if (request.sector + bytes / SECTOR_SIZE > this.#disk.sectors) return this.#answer(VIRTIO_BLK_S_IOERR, 1);
    if (bytes === 0) return this.#answer(VIRTIO_BLK_S_OK, 1);
    const reads = operation === IORING_OP.READ;
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    slots.setFloat64(at + STATUS, request.status, true);
    slots.setFloat64(at + OFFSET, request.sector * SECTOR_SIZE, true);
    slots.setFloat64(at + LEFT, bytes, true);
    slots.setFloat64(at + WRITTEN, reads ? bytes + 1 : 1, true);
    slots.setUint32(at + SEGMENT, reads ? request.firstWritable : request.firstReadable, true);
    slots.setUint32(at + COUNT, reads ? request.writableCount : request.readableCount, true);
    slots.setUint32(at + OPERATION, operation, true);
    slots.setUint32(at + RETRIES, 0, true);
    slots.setUint32(at + SECTORS, bytes / SECTOR_SIZE, true);
    slots.setInt32(at + BEGUN, this.#statistics.nowUs, true);
    if (this.#limiter.isActive) this.#limiter.charge(bytes);
    if (this.#isRaw) this.#start(head);
    else this.#goThroughImage(head, reads ? WANTS.read : WANTS.write);
    return DEFERRED;
  }

  /** Discard or write-zeroes. */
  #erase(chain: DescriptorChain, isDiscard: boolean): number {
    const disk = this.#disk;
    const request = this.#request;
    if (disk.readOnly) return this.#answer(VIRTIO_BLK_S_IOERR, 1);
    if (isDiscard && !disk.sparse) return this.#answer(VIRTIO_BLK_S_UNSUPP, 1);
    const status = request.parseRange(chain, this.#memory, isDiscard);
    if (status !== VIRTIO_BLK_S_OK) return this.#answer(status, 1);
    if (request.sector + request.eraseSectors > disk.sectors) return this.#answer(VIRTIO_BLK_S_IOERR, 1);
    const at = chain.head * SLOT_SIZE;
    const slots = this.#slots;
    slots.setFloat64(at + STATUS, request.status, true);
    slots.setFloat64(at + OFFSET, request.sector * SECTOR_SIZE, true);
    slots.setFloat64(at + LEFT, request.eraseSectors * SECTOR_SIZE, true);
    slots.setFloat64(at + WRITTEN, 1, true);
    slots.setUint32(at + SECTORS, request.eraseSectors, true);
    slots.setInt32(at + BEGUN, this.#statistics.nowUs, true);
    if (this.#limiter.isActive) this.#limiter.charge(0);
    const zeroes = request.mayUnmap && disk.sparse ? WANTS.zeroesUnmapped : WANTS.zeroes;
    this.#goThroughImage(chain.head, isDiscard ? WANTS.discard : zeroes);
    return DEFERRED;
  }

  /** A slot that is filled, but for its operation. */
  #goThroughImage(head: number, wants: Wants): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    slots.setUint32(at + OPERATION, THROUGH_IMAGE + this.#counted, true);
    const { place } = this.#requests;
    place.offset = slots.getFloat64(at + OFFSET, true);
    place.length = slots.getFloat64(at + LEFT, true);
    place.segment = slots.getUint32(at + SEGMENT, true);
    place.segments = slots.getUint32(at + COUNT, true);
    this.outstanding++;
    this.#requests.begin(head, wants);
  }

  #ended(head: number, isWell: boolean): void {
    this.outstanding--;
    const written = this.#slots.getFloat64(head * SLOT_SIZE + WRITTEN, true);
    this.#finish(head, isWell ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR, isWell ? written : 1);
  }

  #flush(head: number): number {
    if (this.#disk.readOnly) return this.#answer(VIRTIO_BLK_S_OK, 1);
    const at = head * SLOT_SIZE;
    this.#slots.setFloat64(at + STATUS, this.#request.status, true);
    this.#slots.setFloat64(at + LEFT, 0, true);
    this.#slots.setFloat64(at + WRITTEN, 1, true);
    this.#slots.setUint32(at + OPERATION, IORING_OP.FSYNC, true);
    this.#slots.setUint32(at + RETRIES, 0, true);
    this.#slots.setUint32(at + SECTORS, 0, true);
    this.#slots.setInt32(at + BEGUN, this.#statistics.nowUs, true);
    if (this.#limiter.isActive) this.#limiter.charge(0);
    if (this.#isRaw && this.#disk.image.failure === 0) this.#start(head);
    else this.#goThroughImage(head, WANTS.flush);
    return DEFERRED;
  }

  /** Hands a slot's rest to io_uring. Hot. */
  #start(head: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    const operation = slots.getUint32(at + OPERATION, true);
    this.outstanding++;
    if (operation === IORING_OP.FSYNC) {
      this.#engine.prepare(IORING_OP.FSYNC, IOSQE_FIXED_FILE, IMAGE_FILE, 0, 0, 0, head, this.index, IORING_FSYNC_DATASYNC);
      return;
    }
    const segment = slots.getUint32(at + SEGMENT, true);
    const all = slots.getUint32(at + COUNT, true);
    const count = slots.getFloat64(at + LEFT, true) > LONGEST_PIECE ? countPiece(this.#segments, segment, all) : all;
    const offset = slots.getFloat64(at + OFFSET, true);
    const flags = operation === IORING_OP.WRITE ? this.#writeFlags : 0;
    if (count === 1) {
      const length = Math.min(this.#segments.lengthAt(segment), LONGEST_PIECE);
      this.#engine.prepare(
        operation,
        IOSQE_FIXED_FILE,
        IMAGE_FILE,
        offset,
        this.#segments.hostAt(segment),
        length,
        head,
        this.index,
        flags,
      );
    } else {
      const vectored = operation === IORING_OP.READ ? IORING_OP.READV : IORING_OP.WRITEV;
      this.#engine.prepare(
        vectored,
        IOSQE_FIXED_FILE,
        IMAGE_FILE,
        offset,
        this.#segments.iovecAddress(segment),
        count,
        head,
        this.index,
        flags,
      );
    }
  }

  /** A short transfer, and one of a piece, goes on where it ended. */
  #continue(head: number, done: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    slots.setFloat64(at + OFFSET, slots.getFloat64(at + OFFSET, true) + done, true);
    slots.setFloat64(at + LEFT, slots.getFloat64(at + LEFT, true) - done, true);
    const first = slots.getUint32(at + SEGMENT, true);
    const count = slots.getUint32(at + COUNT, true);
    const segment = skipSegments(this.#segments, first, count, done);
    slots.setUint32(at + SEGMENT, segment, true);
    slots.setUint32(at + COUNT, count - (segment - first), true);
    slots.setUint32(at + RETRIES, 0, true);
    this.#start(head);
  }

  #mayRetry(at: number): boolean {
    const retries = this.#slots.getUint32(at + RETRIES, true) + 1;
    this.#slots.setUint32(at + RETRIES, retries, true);
    return retries <= MOST_RETRIES;
  }

  #failed(head: number, result: number): void {
    const at = head * SLOT_SIZE;
    const operation = this.#slots.getUint32(at + OPERATION, true);
    const what = operation === IORING_OP.FSYNC ? 'flush the image' : `${operation === IORING_OP.READ ? 'read' : 'write'} the image`;
    this.#disk.image.errors.failed(what, this.#slots.getFloat64(at + OFFSET, true), result);
    this.#finish(head, VIRTIO_BLK_S_IOERR, 1);
  }

  #finish(head: number, status: number, written: number): void {
    const at = head * SLOT_SIZE;
    const slots = this.#slots;
    this.#memory.writeU8(slots.getFloat64(at + STATUS, true), status);
    this.loop.complete(head, written);
    const counted = countedAs(slots.getUint32(at + OPERATION, true));
    const begun = slots.getInt32(at + BEGUN, true);
    if (status === VIRTIO_BLK_S_OK) this.#statistics.done(counted, begun, slots.getUint32(at + SECTORS, true));
    else this.#statistics.failed(counted, begun);
  }

  /** The status of the request just parsed, which is one to the limits, even if it is refused; answers the used length. */
  #answer(status: number, written: number): number {
    if (this.#limiter.isActive) this.#limiter.charge(0);
    this.#memory.writeU8(this.#request.status, status);
    const statistics = this.#statistics;
    if (status === VIRTIO_BLK_S_OK) statistics.done(this.#counted, statistics.nowUs, 0);
    else statistics.failed(this.#counted, statistics.nowUs);
    return written;
  }

  /** 5.2.6: the driver's buffer takes 20 bytes; a shorter one gets what fits. */
  #getId(): number {
    const request = this.#request;
    let done = 0;
    for (let index = 0; index < request.writableCount && done < ID_BYTES; index++) {
      const segment = request.firstWritable + index;
      const length = Math.min(this.#segments.lengthAt(segment), ID_BYTES - done);
      this.#memory.writeBytes(this.#segments.guestAt(segment), this.#disk.id.subarray(done, done + length));
      done += length;
    }
    return this.#answer(VIRTIO_BLK_S_OK, done + 1);
  }
}
