/**
 * What a data thread shares with the threads of its pool: slots with one request each, a ring of slots to be done, a ring of slots
 * that are done. One thread submits and reaps, many perform.
 *
 * A slot is its request's from `take` until `release`, so that neither ring can ever be full: each has as many places as there are slots.
 */
import { assert } from '#shared/lang/assert.ts';

/** More than the requests of all queues that a device can have, with room for what its loop waits for. */
export const SLOTS = 1 << 15;
const MASK = SLOTS - 1;

/** Words that different threads write, each in a cache line of its own. */
const LINE = 16;
/** Submissions so far, claims so far, and what those without work wait on, which changes at every submission. */
const TAIL = 0;
const HEAD = LINE;
const BELL = 2 * LINE;
const IDLE = 3 * LINE;
/** Completions so far. */
const DONE = 4 * LINE;
/** 1: the submitter sleeps, and whoever completes something wakes it. */
const ASLEEP = 5 * LINE;
const STOPPED = 6 * LINE;
const SUBMITTED = 7 * LINE;
const COMPLETED = SUBMITTED + SLOTS;
const WORDS = COMPLETED + SLOTS;

/** A slot: offset f64, address f64, then words. */
const SLOT_WORDS = 16;
const OFFSET = 0;
const ADDRESS = 1;
const OPCODE = 4;
const FILE = 5;
const LENGTH = 6;
const OPERATION_FLAGS = 7;
const TOKEN_LOW = 8;
const TOKEN_HIGH = 9;
const RESULT = 10;
const FLAGS = 11;

export type SharedPool = SharedArrayBuffer;

/** Zeroed pages that nobody touches cost nothing: of so many slots few are ever used. */
export function makePool(): SharedPool {
  return new SharedArrayBuffer((WORDS + SLOTS * SLOT_WORDS) * 4);
}

export class PoolMemory {
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(shared: SharedPool) {
    this.#control = new Int32Array(shared, 0, WORDS);
    this.#words = new Int32Array(shared, WORDS * 4);
    this.#numbers = new Float64Array(shared, WORDS * 4);
  }

  // oxlint-disable-next-line max-params -- an entry's fields; an object for each request would be garbage.
  describe(slot: number, opcode: number, file: number, offset: number, address: number, length: number, operationFlags: number): void {
    const at = slot * SLOT_WORDS;
    this.#numbers[at / 2 + OFFSET] = offset;
    this.#numbers[at / 2 + ADDRESS] = address;
    this.#words[at + OPCODE] = opcode;
    this.#words[at + FILE] = file;
    this.#words[at + LENGTH] = length;
    this.#words[at + OPERATION_FLAGS] = operationFlags;
  }

  /** Whose request it is: both halves of what comes back with it. */
  name(slot: number, tokenLow: number, tokenHigh: number): void {
    this.#words[slot * SLOT_WORDS + TOKEN_LOW] = tokenLow;
    this.#words[slot * SLOT_WORDS + TOKEN_HIGH] = tokenHigh;
  }

  setOutcome(slot: number, result: number, flags: number): void {
    this.#words[slot * SLOT_WORDS + RESULT] = result;
    this.#words[slot * SLOT_WORDS + FLAGS] = flags;
  }

  offset(slot: number): number {
    return this.#numbers[(slot * SLOT_WORDS) / 2 + OFFSET] ?? 0;
  }

  address(slot: number): number {
    return this.#numbers[(slot * SLOT_WORDS) / 2 + ADDRESS] ?? 0;
  }

  opcode(slot: number): number {
    return this.#word(slot, OPCODE);
  }

  file(slot: number): number {
    return this.#word(slot, FILE);
  }

  length(slot: number): number {
    return this.#word(slot, LENGTH) >>> 0;
  }

  operationFlags(slot: number): number {
    return this.#word(slot, OPERATION_FLAGS);
  }

  tokenLow(slot: number): number {
    return this.#word(slot, TOKEN_LOW) >>> 0;
  }

  tokenHigh(slot: number): number {
    return this.#word(slot, TOKEN_HIGH) >>> 0;
  }

  result(slot: number): number {
    return this.#word(slot, RESULT);
  }

  flags(slot: number): number {
    return this.#word(slot, FLAGS);
  }

  /** Has a slot done by whichever thread claims it first. Nobody is woken yet. */
  submit(slot: number): void {
    const tail = Atomics.load(this.#control, TAIL);
    Atomics.store(this.#control, SUBMITTED + (tail & MASK), slot);
    Atomics.store(this.#control, TAIL, (tail + 1) | 0);
  }

  /** As many threads without work as there are new slots. A thread that is about to wait looks for work after it counted itself. */
  wake(count: number): void {
    Atomics.add(this.#control, BELL, 1);
    if (Atomics.load(this.#control, IDLE) > 0) Atomics.notify(this.#control, BELL, count);
  }

  /** A slot that this thread alone has now; undefined where there is none. */
  claim(): number | undefined {
    for (;;) {
      const head = Atomics.load(this.#control, HEAD);
      if (head === Atomics.load(this.#control, TAIL)) return undefined;
      // Where it was overwritten since, the head has moved too.
      const slot = Atomics.load(this.#control, SUBMITTED + (head & MASK));
      if (Atomics.compareExchange(this.#control, HEAD, head, (head + 1) | 0) === head) return slot;
    }
  }

  /** Sleeps until there may be something to claim. */
  awaitWork(): void {
    Atomics.add(this.#control, IDLE, 1);
    const bell = Atomics.load(this.#control, BELL);
    const waits = Atomics.load(this.#control, HEAD) === Atomics.load(this.#control, TAIL) && !this.isStopped;
    if (waits) Atomics.wait(this.#control, BELL, bell);
    Atomics.sub(this.#control, IDLE, 1);
  }

  /** Gives a slot back, done. True: the submitter sleeps, and is this thread's to wake. */
  complete(slot: number): boolean {
    const ticket = Atomics.add(this.#control, DONE, 1);
    Atomics.store(this.#control, COMPLETED + (ticket & MASK), slot + 1);
    return Atomics.load(this.#control, ASLEEP) === 1 && Atomics.exchange(this.#control, ASLEEP, 0) === 1;
  }

  /** The slot that was the `head`th to be done, and whether to take it out of the ring; undefined where it is not there yet. */
  completed(head: number, takes: boolean): number | undefined {
    const at = COMPLETED + (head & MASK);
    const found = Atomics.load(this.#control, at);
    if (found === 0) return undefined;
    if (takes) Atomics.store(this.#control, at, 0);
    return found - 1;
  }

  /** Said before a last look at what is done. */
  sleeps(asleep: boolean): void {
    Atomics.store(this.#control, ASLEEP, asleep ? 1 : 0);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#control, STOPPED) === 1;
  }

  /** Ends the pool's threads, each after what it does now. */
  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    Atomics.add(this.#control, BELL, 1);
    Atomics.notify(this.#control, BELL);
  }

  #word(slot: number, at: number): number {
    return this.#words[slot * SLOT_WORDS + at] ?? 0;
  }
}

/** The slots that the submitter has in hand. Lower ones first, so that few pages are touched. */
export class FreeSlots {
  readonly #free: number[] = [];
  #fresh = 0;

  take(): number {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    assert(this.#fresh < SLOTS, 'more requests than a device has');
    return this.#fresh++;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }
}
