/**
 * Guest memory as one thread sees it: the one checked translation, views at any alignment, and the one gate for writes.
 *
 * An address from a guest is a number from 0 to 2^64: rounded above 2^53, and then beyond every region. Translation is a
 * comparison against one region that holds all of [address, address + length), so nothing wraps and nothing straddles
 * unseen. Memory is viewed in windows of 1 GiB, made when first touched; what straddles two windows, or two regions
 * that touch, takes the slow path and is copied piece by piece.
 */
import { viewAt } from '../sys/ffi.ts';
import { DirtyLog, type LogPlace } from './dirty-log.ts';
import { type MemoryRegion, checkRegions } from './region.ts';

const WINDOW_SHIFT = 30;
/** Bytes of one view. A single view above 4 GiB aborts some runtimes; this also keeps every offset a small integer. */
export const WINDOW_SIZE = 2 ** WINDOW_SHIFT;

/** The most that `peek` makes readable: an indirect table of 1024 descriptors. */
export const PEEK_LIMIT = 16 * 1024;

/** Columns of a region's row in the lookup table. */
const ROW = 4;
const START = 0;
const END = 1;
const DELTA = 2;
const FIRST_WINDOW = 3;

/** Told of every write to guest memory: what a dirty log needs. */
export type WriteListener = (address: number, length: number) => void;

export class GuestMemory {
  readonly regions: readonly MemoryRegion[];
  readonly #table: Float64Array;
  readonly #windows: (DataView | undefined)[];
  readonly #bounce = new DataView(new ArrayBuffer(PEEK_LIMIT));
  /** The region that was found last: its row of the table. */
  #regionStart = Infinity;
  #regionEnd = -Infinity;
  #regionDelta = NaN;
  #firstWindow = 0;
  /** The window that was used last: its first guest address, bytes, and view. Within it no more than two comparisons judge a range. */
  #windowStart = Infinity;
  #windowBytes = 0;
  #window: DataView = this.#bounce;
  #listener: WriteListener | undefined;

  /** Where the last `peek` put its bytes. */
  view: DataView = this.#bounce;
  at = 0;

  /** `regions` have passed `checkRegions`; one that has not is our own mistake and throws. */
  constructor(regions: readonly MemoryRegion[]) {
    const checked = checkRegions(regions);
    if (!checked.ok) throw new RangeError(`memory table: ${JSON.stringify(checked.error)}`);
    this.regions = [...regions].sort((a, b) => a.guestStart - b.guestStart);
    // An empty table keeps one row that no address is in.
    this.#table = new Float64Array(Math.max(1, regions.length) * ROW);
    let windows = 0;
    for (const [index, region] of this.regions.entries()) {
      this.#table[index * ROW + START] = region.guestStart;
      this.#table[index * ROW + END] = region.guestStart + region.size;
      this.#table[index * ROW + DELTA] = region.hostAddress - region.guestStart;
      this.#table[index * ROW + FIRST_WINDOW] = windows;
      windows += Math.ceil(region.size / WINDOW_SIZE);
    }
    this.#windows = new Array<DataView | undefined>(windows).fill(undefined);
  }

