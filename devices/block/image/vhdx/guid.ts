/** GUIDs as their 16 bytes in a file: the first three groups little-endian, the rest in order. */
import { randomBytes } from 'node:crypto';

export const ZERO_GUID = '00000000-0000-0000-0000-000000000000';

/** Position in the file of each byte of the text. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/** In lower case, as GUIDs are written. */
export function guidText(bytes: Uint8Array): string {
  const hex = ORDER.map((at) => (bytes[at] ?? 0).toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function guidBytes(text: string): Uint8Array {
  const plain = Buffer.from(text.replaceAll('-', ''), 'hex');
  const bytes = new Uint8Array(16);
  for (const [index, at] of ORDER.entries()) bytes[at] = plain[index] ?? 0;
  return bytes;
}

/** A new one that nobody has (RFC 9562, version 4). */
export function newGuid(): string {
  const bytes = randomBytes(16);
  // The version's byte is the upper one of the third group.
  bytes[7] = ((bytes[7] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return guidText(bytes);
}
