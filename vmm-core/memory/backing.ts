/**
 * The memory behind the guest's RAM: one sealed, shared memfd for each range, mapped once in this process. Its descriptors go to
 * the device processes; its address holds for every thread.
 */
import { readFileSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type SysError, sysError } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { MADV_COLLAPSE, MADV_DONTDUMP, MADV_HUGEPAGE, MADV_POPULATE_WRITE, Mapping } from '#shared/sys/mapping.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { type AddressRange, MIB } from './layout.ts';

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const LARGE_PAGE = 2 * MIB;
const SHMEM_HUGEPAGE_SETTING = '/sys/kernel/mm/transparent_hugepage/shmem_enabled';

export interface BackingOptions {
  /** Pages of hugetlbfs, of so many bytes; ordinary ones when absent. */
  readonly hugePageSize?: number;
  /** Have every page now: it costs a write to each, and no page fault later. */
  readonly prefault?: boolean;
}

/**
 * Which large pages the memory gets. `advised`: transparent ones, as it is touched. `collapsed`: transparent ones, made now.
 * `small`: this machine's setting forbids them for shared memory.
 */
export type PageKind = 'hugetlb' | 'advised' | 'collapsed' | 'small';

export interface BackedRange {
  readonly guestStart: number;
  readonly size: number;
  readonly fd: Fd;
  readonly hostAddress: number;
  readonly pages: PageKind;
}

export interface MemoryError {
  readonly code: 'MEMORY';
  readonly cause: SysError;
  readonly message: string;
}

interface Part {
  readonly owned: OwnedFd;
  readonly mapping: Mapping;
  readonly range: BackedRange;
}

export class GuestRam implements Disposable {
  readonly #parts: Part[] = [];
  readonly #prefault: boolean;

  private constructor(prefault: boolean) {
    this.#prefault = prefault;
  }

  /** RAM for each of `ranges`, which are whole pages. What fails is undone. */
  static create(ranges: readonly AddressRange[], options: BackingOptions = {}): Result<GuestRam, MemoryError> {
    const ram = new GuestRam(options.prefault ?? false);
    for (const range of ranges) {
      const made = ram.#add(range, options);
      if (!made.ok) {
        ram.close();
        return err({ code: 'MEMORY', cause: made.error, message: `no memory for the guest: ${made.error.message}` });
      }
    }
    return ok(ram);
  }

  get ranges(): readonly BackedRange[] {
    return this.#parts.map(({ range }) => range);
  }

  /**
   * Large pages around [start, start + size) of guest addresses, now, where the guest is about to use it and would else get small
   * ones: the first access to each page is an exit. Where the host cannot, small ones do.
   */
  willBeUsed({ start, size }: AddressRange): void {
    for (const { mapping, range } of this.#parts) {
      if (range.pages !== 'small') continue;
      const first = Math.max(0, Math.floor((start - range.guestStart) / LARGE_PAGE) * LARGE_PAGE);
      const wanted = Math.ceil((start + size - range.guestStart) / LARGE_PAGE) * LARGE_PAGE;
      const last = Math.min(wanted, Math.floor(range.size / LARGE_PAGE) * LARGE_PAGE);
      if (first < last) collapse(mapping, first, last - first);
    }
  }

  /** All of it reads as zero again, for every process that maps it; prefaulted memory is had again at once. */
  discard(): Result<void, MemoryError> {
    for (const { mapping, owned, range } of this.#parts) {
      const punched = syscall(SYS.fallocate, owned.fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, range.size);
      const done = punched < 0 ? err(sysError(`empty ${range.size} bytes of guest memory`, -punched)) : ok();
      const filled = done.ok && this.#prefault ? mapping.advise(MADV_POPULATE_WRITE) : done;
      if (!filled.ok) return err({ code: 'MEMORY', cause: filled.error, message: filled.error.message });
    }
    return ok();
  }

  /** Unmaps and closes. SAFETY: no thread holds a view any more, and the VM is gone. */
  close(): void {
    for (const { owned, mapping } of this.#parts.splice(0)) {
      mapping.unmap();
      owned.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #add({ start, size }: AddressRange, options: BackingOptions): Result<void, SysError> {
    const { hugePageSize } = options;
    const memfd = createSealedMemfd({ name: 'guest-ram', size, ...(hugePageSize === undefined ? {} : { hugePageSize }) });
    if (!memfd.ok) return memfd;
    // A guest address and the host's address of it differ by whole large pages, or none can stand behind both.
    const alignment = hugePageSize === undefined && size >= LARGE_PAGE ? { alignment: LARGE_PAGE } : {};
    const mapped = Mapping.map({ fd: memfd.value.fd, length: size, ...alignment });
    if (!mapped.ok) {
      memfd.value.close();
      return mapped;
    }
    const mapping = mapped.value;
    // A core file without the guest's secrets, and of a size that fits a disk.
    mapping.advise(MADV_DONTDUMP);
    const pages = hugePageSize === undefined ? largePages(mapping, this.#prefault) : 'hugetlb';
    const range = { guestStart: start, size, fd: memfd.value.fd, hostAddress: mapping.address, pages };
    this.#parts.push({ owned: memfd.value, mapping, range });
    return this.#prefault ? mapping.advise(MADV_POPULATE_WRITE) : ok();
  }
}

/** Asking is cheap. Collapsing fills all of the memory, so it is done only where that is wanted anyway. */
function largePages(mapping: Mapping, prefault: boolean): PageKind {
  const setting = shmemSetting();
  if (setting === 'always' || setting === 'within_size' || setting === 'advise') {
    if (mapping.advise(MADV_HUGEPAGE).ok) return 'advised';
  }
  return prefault && collapse(mapping, 0, mapping.length) ? 'collapsed' : 'small';
}

/** Large pages for a part of a mapping. The kernel makes one only where there is a page already: one of each is touched. */
function collapse(mapping: Mapping, offset: number, length: number): boolean {
  for (let at = offset; at < offset + length; at += LARGE_PAGE) Atomics.or(new Uint8Array(mapping.view(at, 1)), 0, 0);
  return mapping.advise(MADV_COLLAPSE, offset, length).ok;
}

/** The word in brackets: `always within_size advise [never] deny force`. */
function shmemSetting(): string | undefined {
  try {
    return /\[(\w+)\]/.exec(readFileSync(SHMEM_HUGEPAGE_SETTING, 'latin1'))?.[1];
  } catch {
    // A kernel without transparent huge pages.
    return undefined;
  }
}
