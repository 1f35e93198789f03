import type { PlatformConfig } from '#shared/config/vm-config.ts';
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { bytes, le32, le64, u8 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';
import { SMBIOS_ADDRESS, HIGH_RAM_ADDRESS } from '../memory/layout.ts';
import { littleEndian } from './acpi/aml.ts';
import { checksumOf, fixedAscii } from './acpi/table.ts';
import type { IdentityError } from './boot-error.ts';

/** DSP0134 3.2, 5.2.2: SMBIOS 3.0 (64-bit) entry point. */
export const Smbios3Entry = struct(
  'smbios3_entry_point',
  {
    anchor: bytes(5),
    checksum: u8,
    length: u8,
    major: u8,
    minor: u8,
    docrev: u8,
    revision: u8,
    reserved: u8,
    table_size: le32,
    table_address: le64,
  },
  { packed: true },
);

const MAJOR_VERSION = 3;
const MINOR_VERSION = 2;
const ENTRY_REVISION = 1;

const DEFAULT_MANUFACTURER = 'Cloud Hypervisor';
const DEFAULT_PRODUCT = 'cloud-hypervisor';

/** The entry point and, directly after it, the structures, for SMBIOS_ADDRESS. */
export function buildSmbios(identity: PlatformConfig): Result<Uint8Array, IdentityError> {
  const refused = refuseNul(identity);
  if (refused !== undefined) return err(refused);
  const table = [
    bios(),
    system(identity),
    identity.chassisAssetTag === undefined ? [] : chassis(identity),
    identity.oemStrings.length === 0 ? [] : oemStrings(identity.oemStrings),
    structure(END_OF_TABLE, 4, [], new Strings()),
  ].flat();
  const most = HIGH_RAM_ADDRESS - SMBIOS_ADDRESS - Smbios3Entry.size;
  if (table.length > most) return err({ code: 'IDENTITY_TOO_LONG', size: table.length, most });
  return ok(Uint8Array.from([...entryPoint(table.length), ...table]));
}

function refuseNul(identity: PlatformConfig): IdentityError | undefined {
  for (const [key, value] of Object.entries(identity)) {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (texts.some((text) => typeof text === 'string' && text.includes('\0'))) return { code: 'IDENTITY_HAS_NUL', key };
  }
  return undefined;
}

function entryPoint(tableSize: number): Uint8Array {
  const entry = new Uint8Array(Smbios3Entry.size);
  const view = new DataView(entry.buffer);
  const { set } = Smbios3Entry;
  set.anchor(view, 0, fixedAscii('_SM3_', 5));
  set.length(view, 0, Smbios3Entry.size);
  set.major(view, 0, MAJOR_VERSION);
  set.minor(view, 0, MINOR_VERSION);
  set.revision(view, 0, ENTRY_REVISION);
  set.table_size(view, 0, tableSize);
  set.table_address(view, 0, SMBIOS_ADDRESS + Smbios3Entry.size);
  set.checksum(view, 0, checksumOf(entry));
  return entry;
}

/** Structure types (DSP0134 3.2, 7); each structure's handle is its type, for there is one of each. */
const BIOS_INFORMATION = 0;
const SYSTEM_INFORMATION = 1;
const SYSTEM_ENCLOSURE = 3;
const OEM_STRINGS = 11;
const END_OF_TABLE = 127;

const UNKNOWN = 2;

/** 7.1: PCI is supported, and this is a virtual machine. */
function bios(): number[] {
  const strings = new Strings();
  const PCI_SUPPORTED = 1 << 7;
  const IS_VIRTUAL_MACHINE = 1 << 4;
  const names = [strings.add(DEFAULT_PRODUCT), strings.add('0')];
  const romless = [0, 0, 0, 0];
  const releases = [0, 0, 0xff, 0xff];
  const body = [...names, ...romless, ...littleEndian(PCI_SUPPORTED, 8), 0, IS_VIRTUAL_MACHINE, ...releases, 0, 0];
  return structure(BIOS_INFORMATION, 26, body, strings);
}

/** 7.2 */
function system(identity: PlatformConfig): number[] {
  const strings = new Strings();
  const body = [
    strings.add(identity.manufacturer ?? DEFAULT_MANUFACTURER),
    strings.add(identity.productName ?? DEFAULT_PRODUCT),
    strings.add(identity.version),
    strings.add(identity.serialNumber),
    ...uuidBytes(identity.uuid),
    UNKNOWN,
    strings.add(identity.skuNumber),
    strings.add(identity.family),
  ];
  return structure(SYSTEM_INFORMATION, 27, body, strings);
}

/** 7.4 */
function chassis(identity: PlatformConfig): number[] {
  const strings = new Strings();
  const OTHER = 1;
  const tag = strings.add(identity.chassisAssetTag);
  const states = [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN];
  return structure(SYSTEM_ENCLOSURE, 22, [0, OTHER, 0, 0, tag, ...states, 0, 0, 0, 0, 0, 0, 0, 0, 0], strings);
}

/** 7.12 */
function oemStrings(texts: readonly string[]): number[] {
  const strings = new Strings();
  for (const text of texts) strings.add(text);
  return structure(OEM_STRINGS, 5, [strings.count], strings);
}

/** A structure of `size` bytes, header included, and the strings it names by number. */
function structure(type: number, size: number, body: readonly number[], strings: Strings): number[] {
  assert(body.length + 4 === size, `SMBIOS structure ${type} has ${body.length + 4} bytes, not ${size}`);
  return [type, size, ...littleEndian(type, 2), ...body, ...strings.bytes()];
}

/** Numbered from 1; 0 stands for none, and so does an empty string, which the format cannot hold. */
class Strings {
  readonly #texts: string[] = [];

  get count(): number {
    return this.#texts.length;
  }

  add(text: string | undefined): number {
    return text === undefined || text === '' ? 0 : this.#texts.push(text);
  }

  /** Each ends with a NUL, the set with one more; a set of none is two NULs. */
  bytes(): number[] {
    if (this.#texts.length === 0) return [0, 0];
    return [...Buffer.from(`${this.#texts.join('\0')}\0\0`)];
  }
}

/** 7.2.1: the first three groups are little-endian; all zeros stand for none. */
function uuidBytes(uuid: string | undefined): readonly number[] {
  const raw = [...Buffer.from((uuid ?? '').replaceAll('-', ''), 'hex')];
  if (uuid === undefined) return Array.from({ length: 16 }, () => 0);
  assert(raw.length === 16, `${uuid} is not a UUID`);
  return [raw.slice(0, 4).reverse(), raw.slice(4, 6).reverse(), raw.slice(6, 8).reverse(), raw.slice(8)].flat();
}
