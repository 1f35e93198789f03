/**
 * A driver that keeps a disk's queue full of reads and writes of whole blocks, and believes nothing: every block carries its number,
 * the number of the write that it is from, and a sum over all of it; every head must come back once, with success; and what was read
 * must stay as it is when its buffer is the driver's again.
 */
import type { GuestMemory } from '#shared/memory/index.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { Random } from '#shared/testing/random.ts';
import { BLK, STATUS, UNTOUCHED } from './disk-driver.ts';

const SECTOR_SIZE = 512;
const SLOTS = 128;
const DESCRIPTORS_EACH = 3;
const QUEUE_SIZE = 512;
const POISON = 0xa5;

/** Behind the ring, from the load's base on: one for each slot. */
const HEADERS = 0x8000;
const STATUSES = 0x9000;
const DATA = 0x1_0000;

export interface LoadOptions {
  readonly seed: number;
  /** Bytes. */
  readonly blockSize: number;
  /** The disk holds so many stamped blocks, of write 0 each. */
  readonly blocks: number;
  readonly notify: () => void;
}

/** Bytes of guest memory for a load of such blocks. */
export function loadMemory(blockSize: number): number {
  return DATA + SLOTS * blockSize;
}

interface Slot {
  state: 'idle' | 'reading' | 'writing';
  block: number;
  /** Holds what nobody may change: what was read has been looked at. */
  isPoisoned: boolean;
}

/** A block's words: its number, its write's number, words made from both, and their sum. */
export function stamp(words: Uint32Array, block: number, write: number): void {
  let word = (Math.imul(block + 1, 0x9e37_79b1) ^ Math.imul(write + 1, 0x85eb_ca6b)) >>> 0;
  words[0] = block;
  words[1] = write;
  let sum = 0;
  for (let index = 2; index < words.length - 1; index++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = word;
    sum = (sum + word) >>> 0;
  }
  words[words.length - 1] = sum;
}

