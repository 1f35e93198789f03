import { assert } from '#shared/lang/assert.ts';

/**
 * A writer of ACPI Machine Language (ACPI 6.5, chapter 20): each function answers the bytes of one term, and a term's
 * arguments are the bytes of others. What is written is the machine's own description, so a mistake here throws.
 */
export type Aml = readonly number[];

export const zero: Aml = [0x00];
export const one: Aml = [0x01];

/** The shortest constant that holds `value`, a safe integer from 0 up. */
export function integer(value: number): Aml {
  assert(Number.isSafeInteger(value) && value >= 0, `${value} is not an AML integer`);
  if (value <= 1) return [value];
  if (value <= 0xff) return [0x0a, value];
  if (value <= 0xffff) return concat([0x0b], littleEndian(value, 2));
  return value <= 0xffff_ffff ? dword(value) : concat([0x0e], littleEndian(value, 8));
}

export function dword(value: number): Aml {
  return concat([0x0c], littleEndian(value, 4));
}

export function string(text: string): Aml {
  assert(/^[\x01-\x7f]*$/.test(text), `${JSON.stringify(text)} is not an AML string`);
  return concat([0x0d], asciiBytes(text), [0]);
}

export function buffer(bytes: Aml): Aml {
  return concat([0x11], withLength(concat(integer(bytes.length), bytes)));
}

export function packageOf(...elements: readonly Aml[]): Aml {
  return concat([0x12], withLength(concat([elements.length], ...elements)));
}

/** An identifier of three letters and four hexadecimal digits, compressed into a DWord (19.6.37 EISAID). */
export function eisaId(id: string): Aml {
  assert(/^[A-Z]{3}[0-9A-F]{4}$/.test(id), `${id} is not an EISA id`);
  const letters = asciiBytes(id.slice(0, 3)).reduce((bits, letter) => bits * 32 + letter - 0x40, 0);
  const product = Number.parseInt(id.slice(3), 16);
  return [0x0c, letters >> 8, letters & 0xff, product >> 8, product & 0xff];
}

/** The bytes of a UUID the way ACPI compares them: the first three groups little-endian (19.6.145 ToUUID). */
export function uuid(text: string): Aml {
  assert(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text), `${text} is not a UUID`);
  const bytes = Array.from(Buffer.from(text.replaceAll('-', ''), 'hex'));
  const swapped = [bytes.slice(0, 4).reverse(), bytes.slice(4, 6).reverse(), bytes.slice(6, 8).reverse(), bytes.slice(8)];
  return buffer(swapped.flat());
}

/** `PC00`, `_SB_.PC00` or `\_SB_.PC00.GED_`: segments are padded to four characters with `_`. */
export function path(text: string): Aml {
  const isRooted = text.startsWith('\\');
  const segments = (isRooted ? text.slice(1) : text).split('.').map((segment) => segment.padEnd(4, '_'));
  for (const segment of segments) assert(/^[A-Z_][A-Z0-9_]{3}$/.test(segment), `${segment} is not an AML name`);
  const names = segments.flatMap(asciiBytes);
  const prefix = segments.length === 1 ? [] : segments.length === 2 ? [0x2e] : [0x2f, segments.length];
  return concat(isRooted ? [0x5c] : [], prefix, names);
}

export function name(target: string, value: Aml): Aml {
  return concat([0x08], path(target), value);
}

export function scope(target: string, ...terms: readonly Aml[]): Aml {
  return concat([0x10], withLength(concat(path(target), ...terms)));
}

export function device(target: string, ...terms: readonly Aml[]): Aml {
  return concat([0x5b, 0x82], withLength(concat(path(target), ...terms)));
}

export interface MethodOptions {
  readonly name: string;
  readonly argumentCount: number;
  /** No second thread enters while one is inside; needed where it makes named objects or has side effects. */
  readonly serialized: boolean;
}

