/** Guest memory for tests: real mappings, with a front end address space of its own, and one call to let all of it go. */
import { expect } from '../lang/result.ts';
import { GuestMemory, type MemoryRegion, frontendAddress, guestAddress } from '../memory/index.ts';
import { MAP_ANONYMOUS, MAP_NORESERVE, MAP_SHARED, Mapping } from '../sys/mapping.ts';

/** [guest address, bytes] of each region. */
export type Layout = readonly (readonly [guest: number, size: number])[];

export interface TestMemory extends Disposable {
  readonly memory: GuestMemory;
  readonly regions: readonly MemoryRegion[];
}

/** Front end addresses are guest addresses plus this. */
export const FRONTEND_OFFSET = 0x7000_0000_0000;

export function makeMemory(layout: Layout = [[0, 1 << 20]]): TestMemory {
  const mappings: Mapping[] = [];
  const regions = layout.map(([start, size]) => {
    const mapping = expect(Mapping.map({ length: size, flags: MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE }), 'test memory');
    mappings.push(mapping);
    return region(start, size, mapping.address);
  });
  return {
    memory: new GuestMemory(regions),
    regions,
    [Symbol.dispose]: () => mappings.forEach((mapping) => mapping.unmap()),
  };
}

/** A region at `hostAddress`; throws on addresses that are none. */
export function region(start: number, size: number, hostAddress: number): MemoryRegion {
  const guestStart = guestAddress(start);
  const frontendStart = frontendAddress(start + FRONTEND_OFFSET);
  if (guestStart === undefined || frontendStart === undefined) throw new RangeError(`${start} is no address`);
  return { guestStart, size, frontendStart, hostAddress };
}
