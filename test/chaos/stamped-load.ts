/**
 * A driver that keeps a disk's queue full of reads, writes, discards, zeroes and flushes of whole blocks, and believes nothing: every
 * block carries its number, the number of the write that it is from, and a sum over all of it, or is zeros; every head must come back
 * once, with success; and what was read must stay as it is when its buffer is the driver's again.
 */
import type { GuestMemory } from '#shared/memory/index.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { Random } from '#shared/testing/random.ts';
import { BlockContents } from './block-contents.ts';
import { STATUS, UNTOUCHED } from './disk-driver.ts';

const SECTOR_SIZE = 512;
/** virtio 1.2, 5.2.6. */
const REQUEST = { reading: 0, writing: 1, flushing: 4, discarding: 11, zeroing: 13 } as const;
/** 5.2.6: sector u64, sectors u32, flags u32. */
const RANGE_SIZE = 16;
const UNMAP = 1;
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
  /** The disk holds so many stamped blocks, of write 0 each, from `firstBlock` on. */
  readonly blocks: number;
  readonly firstBlock?: number;
  readonly notify: () => void;
}

/** Bytes of guest memory for a load of such blocks. */
export function loadMemory(blockSize: number): number {
  return DATA + SLOTS * blockSize;
}

/** What a load does, beside reading: one in so many requests each; 0: none. */
export interface Mixture {
  writes: number;
  zeroes: number;
  discards: number;
  flushes: number;
}

type Work = keyof typeof REQUEST;

interface Slot {
  state: 'idle' | Work;
  block: number;
  /** Holds what nobody may change: what was read has been looked at. */
  isPoisoned: boolean;
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
  readonly mixture: Mixture = { writes: 2, zeroes: 0, discards: 0, flushes: 0 };
  isHolding = false;
  readonly #memory: GuestMemory;
  readonly #base: number;
  readonly #notify: () => void;
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ state: 'idle', block: 0, isPoisoned: false }));
  readonly #contents: BlockContents;
  readonly #isBusy: Uint8Array;
  readonly #random: Random;
  readonly #blockSize: number;
  /** What was read, or is to be written. */
  readonly #bytes: Buffer;
  readonly #poisoned: Buffer;
  #lastFoundMs = performance.now();

  /** `base`: the guest address of `loadMemory` bytes. */
  constructor(memory: GuestMemory, base: number, options: LoadOptions) {
    this.#blockSize = options.blockSize;
    this.#contents = new BlockContents(options);
    this.#bytes = Buffer.alloc(options.blockSize);
    this.#poisoned = Buffer.alloc(options.blockSize, POISON);
    this.#memory = memory;
    this.#base = base;
    this.#notify = options.notify;
    this.#random = new Random(options.seed);
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
    return this.#contents.wrongBlocks(disk);
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
    const work = this.#chooseWork();
    slot.block = this.#freeBlock();
    slot.state = work;
    slot.isPoisoned = false;
    this.#isBusy[slot.block] = 1;
    const header = this.#base + HEADERS + index * 16;
    const sector = (this.#contents.firstBlock + slot.block) * (this.#blockSize / SECTOR_SIZE);
    this.#memory.writeBytes(header, requestHeader(REQUEST[work], work === 'reading' || work === 'writing' ? sector : 0));
    this.#memory.writeU8(this.#base + STATUSES + index, UNTOUCHED);
    const length = this.#fillData(index, slot.block, work);
    const data = { address: this.#dataOf(index), length, writable: work === 'reading' };
    this.queue.chain(index * DESCRIPTORS_EACH, [
      { address: header, length: 16 },
      ...(length === 0 ? [] : [data]),
      { address: this.#base + STATUSES + index, length: 1, writable: true },
    ]);
  }

  #chooseWork(): Work {
    const { writes, zeroes, discards, flushes } = this.mixture;
    const is = (oneIn: number): boolean => oneIn > 0 && this.#random.oneIn(oneIn);
    if (is(flushes)) return 'flushing';
    if (is(zeroes)) return 'zeroing';
    if (is(discards)) return 'discarding';
    return is(writes) ? 'writing' : 'reading';
  }

  /** Puts into the slot's buffer what the device reads there; how long the buffer is for this request. */
  #fillData(index: number, block: number, work: Work): number {
    switch (work) {
      case 'reading':
        return this.#blockSize;
      case 'flushing':
        return 0;
      case 'writing':
        this.#contents.write(block, this.#bytes);
        this.#memory.writeBytes(this.#dataOf(index), this.#bytes);
        return this.#blockSize;
      default: {
        this.#contents.zero(block, work === 'zeroing');
        const sectors = this.#blockSize / SECTOR_SIZE;
        const unmaps = work === 'zeroing' && this.#random.oneIn(2);
        const range = blockRange((this.#contents.firstBlock + block) * sectors, sectors, unmaps ? UNMAP : 0);
        this.#memory.writeBytes(this.#dataOf(index), range);
        return RANGE_SIZE;
      }
    }
  }

  /** One that no other request is about. */
  #freeBlock(): number {
    for (;;) {
      const block = this.#random.below(this.#isBusy.length);
      if (this.#isBusy[block] === 0) return block;
    }
  }

  #checkRead(index: number, { block }: Slot): void {
    this.#load(index);
    const problem = this.#contents.problem(block, this.#bytes);
    if (problem !== undefined) this.#wrong(problem);
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

function requestHeader(type: number, sector: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(16));
  bytes.setUint32(0, type, true);
  bytes.setUint32(8, sector, true);
  return new Uint8Array(bytes.buffer);
}

function blockRange(sector: number, sectors: number, flags: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(RANGE_SIZE));
  bytes.setUint32(0, sector, true);
  bytes.setUint32(8, sectors, true);
  bytes.setUint32(12, flags, true);
  return new Uint8Array(bytes.buffer);
}
