import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { syscall, viewAt } from './ffi.ts';
import type { Fd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_POPULATE = 0x8000;
export const MADV_DONTDUMP = 16;
export const MADV_HUGEPAGE = 14;
export const MADV_COLLAPSE = 25;
export const MADV_POPULATE_WRITE = 23;

export interface MapOptions {
  /** Bytes; the kernel rounds up to whole pages. */
  readonly length: number;
  readonly fd?: Fd;
  /** Byte offset into `fd`, page-aligned. */
  readonly offset?: number;
  readonly protection?: number;
  /** Default: shared for a descriptor, private anonymous without one. */
  readonly flags?: number;
}

/**
 * A range of this process's addresses. It may be viewed in every thread by its address; whoever unmaps it makes sure
 * that no thread still holds a view (an access afterwards is a segmentation fault, not an exception).
 */
export class Mapping implements Disposable {
  readonly address: number;
  readonly length: number;
  #mapped = true;

  private constructor(address: number, length: number) {
    this.address = address;
    this.length = length;
  }

  static map(options: MapOptions): Result<Mapping, SysError> {
    const { length, fd, offset = 0, protection = PROT_READ | PROT_WRITE } = options;
    const flags = options.flags ?? (fd === undefined ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    const address = syscall(SYS.mmap, 0, length, protection, flags, fd ?? -1, offset);
    if (address < 0) return err(sysError(`mmap of ${length} bytes`, -address));
    return ok(new Mapping(address, length));
  }

  /** The whole mapping as one ArrayBuffer. SAFETY: at most 1 GiB-sized windows for guest memory; drop it before `unmap`. */
  view(offset = 0, length = this.length - offset): ArrayBuffer {
    return viewAt(this.address + offset, length);
  }

  advise(advice: number): Result<void, SysError> {
    const result = syscall(SYS.madvise, this.address, this.length, advice);
    return result < 0 ? err(sysError(`madvise ${advice} of ${this.length} bytes`, -result)) : ok();
  }

  unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    syscall(SYS.munmap, this.address, this.length);
  }

  [Symbol.dispose](): void {
    this.unmap();
  }
}
