/**
 * Where everything lies that the fuzzer names. One shared file holds the guest's memory; between the regions, and behind their last
 * bytes, are guards that no region has. The bytes of the numbers below are chosen so that no guest can put them together by accident.
 */

export const QUEUES = 3;
export const MOST_ENTRIES = 256;
export const FILE_SIZE = 0x8_0000;

export interface Region {
  readonly guest: number;
  readonly size: number;
  readonly user: number;
  readonly offset: number;
}

/** `m0` and `m1` touch for the guest and not in the file; `m2` begins and ends within pages; `alias` is `m0` at another place. */
export const REGIONS = {
  m0: { guest: 0x10_0000, size: 0x4_0000, user: 0x7f10_0000_0000, offset: 0x1000 },
  m1: { guest: 0x14_0000, size: 0x2_0000, user: 0x7f20_0000_0000, offset: 0x4_2000 },
  m2: { guest: 0x20_0200, size: 0x1_0a00, user: 0x7f30_0000_0200, offset: 0x6_3200 },
  alias: { guest: 0x80_0000, size: 0x4_0000, user: 0x7f40_0000_0000, offset: 0x1000 },
} as const satisfies Record<string, Region>;
export type RegionName = keyof typeof REGIONS;

/** In a file of its own: mapped, and named by no request. */
export const BYSTANDER: Region = { guest: 0x5b5b_0000, size: 0x4000, user: 0x7f50_0000_0000, offset: 0 };

/** The dirty log of all regions: where in its file it lies. */
export const LOG = { file: 0x1_0000, offset: 0x40, size: 0xb700 } as const;

/** Offsets in `m0`, which holds all rings, a zone each. */
export const ring = (index: number): { descriptor: number; available: number; used: number; table: number } => ({
  descriptor: index * 0x4000,
  available: index * 0x4000 + 0x1000,
  used: index * 0x4000 + 0x2000,
  table: index * 0x4000 + 0x3000,
});
/** Headers with sectors beside the reserved ones, used by requests of one sector alone. */
export const EDGE_HEADERS = 0xc000;
export const HEADERS = 0x1_0000;
export const HEADER_COUNT = 64;
export const STATUS = 0x1_1000;
export const DATA = 0x1_2000;

export const guestOf = (offset: number): number => REGIONS.m0.guest + offset;
export const userOf = (offset: number): number => REGIONS.m0.user + offset;
export const fileOf = (offset: number): number => REGIONS.m0.offset + offset;
/** The end of the guest's memory without `m2`. */
export const DATA_END = REGIONS.m1.guest + REGIONS.m1.size - REGIONS.m0.guest;

export const SECTOR = 512;
export const SECTORS = 0x5c_0000;
/** Those that requests of the fuzzer may name, at the front of the disk. */
export const OPEN_SECTORS = 2048;
/** No request of the fuzzer names one of these; the probe owns the last ones. */
export const RESERVED = { first: 0x5b_5b00, count: 0x100 } as const;
export const PROBED = { first: RESERVED.first + 0xf0, count: 0x10 } as const;

/** What memory holds where nobody wrote. */
export const GUARD = 0xa5;

export function reservedSector(sector: number): Uint8Array {
  return new Uint8Array(SECTOR).fill(0x80 | (sector & 0x7f));
}
