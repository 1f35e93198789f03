/**
 * [MS-VHDX] "Virtual Hard Disk v2 (VHDX) File Format", in the specification's order. All numbers are little-endian.
 *
 * The first 1 MiB has the file type identifier, two headers and two copies of the region table, each at a multiple of 64 KiB. The
 * region table says where the block allocation table (BAT) and the metadata are; the header says where the log is. All other space,
 * in steps of 1 MiB, is payload: blocks of the guest's bytes.
 */
import { bytes, le16, le32, le64 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';

export const MIB = 2 ** 20;
export const FILE_SIGNATURE = 'vhdxfile';

/** 2.2.2 Headers: the one with the greater sequence number is current. The checksum is over its first 4 KiB. */
export const HEADER_PLACES = [64 * 1024, 128 * 1024] as const;
export const HEADER_SIZE = 4096;
export const HEADER_SIGNATURE = 'head';
export const HEADER_VERSION = 1;
export const VhdxHeader = struct('VHDX_HEADER', {
  Signature: le32,
  Checksum: le32,
  SequenceNumber: le64,
  FileWriteGuid: bytes(16),
  DataWriteGuid: bytes(16),
  LogGuid: bytes(16),
  LogVersion: le16,
  Version: le16,
  LogLength: le32,
  LogOffset: le64,
});

/** 2.2.3 Region Table: two copies. The checksum is over all 64 KiB. */
export const REGION_TABLE_PLACES = [192 * 1024, 256 * 1024] as const;
export const REGION_TABLE_SIZE = 64 * 1024;
export const REGION_SIGNATURE = 'regi';
export const MAX_TABLE_ENTRIES = 2047;
export const VhdxRegionTableHeader = struct('VHDX_REGION_TABLE_HEADER', {
  Signature: le32,
  Checksum: le32,
  EntryCount: le32,
  Reserved: le32,
});
export const VhdxRegionTableEntry = struct('VHDX_REGION_TABLE_ENTRY', { Guid: bytes(16), FileOffset: le64, Length: le32, Required: le32 });
export const REGION_GUID = {
  bat: '2dc27766-f623-4200-9d64-115e9bfd4a08',
  metadata: '8b7ca206-4790-4b9a-b8fe-575f050f886e',
} as const;

/** 2.3 Log: entries of whole sectors of 4 KiB, each with a header, descriptors behind it, and a sector for each data descriptor. */
export const LOG_SECTOR = 4096;
export const LOG_ENTRY_SIGNATURE = 'loge';
export const LOG_VERSION = 0;
export const VhdxLogEntryHeader = struct('VHDX_LOG_ENTRY_HEADER', {
  Signature: le32,
  Checksum: le32,
  EntryLength: le32,
  Tail: le32,
  SequenceNumber: le64,
  DescriptorCount: le32,
  Reserved: le32,
  LogGuid: bytes(16),
  FlushedFileOffset: le64,
  LastFileOffset: le64,
});
export const LOG_DESCRIPTOR_SIZE = 32;
export const LOG_ZERO_SIGNATURE = 'zero';
export const VhdxLogZeroDescriptor = struct('VHDX_LOG_ZERO_DESCRIPTOR', {
  ZeroSignature: le32,
  Reserved: le32,
  ZeroLength: le64,
  FileOffset: le64,
  SequenceNumber: le64,
});
export const LOG_DESCRIPTOR_SIGNATURE = 'desc';
export const VhdxLogDataDescriptor = struct('VHDX_LOG_DATA_DESCRIPTOR', {
  DataSignature: le32,
  /** The last 4 bytes of the sector of the file. */
  TrailingBytes: bytes(4),
  /** The first 8 bytes of the sector of the file. */
  LeadingBytes: bytes(8),
  FileOffset: le64,
  SequenceNumber: le64,
});
export const LOG_DATA_SIGNATURE = 'data';
/** What is left of a data sector between its signature and its sequence number's halves. */
export const LOG_DATA_SIZE = 4084;
export const VhdxLogDataSector = struct('VHDX_LOG_DATA_SECTOR', {
  DataSignature: le32,
  SequenceHigh: le32,
  Data: bytes(LOG_DATA_SIZE),
  SequenceLow: le32,
});
/** Where the sector of the file has the bytes that its descriptor keeps. */
export const LEADING_BYTES = 8;

/** 2.5 BAT: 8 bytes an entry; after every ChunkRatio payload blocks comes the entry of a sector bitmap block. */
export const BAT_ENTRY_SIZE = 8;
export const MAX_SECTORS_OF_BITMAP = 2 ** 23;
export const PAYLOAD_BLOCK = {
  notPresent: 0,
  undefined: 1,
  zero: 2,
  unmapped: 3,
  /** Of a draft of the format; QEMU still reads it. */
  unmappedDraft: 5,
  fullyPresent: 6,
  partiallyPresent: 7,
} as const;

/** 2.6 Metadata: a table of 64 KiB, items behind it. */
export const METADATA_TABLE_SIZE = 64 * 1024;
export const METADATA_SIGNATURE = 'metadata';
export const METADATA_ENTRY_SIZE = 32;
export const VhdxMetadataTableHeader = struct('VHDX_METADATA_TABLE_HEADER', {
  Signature: bytes(8),
  Reserved: le16,
  EntryCount: le16,
  Reserved2: bytes(20),
});
export const VhdxMetadataTableEntry = struct('VHDX_METADATA_TABLE_ENTRY', {
  ItemId: bytes(16),
  Offset: le32,
  Length: le32,
  Flags: le32,
  Reserved2: le32,
});
export const METADATA_REQUIRED = 4;
export const METADATA_GUID = {
  fileParameters: 'caa16737-fa36-4d43-b3b6-33f0aa44e76b',
  virtualDiskSize: '2fa54224-cd1b-4876-b211-5dbed83bf4b8',
  page83Data: 'beca12ab-b2e6-4523-93ef-c309e000c746',
  logicalSectorSize: '8141bf1d-a96f-4709-ba47-f233a8faab5f',
  physicalSectorSize: 'cda348c7-445d-4471-9cc9-e9885251c556',
  parentLocator: 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c',
} as const;
export const FILE_PARAMETERS_HAS_PARENT = 2;
export const MIN_BLOCK_SIZE = MIB;
export const MAX_BLOCK_SIZE = 256 * MIB;
export const MAX_DISK_SIZE = 64 * 2 ** 40;

/** Whether the bytes at `at` are the ASCII text of a signature. */
export function hasSignature(view: DataView, at: number, signature: string): boolean {
  for (let index = 0; index < signature.length; index++) {
    if (view.getUint8(at + index) !== signature.charCodeAt(index)) return false;
  }
  return true;
}

export function putSignature(view: DataView, at: number, signature: string): void {
  for (let index = 0; index < signature.length; index++) view.setUint8(at + index, signature.charCodeAt(index));
}
