import { type Result, err, ok } from '../lang/result.ts';
import type { FrontendAddress, GuestAddress } from './guest-address.ts';

/** One contiguous piece of guest memory, mapped into this process by whoever made the table. */
export interface MemoryRegion {
  readonly guestStart: GuestAddress;
  /** Bytes, more than 0. */
  readonly size: number;
  readonly frontendStart: FrontendAddress;
  /** The address of `guestStart` in this process. */
  readonly hostAddress: number;
}

export type RegionError =
  | { readonly code: 'REGION_EMPTY'; readonly guestStart: number }
  | { readonly code: 'REGION_WRAPS'; readonly guestStart: number; readonly size: number }
  | { readonly code: 'REGIONS_OVERLAP'; readonly first: number; readonly second: number };

/** Judges a table that a peer sent: every region has bytes, ends below 2^53 in both address spaces, and shares none in either. */
export function checkRegions(regions: readonly MemoryRegion[]): Result<void, RegionError> {
  for (const { guestStart, frontendStart, size } of regions) {
    if (!(size > 0)) return err({ code: 'REGION_EMPTY', guestStart });
    const ends = Number.isSafeInteger(size) && Number.isSafeInteger(guestStart + size) && Number.isSafeInteger(frontendStart + size);
    if (!ends) return err({ code: 'REGION_WRAPS', guestStart, size });
  }
  return overlapping(regions, (region) => region.guestStart) ?? overlapping(regions, (region) => region.frontendStart) ?? ok();
}

function overlapping(regions: readonly MemoryRegion[], start: (region: MemoryRegion) => number): Result<void, RegionError> | undefined {
  const sorted = [...regions].sort((a, b) => start(a) - start(b));
  for (const [index, region] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && start(region) + region.size > start(next)) {
      return err({ code: 'REGIONS_OVERLAP', first: region.guestStart, second: next.guestStart });
    }
  }
  return undefined;
}
