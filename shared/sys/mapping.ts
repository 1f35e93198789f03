import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { syscall, viewAt } from './ffi.ts';
import type { Fd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const PAGE = 4096;
const PROT_NONE = 0;
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
  /** A power of two, at least a page, that the address shall be a multiple of. */
  readonly alignment?: number;
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
    const place = options.alignment === undefined ? ok(0) : reserve(length, options.alignment);
    if (!place.ok) return place;
    // What was reserved makes way for it, in one step.
    const fixed = place.value === 0 ? 0 : MAP_FIXED;
    const address = syscall(SYS.mmap, place.value, length, protection, flags | fixed, fd ?? -1, offset);
    if (address < 0) {
      if (place.value !== 0) syscall(SYS.munmap, place.value, length);
      return err(sysError(`mmap of ${length} bytes`, -address));
    }
    return ok(new Mapping(address, length));
  }

  /** The whole mapping as one ArrayBuffer. SAFETY: at most 1 GiB-sized windows for guest memory; drop it before `unmap`. */
  view(offset = 0, length = this.length - offset): ArrayBuffer {
    return viewAt(this.address + offset, length);
  }

  /** madvise(2) for all of it, or for a part that begins on a page. */
  advise(advice: number, offset = 0, length = this.length - offset): Result<void, SysError> {
    const result = syscall(SYS.madvise, this.address + offset, length, advice);
    return result < 0 ? err(sysError(`madvise ${advice} of ${length} bytes`, -result)) : ok();
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

/** Addresses for `length` bytes from a multiple of `alignment` on, with nothing behind them. */
function reserve(length: number, alignment: number): Result<number, SysError> {
  const whole = length + alignment;
  const address = syscall(SYS.mmap, 0, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address < 0) return err(sysError(`mmap of ${whole} bytes`, -address));
  const start = Math.ceil(address / alignment) * alignment;
  const end = Math.ceil((start + length) / PAGE) * PAGE;
  if (start > address) syscall(SYS.munmap, address, start - address);
  if (end < address + whole) syscall(SYS.munmap, end, address + whole - end);
  return ok(start);
}