export function method(options: MethodOptions, ...terms: readonly Aml[]): Aml {
  const flags = options.argumentCount | (options.serialized ? 8 : 0);
  return concat([0x14], withLength(concat(path(options.name), [flags], ...terms)));
}

export const SYSTEM_MEMORY = 0;
export const SYSTEM_IO = 1;

export interface OperationRegion {
  readonly name: string;
  readonly space: typeof SYSTEM_MEMORY | typeof SYSTEM_IO;
  readonly address: number;
  readonly length: number;
}

export function operationRegion(region: OperationRegion): Aml {
  return concat([0x5b, 0x80], path(region.name), [region.space], integer(region.address), integer(region.length));
}

/** A field's name and width in bits; without a name the bits are skipped. */
export interface FieldEntry {
  readonly name?: string;
  readonly bits: number;
}

/** Accessed a byte at a time without the global lock; bits that a write does not name are written as zeros. */
export function byteField(region: string, ...entries: readonly FieldEntry[]): Aml {
  const BYTE_ACCESS_WRITE_AS_ZEROS = 0x41;
  const list = entries.flatMap((entry) => concat(entry.name === undefined ? [0] : path(entry.name), packageLength(entry.bits)));
  return concat([0x5b, 0x81], withLength(concat(path(region), [BYTE_ACCESS_WRITE_AS_ZEROS], list)));
}

export function argument(index: 0 | 1 | 2 | 3 | 4 | 5 | 6): Aml {
  return [0x68 + index];
}

export function local(index: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7): Aml {
  return [0x60 + index];
}

export function store(value: Aml, target: Aml): Aml {
  return concat([0x70], value, target);
}

export function and(left: Aml, right: Aml, target: Aml = zero): Aml {
  return concat([0x7b], left, right, target);
}

export function or(left: Aml, right: Aml, target: Aml = zero): Aml {
  return concat([0x7d], left, right, target);
}

export function equal(left: Aml, right: Aml): Aml {
  return concat([0x93], left, right);
}

export function when(condition: Aml, ...terms: readonly Aml[]): Aml {
  return concat([0xa0], withLength(concat(condition, ...terms)));
}

export function give(value: Aml): Aml {
  return concat([0xa4], value);
}

export function notify(target: string, value: number): Aml {
  return concat([0x86], path(target), integer(value));
}

/** Calls a method; the interpreter knows by its declaration how many arguments follow. */
export function call(target: string, ...args: readonly Aml[]): Aml {
  return concat(path(target), ...args);
}

/** Names 32 bits at byte `index` of a buffer. */
export function createDwordField(source: Aml, index: number, field: string): Aml {
  return concat([0x8a], source, integer(index), path(field));
}

/** Array spreads are an interpreted loop over each byte; this is one native call, and a launch waits for it. */
export function concat(...parts: readonly Aml[]): Aml {
  return parts.flat();
}

/** `value` in `size` bytes, the lowest first. Not for numbers past 2^53-1. */
export function littleEndian(value: number, size: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; bytes.length < size; rest = Math.floor(rest / 0x100)) bytes.push(rest % 0x100);
  return bytes;
}

export function asciiBytes(text: string): number[] {
  return Array.from(Buffer.from(text, 'latin1'));
}

/** `content` after its length, which counts the length's own bytes too. */
function withLength(content: Aml): Aml {
  for (let own = 1; own <= 4; own++) {
    const length = packageLength(content.length + own);
    if (length.length === own) return concat(length, content);
  }
  throw new RangeError(`${content.length} bytes are too long for one AML term`);
}

/** PkgLength (20.2.4): six bits in one byte, or four bits and up to three more bytes. */
function packageLength(length: number): Aml {
  if (length < 0x40) return [length];
  const more = length < 0x1000 ? 1 : length < 0x10_0000 ? 2 : 3;
  assert(length < 0x1000_0000, `${length} is too long for one AML term`);
  return concat([(more << 6) | (length % 0x10)], littleEndian(Math.floor(length / 0x10), more));
}
