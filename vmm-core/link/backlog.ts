/** The newest bytes of a stream, up to `capacity` of them: the oldest make room. Its memory is there once something is kept. */
export class Backlog {
  readonly #capacity: number;
  #ring = new Uint8Array(0);
  #start = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  add(bytes: Uint8Array): void {
    if (this.#ring.length === 0) this.#ring = new Uint8Array(this.#capacity);
    const kept = bytes.subarray(-this.#capacity);
    this.drop(Math.max(0, this.#length + kept.length - this.#capacity));
    const end = (this.#start + this.#length) % this.#capacity;
    const first = Math.min(kept.length, this.#capacity - end);
    this.#ring.set(kept.subarray(0, first), end);
    this.#ring.set(kept.subarray(first), 0);
    this.#length += kept.length;
  }

  /** Some of the oldest bytes, at most `most`: those that lie together. None where nothing is kept. Good until the next `add`. */
  oldest(most: number): Uint8Array {
    return this.#ring.subarray(this.#start, Math.min(this.#start + Math.min(most, this.#length), this.#ring.length));
  }

  /** Forgets the `count` oldest bytes, of which there are so many. */
  drop(count: number): void {
    this.#start = (this.#start + count) % this.#capacity;
    this.#length -= count;
  }
}
