import { unreachable } from '#shared/lang/assert.ts';
import { sizeText } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import {
  type AddressRange,
  EBDA_ADDRESS,
  GIB,
  HIGH_RAM_ABOVE_4G_ADDRESS,
  HIGH_RAM_ADDRESS,
  LOW_RAM_END,
  MIB,
  PAGE_SIZE,
  PCI_ECAM,
  PCI_WINDOW_32,
  PLATFORM_AREA_SIZE,
  PLATFORM_BLOCK_SIZE,
  PLATFORM_TOP_GAP,
} from './layout.ts';

/** One guest's physical address space. JSON-able. */
export interface MemoryMap {
  readonly ramSize: number;
  /** What is backed by memory, upwards: from 0, and from 4 GiB when there is more than fits below the 32-bit hole. */
  readonly ram: readonly AddressRange[];
  readonly pciWindow32: AddressRange;
  readonly ecam: AddressRange;
  /** From the end of RAM, at least 4 GiB, to the platform area. */
  readonly pciWindow64: AddressRange;
  /** Registers of the platform's own devices, 4 KiB apart from the top down. */
  readonly platform: AddressRange;
  /** The one-byte register of the generic event device. */
  readonly gedRegister: number;
  /** What the guest is told: usable memory in ascending order, then what is reserved. */
  readonly e820: readonly E820Entry[];
}

export interface E820Entry extends AddressRange {
  readonly type: typeof E820_RAM | typeof E820_RESERVED;
}

/** Address range types of ACPI 6.5, table 15.2. */
export const E820_RAM = 1 as const;
export const E820_RESERVED = 2 as const;

export interface MemoryMapOptions {
  readonly ramSize: number;
  /** How many bits a guest-physical address has: the host's, or fewer. */
  readonly physicalBits: number;
}

export type MemoryMapError =
  | { readonly code: 'RAM_SIZE_NOT_A_NUMBER'; readonly size: number }
  | { readonly code: 'RAM_TOO_SMALL'; readonly size: number; readonly least: number }
  | { readonly code: 'RAM_TOO_LARGE'; readonly size: number; readonly most: number; readonly physicalBits: number }
  | { readonly code: 'RAM_NOT_PAGES'; readonly size: number; readonly pageSize: number }
  | { readonly code: 'PHYSICAL_BITS_OUT_OF_RANGE'; readonly bits: number; readonly least: number; readonly most: number };

/** The first MiB belongs to tables and the boot protocol; a kernel needs at least one more. */
export const LEAST_RAM_SIZE = 2 * MIB;
const LEAST_PHYSICAL_BITS = 36;
/** Architectural limit of the page tables. */
const MOST_PHYSICAL_BITS = 52;
/** What the 64-bit window must keep, however much RAM is asked for. */
const LEAST_PCI_WINDOW_64 = 4 * GIB;

/** Places `ramSize` bytes of RAM and everything that must not collide with them. */
export function planMemory(options: MemoryMapOptions): Result<MemoryMap, MemoryMapError> {
  const { ramSize, physicalBits } = options;
  if (!Number.isInteger(physicalBits) || physicalBits < LEAST_PHYSICAL_BITS || physicalBits > MOST_PHYSICAL_BITS) {
    const limits = { least: LEAST_PHYSICAL_BITS, most: MOST_PHYSICAL_BITS };
    return err({ code: 'PHYSICAL_BITS_OUT_OF_RANGE', bits: physicalBits, ...limits });
  }
  const platformStart = 2 ** physicalBits - PLATFORM_TOP_GAP - PLATFORM_AREA_SIZE;
  const refused = refuseRamSize(ramSize, platformStart, physicalBits);
  if (refused !== undefined) return err(refused);
  const ram = splitRam(ramSize);
  const windowStart = Math.max(endOf(ram.at(-1)), HIGH_RAM_ABOVE_4G_ADDRESS);
  const platform = { start: platformStart, size: PLATFORM_AREA_SIZE };
  return ok({
    ramSize,
    ram,
    pciWindow32: PCI_WINDOW_32,
    ecam: PCI_ECAM,
    pciWindow64: { start: windowStart, size: platformStart - windowStart },
    platform,
    gedRegister: platformStart + PLATFORM_AREA_SIZE - PLATFORM_BLOCK_SIZE,
    e820: describeMemory(ram),
  });
}

/** One line for a person: what is wrong, which value, what to do. */
export function describeMemoryMapError(error: MemoryMapError): string {
  switch (error.code) {
    case 'RAM_SIZE_NOT_A_NUMBER':
      return `memory size ${error.size} is not a whole number of bytes: give a size like 512M or 4G`;
    case 'RAM_TOO_SMALL':
      return `memory size ${error.size} is too small: a guest needs at least ${sizeText(error.least)}`;
    case 'RAM_TOO_LARGE':
      return `memory size ${sizeText(error.size)} is too large: guest addresses have ${error.physicalBits} bits here, which leaves room for at most ${sizeText(error.most)}`;
    case 'RAM_NOT_PAGES':
      return `memory size ${error.size} is not a multiple of ${error.pageSize} bytes: give a size in KiB, MiB or GiB that is`;
    case 'PHYSICAL_BITS_OUT_OF_RANGE':
      return `${error.bits} physical address bits are not supported: give a number from ${error.least} to ${error.most}`;
    default:
      return unreachable(error);
  }
}

/** The end of a range; of nothing, 0. */
export function endOf(range: AddressRange | undefined): number {
  return range === undefined ? 0 : range.start + range.size;
}

function refuseRamSize(size: number, platformStart: number, physicalBits: number): MemoryMapError | undefined {
  if (!Number.isSafeInteger(size)) return { code: 'RAM_SIZE_NOT_A_NUMBER', size };
  if (size < LEAST_RAM_SIZE) return { code: 'RAM_TOO_SMALL', size, least: LEAST_RAM_SIZE };
  const most = platformStart - LEAST_PCI_WINDOW_64 - HIGH_RAM_ABOVE_4G_ADDRESS + LOW_RAM_END;
  if (size > most) return { code: 'RAM_TOO_LARGE', size, most, physicalBits };
  return size % PAGE_SIZE === 0 ? undefined : { code: 'RAM_NOT_PAGES', size, pageSize: PAGE_SIZE };
}

function splitRam(ramSize: number): readonly AddressRange[] {
  if (ramSize <= LOW_RAM_END) return [{ start: 0, size: ramSize }];
  return [
    { start: 0, size: LOW_RAM_END },
    { start: HIGH_RAM_ABOVE_4G_ADDRESS, size: ramSize - LOW_RAM_END },
  ];
}

/** The tables between 640 KiB and 1 MiB lie in memory that is backed but that no guest is told of. */
function describeMemory(ram: readonly AddressRange[]): readonly E820Entry[] {
  const [low, ...high] = ram;
  return [
    { start: 0, size: EBDA_ADDRESS, type: E820_RAM },
    { start: HIGH_RAM_ADDRESS, size: endOf(low) - HIGH_RAM_ADDRESS, type: E820_RAM },
    ...high.map((range) => ({ ...range, type: E820_RAM })),
    { ...PCI_ECAM, type: E820_RESERVED },
  ];
}
