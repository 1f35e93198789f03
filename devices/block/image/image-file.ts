/**
 * The file under an image, as its format's metadata code uses it: synchronous calls in the kernel's own convention, the value or
 * `-errno`. The guest's data does not come through here; the engine reads and writes it at the extents that a format answers.
 */
import { EIO, retryInterrupted } from '#shared/sys/errno.ts';
import { type NativeBuffer, syscall } from '#shared/sys/ffi.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';

/** Modes of fallocate(2). */
export const FALLOC = { keepSize: 1, punchHole: 2, zeroRange: 16 } as const;

/** An interface, so that a test may record what was written in which order. */
export interface ImageFile {
  /** For the engine. */
  readonly fd: Fd;
  /** Bytes; of a block device too. */
  size(): number;
  /** Fills `length` bytes of `buffer` from its position `at`, from `offset` of the file; how many there were before the file's end. */
  read(buffer: NativeBuffer, at: number, length: number, offset: number): number;
  /** Writes all of it: 0 or -errno. */
  write(buffer: NativeBuffer, at: number, length: number, offset: number): number;
  /** fdatasync(2): what was written is durable, and the size with it. 0 or -errno. */
  sync(): number;
  /** ftruncate(2): 0 or -errno. */
  truncate(size: number): number;
  /** fallocate(2): 0 or -errno. */
  allocate(mode: number, offset: number, length: number): number;
}

const SEEK_END = 2;
const POSIX_FADV_DONTNEED = 4;

export class HostFile implements ImageFile {
  readonly fd: Fd;
  readonly #metadata: Fd;

  /** `metadata` is the same file without O_DIRECT, where `fd` has it: metadata is read and written at any place and length. */
  constructor(fd: Fd, metadata = fd) {
    this.fd = fd;
    this.#metadata = metadata;
  }

  size(): number {
    return syscall(SYS.lseek, this.#metadata, 0, SEEK_END);
  }

  read(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    const done = this.#transfer(SYS.pread64, buffer.address + at, length, offset);
    this.#leaveCache();
    return done;
  }

  write(buffer: NativeBuffer, at: number, length: number, offset: number): number {
    const written = this.#transfer(SYS.pwrite64, buffer.address + at, length, offset);
    if (written < 0) return written;
    return written === length ? 0 : -EIO;
  }

  sync(): number {
    const synced = retryInterrupted(() => syscall(SYS.fdatasync, this.#metadata));
    this.#leaveCache();
    return synced;
  }

  truncate(size: number): number {
    return retryInterrupted(() => syscall(SYS.ftruncate, this.#metadata, size));
  }

  allocate(mode: number, offset: number, length: number): number {
    return retryInterrupted(() => syscall(SYS.fallocate, this.#metadata, mode, offset, length));
  }

  /**
   * While any page of a file is in the page cache, Linux completes each O_DIRECT write of it in a kernel thread, to look whether that
   * page has to go: half as much latency again. What is dirty stays.
   */
  #leaveCache(): void {
    if (this.#metadata !== this.fd) syscall(SYS.fadvise64, this.#metadata, 0, 0, POSIX_FADV_DONTNEED);
  }

  /** Bytes done, fewer than `length` only at the file's end; -errno where nothing or not all could be done. */
  #transfer(call: number, address: number, length: number, offset: number): number {
    let done = 0;
    while (done < length) {
      const result = retryInterrupted(() => syscall(call, this.#metadata, address + done, length - done, offset + done));
      if (result < 0) return result;
      if (result === 0) return done;
      done += result;
    }
    return done;
  }
}
