/**
 * What a driver knows of one ring of its own: what it offered, what came back, and whether it may count on the rest. It kicks when it
 * is asked to and not oftener (virtio 1.2, 2.7.10), and may demand to be told of what comes back.
 */
import { fileOf, MOST_ENTRIES, ring } from './layout.ts';
import type { Meaning } from './steps.ts';

const OWN = ['size', 'base', 'addresses', 'error', 'kick', 'enabled'] as const satisfies readonly Meaning[];
const NEEDED = ['features', 'memory', ...OWN] as const satisfies readonly Meaning[];

export class RingLedger {
  readonly index: number;
  readonly #bytes: Buffer;
  readonly #words: Uint16Array<ArrayBufferLike>;
  readonly #place;
  readonly #offered = new Uint32Array(MOST_ENTRIES);
  readonly #returned = new Uint32Array(MOST_ENTRIES);
  readonly #done = new Set<Meaning>();
  /** Where the next start goes on. */
  base = 0;
  #size = 0;
  #available = 0;
  #used = 0;
  /** avail.idx at the last kick, or where it was looked at whether one is wanted. */
  #kicked = 0;
  eventIdx = false;
  #isSpoiled = true;
  #isTainted = true;
  /** It may be running: whatever is done to its memory now is seen. */
  #mayRun = false;

  constructor(index: number, bytes: Buffer) {
    this.index = index;
    this.#bytes = bytes;
    this.#words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const { descriptor, available, used } = ring(index);
    this.#place = { descriptor: fileOf(descriptor), available: fileOf(available), used: fileOf(used) };
  }

  /** The device takes what it is offered, unless something was wrong. */
  get isLive(): boolean {
    return !this.#isSpoiled && NEEDED.every((meaning) => this.#done.has(meaning));
  }

  get isWaiting(): boolean {
    return this.#used !== this.#available;
  }

  describe(): string {
    return `ring ${this.index} of ${this.#size} entries: ${this.#available} offered, ${this.#used} returned`;
  }

  /** A connection begins: nothing runs, and nothing is known. */
  begin(): void {
    this.over();
    this.#isTainted = false;
    this.#mayRun = false;
  }

  /** The connection is gone; what ran may do so for a moment more. */
  over(): void {
    this.#done.clear();
    this.spoil();
  }

  fresh(size: number): void {
    const { descriptor } = this.#place;
    this.#bytes.fill(0, descriptor, descriptor + 0x4000);
    this.#offered.fill(0);
    this.#returned.fill(0);
    this.#size = size;
    this.#available = 0;
    this.#used = 0;
    this.#kicked = 0;
    this.base = 0;
    this.#isSpoiled = this.#mayRun || this.#isTainted;
    this.#forget();
  }

  /** A message's acknowledgement, or its refusal. */
  told(meaning: Meaning, isDone: boolean): void {
    switch (meaning) {
      case 'reset':
        // Its memory keeps what was offered; nobody will ever say which of it was taken.
        this.#isSpoiled = true;
        this.#mayRun &&= !isDone;
        this.#done.delete('features');
        return this.#forget();
      case 'disabled':
        return void this.#done.delete('enabled');
      case 'silent':
        return void this.#done.delete('call');
      default:
        if (meaning === 'kick') this.#mayRun = true;
        if (isDone) this.#done.add(meaning);
        // A refused change leaves what was before.
        else if (meaning !== 'memory' && meaning !== 'features') this.#done.delete(meaning);
    }
  }

  stopped(base: number | undefined): void {
    this.#done.delete('kick');
    if (base === undefined) return this.spoil();
    this.base = base;
    this.#mayRun = false;
  }

  /** For the rest of the connection nothing is certain. */
  spoil(): void {
    this.#isSpoiled = true;
    this.#isTainted = true;
    this.#mayRun = true;
  }

  /** The device said that it takes nothing more from it. */
  broken(): void {
    this.#isSpoiled = true;
  }

  offer(head: number): void {
    if (this.#size === 0) return;
    this.collect();
    // The driver's own fault: it overwrites an entry that may not have been looked at.
    if (((this.#available - this.#used) & 0xffff) >= this.#size) this.#isSpoiled = true;
    this.#bytes.writeUInt16LE(head, this.#place.available + 4 + (this.#available % this.#size) * 2);
    this.#available = (this.#available + 1) & 0xffff;
    if (head < MOST_ENTRIES) this.#offered[head] = (this.#offered[head] ?? 0) + 1;
    Atomics.store(this.#words, this.#place.available / 2 + 1, this.#available);
  }

  word(at: number, value: number): void {
    this.#bytes.writeUInt16LE(value, this.#place.available + at);
  }

  /** Whether the device wants to hear of what was offered since the last time this was asked. One that cannot be trusted always does. */
  wantsKick(): boolean {
    const before = this.#kicked;
    this.#kicked = this.#available;
    if (this.#isSpoiled) return true;
    // avail.idx was stored by an atomic operation: what the device asks for is read after that.
    if (!this.eventIdx) return (Atomics.load(this.#words, this.#place.used / 2) & 1) === 0;
    const event = Atomics.load(this.#words, this.#place.used / 2 + 2 + 4 * this.#size);
    return ((this.#available - event - 1) & 0xffff) < ((this.#available - before) & 0xffff);
  }

  /** Asks for a signal at the next chain that comes back; whether one has to come. */
  demandSignal(): boolean {
    Atomics.store(this.#words, this.#place.available / 2, 0);
    Atomics.store(this.#words, this.#place.available / 2 + 2 + this.#size, this.#used);
    const isSeen = Atomics.load(this.#words, this.#place.used / 2 + 1) === this.#used;
    return isSeen && this.isWaiting && this.isLive && this.#done.has('call');
  }

  /** Takes what came back; how many. Throws where something comes back that was not offered. */
  collect(): number {
    if (this.#isSpoiled || this.#size === 0) return 0;
    const now = this.#bytes.readUInt16LE(this.#place.used + 2);
    const count = (now - this.#used) & 0xffff;
    if (count > ((this.#available - this.#used) & 0xffff)) throw new Error(`${this.describe()}, and now ${now}`);
    for (let left = count; left > 0; left--) {
      const at = this.#place.used + 4 + (this.#used % this.#size) * 8;
      const head = this.#bytes.readUInt32LE(at);
      this.#used = (this.#used + 1) & 0xffff;
      const times = (this.#returned[head] ?? 0) + 1;
      if (head < MOST_ENTRIES) this.#returned[head] = times;
      if (times > (this.#offered[head] ?? 0)) throw new Error(`${this.describe()}: head ${head} came back ${times} times`);
    }
    return count;
  }

  #forget(): void {
    for (const meaning of OWN) this.#done.delete(meaning);
  }
}
