/**
 * Tables in memory, a slice at a time, as they are in the file: big-endian, and written through. A slice has one slot it can be in, so
 * that to find it takes one comparison; neighbours never displace each other.
 */
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from '../image-file.ts';

const LARGEST_SLICE = 4096;

export interface CacheOptions {
  /** Of a table. */
  readonly clusterSize: number;
  /** How many slices there can be. */
  readonly slices: number;
  /** Bytes that the cache may take. Memory is used where slices are. */
  readonly budget: number;
}

export class TableCache {
  readonly sliceSize: number;
  /** Of all slots. */
  readonly view: DataView;
  readonly #memory: NativeBuffer;
  readonly #file: ImageFile;
  readonly #tags: Int32Array;
  readonly #mask: number;

  constructor(file: ImageFile, { clusterSize, slices, budget }: CacheOptions) {
    this.sliceSize = Math.min(clusterSize, LARGEST_SLICE);
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, slices)));
    const affordable = 2 ** Math.floor(Math.log2(budget / this.sliceSize));
    const slots = Math.max(1, Math.min(wanted, affordable));
    this.#file = file;
    this.#memory = allocate(slots * this.sliceSize);
    this.view = this.#memory.view;
    this.#tags = new Int32Array(slots).fill(-1);
    this.#mask = slots - 1;
  }

  /** Where in `view` slice `key` is; -1 where it has to be loaded. Hot. */
  find(key: number): number {
    const slot = key & this.#mask;
    return this.#tags[slot] === key ? slot * this.sliceSize : -1;
  }

  /** Reads slice `key` from `offset` of the file; what lies past its end is zeros. Where in `view` it is, or `-errno`. */
  load(key: number, offset: number): number {
    const slot = key & this.#mask;
    const at = slot * this.sliceSize;
    this.#tags[slot] = -1;
    const read = this.#file.read(this.#memory, at, this.sliceSize, offset);
    if (read < 0) return read;
    if (read < this.sliceSize) this.#memory.bytes.fill(0, at + read, at + this.sliceSize);
    this.#tags[slot] = key;
    return at;
  }

  /** Writes `length` bytes, at `at` of slice `key` in `view`, to `offset` of the file; on failure the slice is forgotten. */
  store(key: number, at: number, length: number, offset: number): number {
    const written = this.#file.write(this.#memory, at, length, offset);
    if (written < 0) this.#tags[key & this.#mask] = -1;
    return written;
  }

  forget(): void {
    this.#tags.fill(-1);
  }
}