  /** The address in this process of [address, address + length), or 0 where that is not wholly inside one region. Hot. */
  hostAddress(address: number, length: number): number {
    if (address >= this.#regionStart && address + length <= this.#regionEnd) return address + this.#regionDelta;
    return this.#find(address, length) ? address + this.#regionDelta : 0;
  }

  /** The address in this process of `length` bytes at a front end address, or 0 where they are not wholly inside one region. */
  frontendToHost(address: number, length: number): number {
    for (const region of this.regions) {
      const offset = address - region.frontendStart;
      if (offset >= 0 && offset + length <= region.size) return region.hostAddress + offset;
    }
    return 0;
  }

  /** The guest address of `length` bytes at an address of this process, or undefined where that is not guest memory. Cold. */
  guestAddressOf(hostAddress: number, length: number): number | undefined {
    for (const region of this.regions) {
      const offset = hostAddress - region.hostAddress;
      if (offset >= 0 && offset + length <= region.size) return region.guestStart + offset;
    }
    return undefined;
  }

  /** How many bytes from `address` on are mapped back to back in this process; 0 where `address` is in no region. */
  contiguous(address: number): number {
    return this.#find(address, 1) ? this.#regionEnd - address : 0;
  }

  /**
   * Makes `length` bytes (at most PEEK_LIMIT) readable at `view` from `at` on: in place, or as a copy where they straddle.
   * False where any of them is not mapped. Good until the next call. The bytes may change under the reader: read each once.
   */
  peek(address: number, length: number): boolean {
    if (length > PEEK_LIMIT) return false;
    if (this.#seek(address, length)) return true;
    if (!this.#copy(address, new Uint8Array(this.#bounce.buffer, 0, length), false)) return false;
    this.view = this.#bounce;
    this.at = 0;
    return true;
  }

  readU8(address: number): number | undefined {
    return this.#seek(address, 1) ? this.view.getUint8(this.at) : undefined;
  }

  readU16(address: number): number | undefined {
    return this.peek(address, 2) ? this.view.getUint16(this.at, true) : undefined;
  }

  readU32(address: number): number | undefined {
    return this.peek(address, 4) ? this.view.getUint32(this.at, true) : undefined;
  }

  /** Fills `target` from `address` on; false, with `target` in part overwritten, where not all of it is mapped. */
  readBytes(address: number, target: Uint8Array): boolean {
    return this.#copy(address, target, false);
  }

  writeU8(address: number, value: number): boolean {
    if (!this.#seek(address, 1)) return false;
    this.view.setUint8(this.at, value);
    this.wrote(address, 1);
    return true;
  }

  writeU16(address: number, value: number): boolean {
    if (this.#seek(address, 2)) {
      this.view.setUint16(this.at, value, true);
      this.wrote(address, 2);
      return true;
    }
    return this.writeBytes(address, Uint8Array.of(value, value >>> 8));
  }

  writeU32(address: number, value: number): boolean {
    if (this.#seek(address, 4)) {
      this.view.setUint32(this.at, value, true);
      this.wrote(address, 4);
      return true;
    }
    return this.writeBytes(address, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
  }

  /** Copies `source` to `address`; false, and nothing written, where not all of it is mapped. */
  writeBytes(address: number, source: Uint8Array): boolean {
    if (!this.isMapped(address, source.length)) return false;
    this.#copy(address, source, true);
    this.wrote(address, source.length);
    return true;
  }

  /** As `writeBytes`, of so many zeros. */
  writeZeros(address: number, length: number): boolean {
    if (!this.isMapped(address, length)) return false;
    for (let done = 0; done < length;) {
      if (!this.#seek(address + done, 1)) return false;
      const piece = Math.min(length - done, this.view.byteLength - this.at);
      new Uint8Array(this.view.buffer, this.at, piece).fill(0);
      done += piece;
    }
    this.wrote(address, length);
    return true;
  }

  /** Whether all of [address, address + length) is mapped, in however many regions. */
  isMapped(address: number, length: number): boolean {
    let done = 0;
    while (done < length) {
      const piece = this.contiguous(address + done);
      if (piece === 0) return false;
      done += piece;
    }
    return true;
  }

  /**
   * The one gate: whoever has written to guest memory, by whatever way (the kernel's DMA for us too), says so here.
   * Costs one comparison while nothing listens.
   */
  wrote(address: number, length: number): void {
    if (this.#listener !== undefined) this.#listener(address, length);
  }

  /** Has `listener` told of every write from now on; undefined ends that. */
  onWrite(listener: WriteListener | undefined): void {
    this.#listener = listener;
  }

  /** Notes every write in a dirty log from now on; undefined ends that. */
  logTo(place: LogPlace | undefined): void {
    const log = place === undefined ? undefined : new DirtyLog(place);
    this.onWrite(log === undefined ? undefined : (address, length) => log.mark(address, length));
  }

  /** Points `view` and `at` at `length` bytes inside one window; false where there is no such window. */
  #seek(address: number, length: number): boolean {
    const at = address - this.#windowStart;
    if (at >= 0 && at + length <= this.#windowBytes) {
      this.view = this.#window;
      this.at = at;
      return true;
    }
    return this.#seekAnew(address, length);
  }

  /** The same, in any window. */
  #seekAnew(address: number, length: number): boolean {
    if (!this.#find(address, length)) return false;
    const start = this.#regionStart;
    const window = Math.floor((address - start) / WINDOW_SIZE);
    const at = address - start - window * WINDOW_SIZE;
    if (at + length > WINDOW_SIZE) return false;
    const view = this.#windows[this.#firstWindow + window] ?? this.#makeWindow(window);
    this.#windowStart = start + window * WINDOW_SIZE;
    this.#windowBytes = view.byteLength;
    this.#window = view;
    this.view = view;
    this.at = at;
    return true;
  }

  /** Makes the region the one that is looked at first; false where no region holds the range. */
  #find(address: number, length: number): boolean {
    for (let row = 0; row < this.#table.length; row += ROW) {
      if (address >= (this.#table[row + START] ?? 0) && address + length <= (this.#table[row + END] ?? 0)) {
        this.#regionStart = this.#table[row + START] ?? 0;
        this.#regionEnd = this.#table[row + END] ?? 0;
        this.#regionDelta = this.#table[row + DELTA] ?? 0;
        this.#firstWindow = this.#table[row + FIRST_WINDOW] ?? 0;
        return true;
      }
    }
    return false;
  }

  #makeWindow(window: number): DataView {
    const start = this.#regionStart;
    const size = this.#regionEnd - start;
    const host = start + this.#regionDelta;
    const offset = window * WINDOW_SIZE;
    const made = new DataView(viewAt(host + offset, Math.min(WINDOW_SIZE, size - offset)));
    this.#windows[this.#firstWindow + window] = made;
    return made;
  }

  /** Moves bytes between guest memory and `bytes`, window by window. */
  #copy(address: number, bytes: Uint8Array, toGuest: boolean): boolean {
    let done = 0;
    while (done < bytes.length) {
      if (!this.#seek(address + done, 1)) return false;
      const length = Math.min(bytes.length - done, this.view.byteLength - this.at);
      const guest = new Uint8Array(this.view.buffer, this.at, length);
      if (toGuest) guest.set(bytes.subarray(done, done + length));
      else bytes.set(guest, done);
      done += length;
    }
    return true;
  }
}
