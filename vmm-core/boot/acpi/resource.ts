import { type AddressRange } from '../../memory/layout.ts';
import { type Aml, buffer, concat, littleEndian } from './aml.ts';

/** Resource descriptors (ACPI 6.5, 6.4): the items of a `_CRS`, with the choices that this machine makes. */

/** The buffer of a `_CRS`; the end tag's checksum of 0 says that there is none. */
export function resourceTemplate(...items: readonly Aml[]): Aml {
  return buffer(concat(...items, [0x79, 0x00]));
}

/** Ports at a fixed address, all 16 address bits decoded. */
export function io(port: number, count: number): Aml {
  return concat([0x47, 0x01], littleEndian(port, 2), littleEndian(port, 2), [0x00, count]);
}

/** One interrupt of the device's own: edge, active high, not shared. */
export function edgeInterrupt(gsi: number): Aml {
  const CONSUMER_EDGE = 0x03;
  return concat([0x89], littleEndian(6, 2), [CONSUMER_EDGE, 1], littleEndian(gsi, 4));
}

/** Read-write memory at a fixed address below 4 GiB. */
export function memory32Fixed(range: AddressRange): Aml {
  return concat([0x86], littleEndian(9, 2), [0x01], littleEndian(range.start, 4), littleEndian(range.size, 4));
}

const TYPE_MEMORY = 0;
const TYPE_IO = 1;
const TYPE_BUS = 2;
/** Both ends fixed, decoded positively, handed on to what is below the bridge. */
const PRODUCER_FIXED = 0x0c;
const MEMORY_READ_WRITE_UNCACHED = 0x01;
const IO_ENTIRE_RANGE = 0x03;

/** The bus numbers below a bridge. */
export function busNumbers(first: number, last: number): Aml {
  return window16(TYPE_BUS, 0, { start: first, size: last - first + 1 });
}

/** A bridge's window of ports. */
export function portWindow(range: AddressRange): Aml {
  return window16(TYPE_IO, IO_ENTIRE_RANGE, range);
}

/** A bridge's window of memory below 4 GiB. */
export function memoryWindow32(range: AddressRange): Aml {
  return concat([0x87], littleEndian(23, 2), [TYPE_MEMORY, PRODUCER_FIXED, MEMORY_READ_WRITE_UNCACHED], bounds(range, 4));
}

/** A bridge's window of memory anywhere. */
export function memoryWindow64(range: AddressRange): Aml {
  return concat([0x8a], littleEndian(43, 2), [TYPE_MEMORY, PRODUCER_FIXED, MEMORY_READ_WRITE_UNCACHED], bounds(range, 8));
}

function window16(type: number, typeFlags: number, range: AddressRange): Aml {
  return concat([0x88], littleEndian(13, 2), [type, PRODUCER_FIXED, typeFlags], bounds(range, 2));
}

/** Granularity, first, last, translation, length: each `width` bytes. */
function bounds({ start, size }: AddressRange, width: number): Aml {
  return [0, start, start + size - 1, 0, size].flatMap((value) => littleEndian(value, width));
}
