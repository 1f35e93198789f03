/**
 * Large pages for what a guest uses before it has done anything of its own: the kernel, the initramfs, and what a Linux takes while
 * it boots. On a host that gives shared memory small pages these would be most of a boot's exits (17,000 of 21,000, measured with
 * Debian 12's kernel and 512 MiB; with large ones 300).
 */
import type { BootState } from '../boot/index.ts';
import type { GuestRam } from '../memory/backing.ts';
import { type AddressRange, MIB } from '../memory/layout.ts';

/** A Linux has tens of MiB; for a small program large pages would only take time. */
const LEAST_SIZE = 4 * MIB;
/** What a Linux takes behind itself until its init runs. */
const BEHIND_KERNEL = 24 * MIB;
/** Below the end of memory: 64 bytes for each page, and this for all else. */
const BYTES_PER_DESCRIBED = 64;
const AT_END = 8 * MIB;

/** For a part of a file that is about to be loaded. */
export function makeRoom(ram: GuestRam, range: AddressRange): void {
  if (range.size >= LEAST_SIZE) ram.willBeUsed(range);
}

/** For the rest, when everything is loaded. */
export function makeRoomForLinux(ram: GuestRam, { kernel, initramfs }: BootState): void {
  const size = kernel.reduce((sum, segment) => sum + segment.size, 0);
  const last = ram.ranges.at(-1);
  if (size < LEAST_SIZE || last === undefined) return;
  // A packed kernel unpacks itself into more than was loaded.
  for (const segment of kernel) ram.willBeUsed(segment);
  ram.willBeUsed({ start: Math.max(...kernel.map((segment) => segment.start + segment.size)), size: BEHIND_KERNEL });
  const total = ram.ranges.reduce((sum, range) => sum + range.size, 0);
  const end = last.guestStart + last.size;
  const atEnd = Math.min(last.size, (initramfs?.size ?? 0) + Math.ceil(total / BYTES_PER_DESCRIBED) + AT_END);
  ram.willBeUsed({ start: end - atEnd, size: atEnd });
}