export class StampedLoad {
  readonly queue: DriverQueue;
  /** What should not be, in words; nothing more is begun then. */
  readonly wrongs: string[] = [];
  completed = 0;
  /** Of the queue, for the test's end. */
  issued = 0;
  /** Between two looks that found something, the longest time since it was last set to 0. */
  longestGapMs = 0;
  /** One in so many requests writes; 0: none. */
  writesOneIn = 2;
  isHolding = false;
  readonly #memory: GuestMemory;
  readonly #base: number;
  readonly #notify: () => void;
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ state: 'idle', block: 0, isPoisoned: false }));
  /** The number of each block's last write. */
  readonly #writes: Uint32Array;
  readonly #isBusy: Uint8Array;
  readonly #random: Random;
  readonly #blockSize: number;
  readonly #expected: Uint32Array;
  /** What was read, or is to be written, as words and as bytes. */
  readonly #buffer: Uint32Array;
  readonly #bytes: Buffer;
  readonly #poisoned: Buffer;
  #lastFoundMs = performance.now();

  /** `base`: the guest address of `loadMemory` bytes. */
  constructor(memory: GuestMemory, base: number, options: LoadOptions) {
    this.#blockSize = options.blockSize;
    this.#expected = new Uint32Array(options.blockSize / 4);
    this.#buffer = new Uint32Array(options.blockSize / 4);
    this.#bytes = Buffer.from(this.#buffer.buffer);
    this.#poisoned = Buffer.alloc(options.blockSize, POISON);
    this.#memory = memory;
    this.#base = base;
    this.#notify = options.notify;
    this.#random = new Random(options.seed);
    this.#writes = new Uint32Array(options.blocks);
    this.#isBusy = new Uint8Array(options.blocks);
    this.queue = new DriverQueue(memory, { size: QUEUE_SIZE, base });
  }

  get inFlight(): number {
    return this.#slots.filter(({ state }) => state !== 'idle').length;
  }

  /** Takes what has come back, and fills the queue again. */
  turn(): void {
    const back = this.queue.collect();
    if (back.length > 0) this.#found();
    for (const { head, written } of back) this.#complete(head, written);
    if (!this.isHolding && this.wrongs.length === 0) this.#fill();
  }

  /** Looks at every buffer that is the driver's. */
  checkBuffers(): void {
    for (const [index, slot] of this.#slots.entries()) if (slot.state === 'idle') this.#checkPoison(index, slot);
  }

  /** The disk's blocks that are not as the driver left them. */
  wrongBlocks(disk: Buffer): readonly number[] {
    const bytes = Buffer.from(this.#expected.buffer);
    return [...this.#writes.entries()].flatMap(([block, write]) => {
      stamp(this.#expected, block, write);
      return bytes.equals(disk.subarray(block * this.#blockSize, (block + 1) * this.#blockSize)) ? [] : [block];
    });
  }

  #found(): void {
    const now = performance.now();
    this.longestGapMs = Math.max(this.longestGapMs, now - this.#lastFoundMs);
    this.#lastFoundMs = now;
  }

  /** The time since the last that came back counts from here on. */
  restartGap(): void {
    this.longestGapMs = 0;
    this.#lastFoundMs = performance.now();
  }

  #complete(head: number, written: number): void {
    const index = head / DESCRIPTORS_EACH;
    const slot = this.#slots[index];
    if (slot === undefined || slot.state === 'idle') return this.#wrong(`head ${head} came back, and was not asked for`);
    const status = this.#memory.readU8(this.#base + STATUSES + index);
    if (status !== STATUS.ok) this.#wrong(`${slot.state} block ${slot.block} ended with status ${status}`);
    const expected = slot.state === 'reading' ? this.#blockSize + 1 : 1;
    if (written !== expected) this.#wrong(`${slot.state} block ${slot.block} wrote ${written} bytes instead of ${expected}`);
    if (slot.state === 'reading') {
      this.#checkRead(index, slot);
      this.#poison(index, slot);
    }
    this.#isBusy[slot.block] = 0;
    slot.state = 'idle';
    this.completed++;
  }

  #fill(): void {
    const heads: number[] = [];
    for (const [index, slot] of this.#slots.entries()) {
      if (slot.state !== 'idle') continue;
      this.#checkPoison(index, slot);
      this.#begin(index, slot);
      heads.push(index * DESCRIPTORS_EACH);
    }
    if (heads.length === 0) return;
    this.issued += heads.length;
    this.queue.offer(...heads);
    this.#notify();
  }

  #begin(index: number, slot: Slot): void {
    const writes = this.writesOneIn > 0 && this.#random.oneIn(this.writesOneIn);
    slot.block = this.#freeBlock();
    slot.state = writes ? 'writing' : 'reading';
    slot.isPoisoned = false;
    this.#isBusy[slot.block] = 1;
    const header = this.#base + HEADERS + index * 16;
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setUint32(0, writes ? BLK.OUT : BLK.IN, true);
    bytes.setUint32(8, (slot.block * this.#blockSize) / SECTOR_SIZE, true);
    this.#memory.writeBytes(header, new Uint8Array(bytes.buffer));
    this.#memory.writeU8(this.#base + STATUSES + index, UNTOUCHED);
    if (writes) {
      const write = (this.#writes[slot.block] ?? 0) + 1;
      this.#writes[slot.block] = write;
      stamp(this.#buffer, slot.block, write);
      this.#memory.writeBytes(this.#dataOf(index), this.#bytes);
    }
    this.queue.chain(index * DESCRIPTORS_EACH, [
      { address: header, length: 16 },
      { address: this.#dataOf(index), length: this.#blockSize, writable: !writes },
      { address: this.#base + STATUSES + index, length: 1, writable: true },
    ]);
  }

  /** One that no other request is about. */
  #freeBlock(): number {
    for (;;) {
      const block = this.#random.below(this.#writes.length);
      if (this.#isBusy[block] === 0) return block;
    }
  }

  #checkRead(index: number, { block }: Slot): void {
    const write = this.#writes[block] ?? 0;
    this.#load(index);
    stamp(this.#expected, block, write);
    if (Buffer.compare(this.#bytes, Buffer.from(this.#expected.buffer)) === 0) return;
    const at = this.#buffer.findIndex((word, position) => word !== this.#expected[position]);
    const [number, found] = this.#buffer;
    this.#wrong(`block ${block}, written ${write} times, read as block ${number}, write ${found}; differs from word ${at} on`);
  }

  #poison(index: number, slot: Slot): void {
    this.#memory.writeBytes(this.#dataOf(index), this.#poisoned);
    slot.isPoisoned = true;
  }

  #checkPoison(index: number, slot: Slot): void {
    if (!slot.isPoisoned) return;
    this.#load(index);
    if (Buffer.compare(this.#bytes, this.#poisoned) !== 0) this.#wrong(`the buffer of block ${slot.block} changed after it was returned`);
  }

  #load(index: number): void {
    this.#memory.readBytes(this.#dataOf(index), this.#bytes);
  }

  #dataOf(index: number): number {
    return this.#base + DATA + index * this.#blockSize;
  }

  #wrong(what: string): void {
    this.wrongs.push(what);
  }
}
