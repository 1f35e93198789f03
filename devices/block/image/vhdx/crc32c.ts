/** CRC-32C (RFC 3720, appendix B.4), the checksum of everything in a VHDX file that has one. */

const REVERSED_POLYNOMIAL = 0x82f6_3b78;
const TABLE = makeTable();

/** Of `bytes` as if the four at `zeroAt`, which hold the checksum itself, were zeros. */
export function crc32c(bytes: Uint8Array, zeroAt: number): number {
  let crc = 0xffff_ffff;
  for (let index = 0; index < bytes.length; index++) {
    const byte = index >= zeroAt && index < zeroAt + 4 ? 0 : (bytes[index] ?? 0);
    crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ REVERSED_POLYNOMIAL;
    table[byte] = crc;
  }
  return table;
}
