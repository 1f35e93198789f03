/** A descriptor chain as a block request (virtio 1.2, 5.2.6), whatever the way in which the driver cut it into buffers. */
import type { GuestMemory } from '#shared/memory/index.ts';
import type { DescriptorChain } from '#shared/virtio/index.ts';
import {
  MAX_ERASE_SECTORS,
  VIRTIO_BLK_S_IOERR,
  VIRTIO_BLK_S_OK,
  VIRTIO_BLK_S_UNSUPP,
  VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP,
  VirtioBlkDiscardWriteZeroes,
  VirtioBlkOuthdr,
} from './spec.ts';

/** Why a chain is no request. Without a status byte there is nobody to tell: the chain is dropped. */
export type RequestFault = 'NO_STATUS_BYTE' | 'HEADER_TOO_SHORT';

const HEADER_SIZE = VirtioBlkOuthdr.size;
/** As large as a header. */
const RANGE_SIZE = VirtioBlkDiscardWriteZeroes.size;

/** One request, read once. One object per queue, overwritten by the next: what outlives `handle` goes into a slot. */
export class BlockRequest {
  type = 0;
  /** Above 2^53 it is rounded, and beyond every disk. */
  sector = 0;
  /** Guest address of the status byte. */
  status = 0;
  /** The driver's data: the first segment, and bytes. For the device to read. */
  firstReadable = 0;
  readableCount = 0;
  readableBytes = 0;
  /** For the device to write. */
  firstWritable = 0;
  writableCount = 0;
  writableBytes = 0;
  /** Of a discard or a write-zeroes whose range was read: `sector` is its first. */
  eraseSectors = 0;
  mayUnmap = false;
  readonly #scratch = new DataView(new ArrayBuffer(HEADER_SIZE));

  /**
   * Reads a chain and trims its segments to the data. Answers what is wrong with it; with HEADER_TOO_SHORT `status` is good.
   * 2.7.4.1: no assumption about how the parts are spread over descriptors.
   */
  parse(chain: DescriptorChain, memory: GuestMemory): RequestFault | undefined {
    if (chain.writable === 0) return 'NO_STATUS_BYTE';
    this.#takeStatus(chain);
    if (chain.readableBytes < HEADER_SIZE) return 'HEADER_TOO_SHORT';
    this.firstReadable = chain.first;
    this.readableCount = chain.readable;
    this.readableBytes = chain.readableBytes - HEADER_SIZE;
    const { segments } = chain;
    if (segments.lengthAt(chain.first) >= HEADER_SIZE && memory.peek(segments.guestAt(chain.first), HEADER_SIZE)) {
      this.#readHeader(memory.view, memory.at);
      this.#skip(chain, HEADER_SIZE);
      return undefined;
    }
    const fault = this.#gather(chain, memory);
    if (fault === undefined) this.#readHeader(this.#scratch, 0);
    return fault;
  }

  /**
   * Reads the one range of a discard or a write-zeroes from the data, once; answers the status that it deserves so far. 5.2.6.2: a flag
   * that is unknown, or unmap for a discard, is "unsupported".
   */
  parseRange(chain: DescriptorChain, memory: GuestMemory, isDiscard: boolean): number {
    if (this.readableBytes === 0 || this.readableBytes % RANGE_SIZE !== 0) return VIRTIO_BLK_S_IOERR;
    if (this.readableBytes > RANGE_SIZE) return VIRTIO_BLK_S_UNSUPP;
    if (this.#gather(chain, memory) !== undefined) return VIRTIO_BLK_S_IOERR;
    const range = this.#scratch;
    const flags = VirtioBlkDiscardWriteZeroes.get.flags(range, 0);
    if ((flags & ~VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP) !== 0 || (isDiscard && flags !== 0)) return VIRTIO_BLK_S_UNSUPP;
    this.sector = range.getUint32(4, true) * 2 ** 32 + range.getUint32(0, true);
    this.eraseSectors = VirtioBlkDiscardWriteZeroes.get.num_sectors(range, 0);
    this.mayUnmap = flags !== 0;
    return this.eraseSectors > MAX_ERASE_SECTORS ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
  }

  /** The last writable byte. The last segment may consist of it alone. */
  #takeStatus(chain: DescriptorChain): void {
    const { segments, firstWritable } = chain;
    const last = firstWritable + chain.writable - 1;
    const before = segments.lengthAt(last) - 1;
    this.status = segments.guestAt(last) + before;
    segments.trimBack(last, 1);
    this.firstWritable = firstWritable;
    this.writableCount = before === 0 ? chain.writable - 1 : chain.writable;
    this.writableBytes = chain.writableBytes - 1;
  }

  #readHeader(view: DataView, at: number): void {
    this.type = view.getUint32(at, true);
    this.sector = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 8, true);
  }

  /** Takes bytes off the front of the readable segments. */
  #skip(chain: DescriptorChain, count: number): void {
    const { segments } = chain;
    const length = segments.lengthAt(this.firstReadable);
    if (length > count) return segments.trimFront(this.firstReadable, count);
    this.firstReadable++;
    this.readableCount--;
  }

  /** A header, or a range, spread over several buffers, down to one byte each. */
  #gather(chain: DescriptorChain, memory: GuestMemory): RequestFault | undefined {
    const bytes = new Uint8Array(this.#scratch.buffer);
    for (let got = 0; got < HEADER_SIZE;) {
      const length = Math.min(chain.segments.lengthAt(this.firstReadable), HEADER_SIZE - got);
      if (!memory.readBytes(chain.segments.guestAt(this.firstReadable), bytes.subarray(got, got + length))) return 'HEADER_TOO_SHORT';
      this.#skip(chain, length);
      got += length;
    }
    return undefined;
  }
}
