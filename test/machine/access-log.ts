/** What a tiny guest did outside of its memory, in shared memory: vCPU threads add, the test waits and reads. */

const SPACES = ['pio', 'mmio', 'eoi'] as const;
const DIRECTIONS = ['read', 'write'] as const;
const WORDS = 5;
const CAPACITY = 4096;

export type Space = (typeof SPACES)[number];
export type Direction = (typeof DIRECTIONS)[number];

export interface Access {
  readonly space: Space;
  readonly direction: Direction;
  readonly address: number;
  readonly size: number;
  readonly value: number;
}

export class AccessLog {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer = new SharedArrayBuffer((1 + CAPACITY * WORDS) * 4)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** Past the capacity only the count goes on. One vCPU at a time: tiny guests take turns. */
  add({ space, direction, address, value, size }: Access): void {
    const index = Atomics.load(this.#words, 0);
    if (index < CAPACITY) this.#words.set([SPACES.indexOf(space), DIRECTIONS.indexOf(direction), address, value, size], 1 + index * WORDS);
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  get count(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Resolves when there are `count` accesses; rejects after `deadlineMs`. */
  async reaches(count: number, deadlineMs = 10_000): Promise<void> {
    const until = performance.now() + deadlineMs;
    for (let seen = this.count; seen < count; seen = this.count) {
      if (performance.now() > until) throw new Error(`${seen} accesses after ${deadlineMs} ms, not ${count}`);
      await Atomics.waitAsync(this.#words, 0, seen, 100).value;
    }
  }

  all(): Access[] {
    return Array.from({ length: Math.min(this.count, CAPACITY) }, (_, index) => {
      const [space = 0, direction = 0, address = 0, value = 0, size = 0] = this.#words.subarray(1 + index * WORDS);
      return {
        space: SPACES[space] ?? 'eoi',
        direction: DIRECTIONS[direction] ?? 'read',
        address: address >>> 0,
        value: value >>> 0,
        size,
      };
    });
  }
}
