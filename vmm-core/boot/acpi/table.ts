import { assert } from '#shared/lang/assert.ts';
import { bytes, le32, le64, u8 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';

/** ACPI 6.5, 5.2.6 System Description Table Header. */
export const TableHeader = struct(
  'acpi_table_header',
  {
    signature: bytes(4),
    length: le32,
    revision: u8,
    checksum: u8,
    oem_id: bytes(6),
    oem_table_id: bytes(8),
    oem_revision: le32,
    asl_compiler_id: bytes(4),
    asl_compiler_revision: le32,
  },
  { packed: true },
);

export const OEM_ID = 'CLOUDH';
const OEM_REVISION = 1;
const CREATOR_ID = 'CHTS';
const CREATOR_REVISION = 1;

export interface TableName {
  readonly signature: string;
  readonly revision: number;
  /** Up to eight characters. */
  readonly tableId: string;
}

/** A table: the header, `body`, and a checksum that makes all bytes sum to zero. */
export function buildTable(name: TableName, body: ArrayLike<number>): Uint8Array {
  const table = new Uint8Array(TableHeader.size + body.length);
  const view = new DataView(table.buffer);
  const { set } = TableHeader;
  set.signature(view, 0, fixedAscii(name.signature, 4));
  set.length(view, 0, table.length);
  set.revision(view, 0, name.revision);
  set.oem_id(view, 0, fixedAscii(OEM_ID, 6));
  set.oem_table_id(view, 0, fixedAscii(name.tableId, 8));
  set.oem_revision(view, 0, OEM_REVISION);
  set.asl_compiler_id(view, 0, fixedAscii(CREATOR_ID, 4));
  set.asl_compiler_revision(view, 0, CREATOR_REVISION);
  table.set(body, TableHeader.size);
  set.checksum(view, 0, checksumOf(table));
  return table;
}

/** What must be added to make `covered` sum to zero modulo 256. */
export function checksumOf(covered: Uint8Array): number {
  return -covered.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

/** `text` in exactly `length` bytes, padded with spaces. */
export function fixedAscii(text: string, length: number): Uint8Array {
  assert(text.length <= length, `${text} is longer than ${length} characters`);
  return new Uint8Array(Buffer.from(text.padEnd(length), 'latin1'));
}

/** ACPI 6.5, 5.2.3.2 Generic Address Structure. */
export const GenericAddress = struct(
  'acpi_generic_address',
  { space_id: u8, bit_width: u8, bit_offset: u8, access_width: u8, address: le64 },
  { packed: true },
);
