import { type Result, err, ok } from '#shared/lang/result.ts';
import { type AddressRange, HIGH_RAM_ADDRESS, PAGE_SIZE } from '../memory/layout.ts';
import { endOf } from '../memory/map.ts';
import type { ImageFault } from './boot-error.ts';
import type { KernelImage } from './kernel-image.ts';

/** Puts `size` bytes on the highest pages of the first RAM range that the kernel can reach and does not take itself. */
export function placeInitramfs(size: number, kernel: KernelImage, ram: AddressRange): Result<AddressRange, ImageFault> {
  const reach = kernel.protocol === 'linux32' ? kernel.initramfsLast + 1 : Infinity;
  const top = Math.min(endOf(ram), reach);
  const floor = kernel.segments.reduce((end, segment) => (segment.start < top ? Math.max(end, endOf(segment)) : end), HIGH_RAM_ADDRESS);
  const lowest = Math.ceil(floor / PAGE_SIZE) * PAGE_SIZE;
  const start = Math.floor((top - size) / PAGE_SIZE) * PAGE_SIZE;
  if (start < lowest) return err({ code: 'DOES_NOT_FIT', size, available: Math.max(0, top - lowest) });
  return ok({ start, size });
}
