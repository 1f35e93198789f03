import { assert } from '#shared/lang/assert.ts';

/**
 * A bounded queue of bytes in shared memory, from one side to another. Each side may be several threads under one lock; the two
 * sides need none between them: the producer alone moves `head`, the consumer alone `tail`, each after the bytes it is about.
 */
export class ByteRing {
  readonly #words: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #bytes: Uint8Array;
  readonly #mask: number;

  /** `words[index]` and the word after it are the ring's; `bytes`, a power of two of them, hold the contents. */
  constructor(words: Int32Array, index: number, bytes: Uint8Array) {
    assert((bytes.length & (bytes.length - 1)) === 0 && bytes.length > 0, `a ring of ${bytes.length} bytes`);
    this.#words = words;
    this.#head = index;
    this.#tail = index + 1;
    this.#bytes = bytes;
    this.#mask = bytes.length - 1;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** Bytes in the ring; clamped, for who is neither side may see one counter older than the other. */
  get count(): number {
    return Math.min(this.#distance(), this.#bytes.length);
  }

  /** Whether more are in it than fit: asked of counters that were restored. */
  get isOverfull(): boolean {
    return this.#distance() > this.#bytes.length;
  }

  get isFull(): boolean {
    return this.count === this.#bytes.length;
  }

  /** Producer: adds one byte; false where there is no room. */
  push(byte: number): boolean {
    if (this.isFull) return false;
    const head = Atomics.load(this.#words, this.#head);
    this.#bytes[head & this.#mask] = byte;
    Atomics.store(this.#words, this.#head, head + 1);
    return true;
  }

  /** Producer: adds what fits of `source`; returns how many bytes those are. */
  pushAll(source: Uint8Array): number {
    const length = Math.min(source.length, this.capacity - this.count);
    const head = Atomics.load(this.#words, this.#head);
    const at = head & this.#mask;
    const first = Math.min(length, this.capacity - at);
    this.#bytes.set(source.subarray(0, first), at);
    this.#bytes.set(source.subarray(first, length), 0);
    Atomics.store(this.#words, this.#head, head + length);
    return length;
  }

  /** Consumer: takes the oldest byte, or -1. */
  take(): number {
    if (this.count === 0) return -1;
    const tail = Atomics.load(this.#words, this.#tail);
    const byte = this.#bytes[tail & this.#mask] ?? 0;
    Atomics.store(this.#words, this.#tail, tail + 1);
    return byte;
  }

  /** Consumer: moves the oldest bytes into `target`; returns how many. */
  takeAll(target: Uint8Array): number {
    const length = Math.min(target.length, this.count);
    const tail = Atomics.load(this.#words, this.#tail);
    const at = tail & this.#mask;
    const first = Math.min(length, this.capacity - at);
    target.set(this.#bytes.subarray(at, at + first), 0);
    target.set(this.#bytes.subarray(0, length - first), first);
    Atomics.store(this.#words, this.#tail, tail + length);
    return length;
  }

  /** Consumer: forgets up to `most` of the oldest bytes. */
  drop(most: number): void {
    const length = Math.min(most, this.count);
    Atomics.store(this.#words, this.#tail, Atomics.load(this.#words, this.#tail) + length);
  }

  /** Both sides at rest: empties the ring. */
  reset(): void {
    Atomics.store(this.#words, this.#head, 0);
    Atomics.store(this.#words, this.#tail, 0);
  }

  /** The counters run over 2^32 and their distance stays right. */
  #distance(): number {
    return (Atomics.load(this.#words, this.#head) - Atomics.load(this.#words, this.#tail)) >>> 0;
  }
}
