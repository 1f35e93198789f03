/** Numbers of the QCOW2 specification (docs/interop/qcow2.rst in QEMU's sources) and limits that QEMU keeps. All fields are big-endian. */

export const MAGIC = 0x5146_49fb;

/** Byte offsets in the header. Version 2 ends at 72. */
export const HEADER = {
  magic: 0,
  version: 4,
  backingOffset: 8,
  backingSize: 16,
  clusterBits: 20,
  size: 24,
  cryptMethod: 32,
  l1Size: 36,
  l1Offset: 40,
  refcountTableOffset: 48,
  refcountTableClusters: 56,
  snapshotCount: 60,
  snapshotsOffset: 64,
  incompatible: 72,
  compatible: 80,
  autoclear: 88,
  refcountOrder: 96,
  headerLength: 100,
  compressionType: 104,
} as const;
export const V2_HEADER_LENGTH = 72;
export const V3_HEADER_LENGTH = 104;

/** Bits of the lower word of `incompatible`; the upper one has none. */
export const INCOMPATIBLE = { dirty: 1, corrupt: 2, dataFile: 4, compression: 8, extendedL2: 16 } as const;

export const EXTENSION = { end: 0, backingFormat: 0xe279_2aca } as const;
export const COMPRESSION = { deflate: 0, zstd: 1 } as const;

export const MIN_CLUSTER_BITS = 9;
export const MAX_CLUSTER_BITS = 21;
export const MAX_REFCOUNT_ORDER = 6;
export const ENTRY_SIZE = 8;
/** In bytes. */
export const MAX_L1_TABLE = 32 << 20;
export const MAX_REFCOUNT_TABLE = 8 << 20;
export const MAX_SNAPSHOTS = 65536;
export const MAX_SNAPSHOT_TABLE = 64 << 20;
export const MAX_BACKING_NAME = 1023;

/** Bits of an entry's upper word. */
export const COPIED = 0x8000_0000;
export const COMPRESSED = 0x4000_0000;
/** Bits 9 to 55 are the offset: the rest of them in the upper word, and in the lower one. */
export const OFFSET_HIGH = 0x00ff_ffff;
export const OFFSET_LOW = 0xffff_fe00;
/** Bit of an L2 entry's lower word: reads as zeros. */
export const ZERO = 1;

/** Byte offsets in an entry of the snapshot table; extra data, id and name follow, and padding to 8 bytes. */
export const SNAPSHOT = { l1Offset: 0, l1Size: 8, idSize: 12, nameSize: 14, extraSize: 36, end: 40 } as const;

export const SECTOR = 512;
export const TWO_32 = 2 ** 32;
