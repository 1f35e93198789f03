/**
 * The in-flight table (vhost-user, "Inflight I/O tracking", split ring): memory that outlives us, in which we note what we
 * have taken and not yet returned, so that a successor loses nothing and returns nothing twice.
 *
 *   features le64, version le16, desc_num le16, last_batch_head le16, used_idx le16,
 *   desc[desc_num] { inflight u8, padding[5], next le16, counter le64 }
 *
 * The order is the contract, for we may be killed between any two stores:
 *   taking     counter, then inflight = 1, and only then does the request start;
 *   returning  next and last_batch_head for each head, used.idx, inflight = 0 for each head, used_idx.
 * A successor that finds used_idx other than used.idx knows that the last batch reached the driver and clears its heads.
 *
 * The front end owns the memory and is not trusted with it: everything read back is checked, and it is read at start only.
 */
import { assert } from '../lang/assert.ts';
import { type Result, err, ok } from '../lang/result.ts';
import { bytes, le16, le64Bits, u8 } from '../layout/fields.ts';
import { struct } from '../layout/struct.ts';
import { viewAt } from '../sys/ffi.ts';
import type { InflightRegion, QueueError } from './ring-config.ts';

export const Header = struct('QueueRegionSplit', {
  features: le64Bits,
  version: le16,
  desc_num: le16,
  last_batch_head: le16,
  used_idx: le16,
});
export const Entry = struct('DescStateSplit', { inflight: u8, padding: bytes(5), next: le16, counter: le64Bits });
const ENTRIES = Header.size;
const VERSION = 1;

/** Bytes of a table for a queue of `size` entries. */
export function inflightTableSize(size: number): number {
  return ENTRIES + size * Entry.size;
}

/** libvhost-user, QEMU and DPDK all begin each queue's slice on such a multiple. */
const SLICE_ALIGNMENT = 64;

/** Bytes of one queue's slice of an area for several queues. */
export function inflightSliceSize(queueSize: number): number {
  return Math.ceil(inflightTableSize(queueSize) / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
}

export class InflightTable {
  readonly #view: DataView;
  readonly #size: number;
  #counterLow = 0;
  #counterHigh = 0;
  #lastBatchHead = 0;

  private constructor(view: DataView, size: number) {
    this.#view = view;
    this.#size = size;
  }

  /** Takes the table over for a ring of `size` entries, making it where it is still all zeroes. */
  static attach(region: InflightRegion, size: number): Result<InflightTable, QueueError> {
    const { queueSize } = region;
    const needed = inflightTableSize(queueSize);
    if (region.length < needed) return err({ code: 'INFLIGHT_TOO_SMALL', length: region.length, needed });
    if (size > queueSize) return err({ code: 'INFLIGHT_SIZE', entries: queueSize, size });
    const view = new DataView(viewAt(region.hostAddress, needed));
    const version = Header.get.version(view, 0);
    if (version !== 0) {
      const entries = Header.get.desc_num(view, 0);
      if (version !== VERSION) return err({ code: 'INFLIGHT_VERSION', version });
      // desc_num 0 is a table whose maker wrote the version only; its entries are zeroes.
      if (entries !== queueSize && entries !== 0) return err({ code: 'INFLIGHT_SIZE', entries, size: queueSize });
    }
    Header.set.desc_num(view, 0, queueSize);
    Header.set.version(view, 0, VERSION);
    return ok(new InflightTable(view, size));
  }

  /** Settles the last batch against the ring's used.idx, and answers the heads still in flight, oldest first. */
  recover(usedIdx: number): number[] {
    const view = this.#view;
    const batch = (usedIdx - Header.get.used_idx(view, 0)) & 0xffff;
    let head = Header.get.last_batch_head(view, 0);
    for (let left = Math.min(batch, this.#size); left > 0 && head < this.#size; left--) {
      this.#clear(head);
      head = Entry.get.next(view, this.#at(head));
    }
    Header.set.used_idx(view, 0, usedIdx);
    const found: { head: number; counter: bigint }[] = [];
    for (let index = 0; index < this.#size; index++) {
      if (Entry.get.inflight(view, this.#at(index)) !== 0) found.push({ head: index, counter: Entry.get.counter(view, this.#at(index)) });
    }
    found.sort((a, b) => (a.counter < b.counter ? -1 : a.counter > b.counter ? 1 : a.head - b.head));
    this.#continueAfter(found.at(-1)?.counter ?? -1n);
    return found.map((entry) => entry.head);
  }

  /** The head is about to start. Hot. */
  take(head: number): void {
    const at = this.#at(head);
    this.#view.setUint32(at + 8, this.#counterLow, true);
    this.#view.setUint32(at + 12, this.#counterHigh, true);
    this.#view.setUint8(at, 1);
    this.#counterLow = (this.#counterLow + 1) >>> 0;
    if (this.#counterLow === 0) this.#counterHigh = (this.#counterHigh + 1) >>> 0;
  }

  /** The head joins the batch that the next used.idx publishes. Hot. */
  batch(head: number): void {
    this.#view.setUint16(this.#at(head) + 6, this.#lastBatchHead, true);
    this.#view.setUint16(Header.offset.last_batch_head, head, true);
    this.#lastBatchHead = head;
  }

  /** used.idx has been stored: the first `count` heads of `batch` are the driver's. Hot. */
  returned(batch: DataView, count: number, usedIdx: number): void {
    for (let index = 0; index < count; index++) this.#clear(batch.getUint16(index * 2, true));
    this.#view.setUint16(Header.offset.used_idx, usedIdx, true);
  }

  #clear(head: number): void {
    this.#view.setUint8(this.#at(head), 0);
  }

  #at(head: number): number {
    assert(head < this.#size, 'head beyond the in-flight table');
    return ENTRIES + head * Entry.size;
  }

  /** Numbers new requests behind the recovered ones; a counter that a hostile front end left at the very end starts over. */
  #continueAfter(counter: bigint): void {
    const next = BigInt.asUintN(64, counter + 1n);
    this.#counterLow = Number(next & 0xffff_ffffn);
    this.#counterHigh = Number(next >> 32n);
  }
}
