/**
 * Memory that files opened with O_DIRECT accept, for the requests whose own they do not: a bounded number of buffers, made once.
 *
 * They lie in a memfd: guest memory is copied from and to by the kernel, which reports a page that is gone, where a copy by this
 * process would end it.
 */
import { expect } from '#shared/lang/result.ts';
import { syscall, viewAt } from '#shared/sys/ffi.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';

/** What a longer request has beyond it is done afterwards, as after any short transfer. A multiple of every alignment. */
export const BUFFER_SIZE = 128 << 10;
export const BUFFERS = 32;

const IOVEC_SIZE = 16;
/** Vectors lie in tables of some megabytes: a window on one serves all of its requests. */
const WINDOW = 4 << 20;
const LONGEST_VECTOR = 1024 * IOVEC_SIZE;

export class BounceBuffers {
  readonly #memory = expect(createSealedMemfd({ name: 'bounce', size: BUFFERS * BUFFER_SIZE }), 'bounce buffers');
  readonly #mapping = expect(Mapping.map({ length: BUFFERS * BUFFER_SIZE, fd: this.#memory.fd }), 'bounce buffers');
  readonly #free = Array.from({ length: BUFFERS }, (_, index) => BUFFERS - 1 - index);

  /** Undefined: all are in use. */
  take(): number | undefined {
    return this.#free.pop();
  }

  release(buffer: number): void {
    this.#free.push(buffer);
  }

  address(buffer: number): number {
    return this.#mapping.address + buffer * BUFFER_SIZE;
  }

  /** Copies the first `length` bytes of what vectors name into a buffer: 0 or -errno. */
  fill(buffer: number, vectors: Vectors, length: number): number {
    return this.#copy(SYS.pwrite64, buffer, vectors, length);
  }

  /** The opposite. */
  empty(buffer: number, vectors: Vectors, length: number): number {
    return this.#copy(SYS.pread64, buffer, vectors, length);
  }

  close(): void {
    this.#memory.close();
    this.#mapping.unmap();
  }

  #copy(call: number, buffer: number, vectors: Vectors, length: number): number {
    let place = buffer * BUFFER_SIZE;
    const end = place + length;
    for (let index = 0; place < end && index < vectors.count; index++) {
      const piece = Math.min(vectors.lengthAt(index), end - place);
      for (let done = 0; done < piece;) {
        const result = syscall(call, this.#memory.fd, vectors.addressAt(index) + done, piece - done, place + done);
        if (result < 0) return result;
        done += result;
      }
      place += piece;
    }
    return 0;
  }
}

/** The pieces of memory of one request: a single one, or those of an array of struct iovec. */
export class Vectors {
  readonly #windows = new Map<number, DataView>();
  /** Where the array is seen; undefined: a single piece. */
  #view: DataView | undefined;
  #at = 0;
  #address = 0;
  #length = 0;
  count = 0;

  setSingle(address: number, length: number): void {
    this.#view = undefined;
    this.#address = address;
    this.#length = length;
    this.count = 1;
  }

  /** Of `count` at `address`. SAFETY: of a window only the array is touched, which is there for as long as its request. */
  setArray(address: number, count: number): void {
    const window = Math.floor(address / WINDOW);
    let view = this.#windows.get(window);
    if (view === undefined) {
      view = new DataView(viewAt(window * WINDOW, WINDOW + LONGEST_VECTOR));
      this.#windows.set(window, view);
    }
    this.#view = view;
    this.#at = address - window * WINDOW;
    this.count = count;
  }

  addressAt(index: number): number {
    if (this.#view === undefined) return this.#address;
    const at = this.#at + index * IOVEC_SIZE;
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  lengthAt(index: number): number {
    return this.#view === undefined ? this.#length : this.#view.getUint32(this.#at + index * IOVEC_SIZE + 8, true);
  }

  get bytes(): number {
    let bytes = 0;
    for (let index = 0; index < this.count; index++) bytes += this.lengthAt(index);
    return bytes;
  }
}
