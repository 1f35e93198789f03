/** What of this machine's own memory a guest may be given, and why it cannot be had: one line for the user, or undefined. */
import { readFileSync, readdirSync } from 'node:fs';
import { sizeText } from '#shared/lang/printable.ts';

export interface MemoryWish {
  readonly size: number;
  readonly prefault: boolean;
  /** Bytes; undefined: ordinary pages. */
  readonly hugePageSize: number | undefined;
}

/** In bytes. */
export interface HostMemory {
  readonly total: number;
  readonly swap: number;
  readonly available: number;
}

/**
 * A guest may have more than there is, for it may not touch all of it. But KVM and the kernel keep some bytes for each of its pages
 * from the start: of this many times the machine's memory, that alone would fill it.
 */
const MOST_TIMES = 16;
const HUGE_PAGE_FOLDERS = '/sys/kernel/mm/hugepages';

/** Before anything is asked of the kernel: it would try. */
export function refuseBeforehand({ size, prefault, hugePageSize }: MemoryWish, host = hostMemory()): string | undefined {
  const most = (host.total + host.swap) * MOST_TIMES;
  if (size > most) {
    const has = roundText(host.total + host.swap);
    return `--memory size=${sizeText(size)}: this machine has ${has}, and no guest gets more than ${MOST_TIMES} times that; give less`;
  }
  // Pages that come later come from swap too; the kernel ends some process where there is not enough.
  if (!prefault || hugePageSize !== undefined || size <= host.available) return undefined;
  return `--memory size=${sizeText(size)},prefault=on: ${roundText(host.available)} are free on this machine; give less, or leave prefault=on out`;
}

/** After the kernel has refused, for `reason`. */
export function explainRefusal(wish: MemoryWish, reason: string): string {
  const { size, hugePageSize } = wish;
  if (hugePageSize === undefined) return `--memory size=${sizeText(size)}: ${reason}; give less`;
  const page = sizeText(hugePageSize);
  const free = freeHugePages(hugePageSize);
  if (free === undefined) {
    return `--memory hugepage_size=${page}: this machine has no huge pages of that size; it has ${hugePageSizes().map(sizeText).join(' and ') || 'none'}`;
  }
  const needed = Math.ceil(size / hugePageSize);
  if (free >= needed) return `--memory size=${sizeText(size)},hugepages=on: ${reason}; give less`;
  const file = `${folderOf(hugePageSize)}/nr_hugepages`;
  return `--memory size=${sizeText(size)},hugepages=on: ${needed} huge pages of ${page} are needed and ${free} are free; reserve more by ${file}, or leave hugepages=on out`;
}

function hostMemory(): HostMemory {
  const text = readFileSync('/proc/meminfo', 'latin1');
  const bytes = (name: string): number => Number(new RegExp(`^${name}: *(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { total: bytes('MemTotal'), swap: bytes('SwapTotal'), available: bytes('MemAvailable') };
}

function folderOf(pageSize: number): string {
  return `${HUGE_PAGE_FOLDERS}/hugepages-${pageSize / 1024}kB`;
}

/** Undefined where there are none of that size. */
function freeHugePages(pageSize: number): number | undefined {
  const count = (name: string): number => Number(readFileSync(`${folderOf(pageSize)}/${name}`, 'latin1'));
  try {
    return count('free_hugepages') - count('resv_hugepages');
  } catch {
    return undefined;
  }
}

function hugePageSizes(): readonly number[] {
  try {
    return readdirSync(HUGE_PAGE_FOLDERS)
      .map((name) => Number(/(\d+)kB$/.exec(name)?.[1] ?? 0) * 1024)
      .toSorted((a, b) => a - b);
  } catch {
    return [];
  }
}

/** In whole GiB or MiB, rounded down. */
function roundText(bytes: number): string {
  const unit = bytes >= 8 * 2 ** 30 ? 2 ** 30 : 2 ** 20;
  return sizeText(Math.floor(bytes / unit) * unit);
}
