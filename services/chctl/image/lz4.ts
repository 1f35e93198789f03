/**
 * Unpacks LZ4's "legacy frame", which Linux packs kernels with: a magic number, then blocks of `le32 packed size, packed bytes`,
 * each of which unpacks to 8 MiB except the last (lz4_Frame_format.md, "Legacy frame"; blocks: lz4_Block_format.md).
 */

export const LZ4_LEGACY_MAGIC = 0x184c2102;
const BLOCK_SIZE = 8 * 1024 * 1024;
const SHORTEST_MATCH = 4;
const EXTENDED = 15;

/** The unpacked bytes, at most `limit` of them; undefined where `packed` is not a whole well-formed frame of at most that. */
export function unpackLz4Legacy(packed: Uint8Array, limit: number): Buffer | undefined {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  if (packed.length < 4 || view.getUint32(0, true) !== LZ4_LEGACY_MAGIC) return undefined;
  const blocks: Uint8Array[] = [];
  let total = 0;
  for (let at = 4; at + 4 <= packed.length;) {
    const size = view.getUint32(at, true);
    if (size === 0 || at + 4 + size > packed.length) return undefined;
    const block = unpackBlock(packed.subarray(at + 4, at + 4 + size));
    if (block === undefined) return undefined;
    total += block.length;
    if (total > limit) return undefined;
    blocks.push(block);
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

/** A block is a row of sequences: literals, then a match (an offset back into the output and a length); the last has literals only. */
function unpackBlock(input: Uint8Array): Uint8Array | undefined {
  const output = new Uint8Array(BLOCK_SIZE);
  const length = new LengthReader(input);
  let from = 0;
  let to = 0;
  while (from < input.length) {
    const token = input[from] ?? 0;
    const literals = length.read(from + 1, token >> 4);
    from = length.next;
    if (from + literals > input.length || to + literals > BLOCK_SIZE) return undefined;
    output.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === input.length) return output.subarray(0, to);
    if (from + 2 > input.length) return undefined;
    const offset = (input[from] ?? 0) | ((input[from + 1] ?? 0) << 8);
    const match = length.read(from + 2, token & EXTENDED) + SHORTEST_MATCH;
    from = length.next;
    if (offset === 0 || offset > to || to + match > BLOCK_SIZE) return undefined;
    copyMatch(output, to, offset, match);
    to += match;
  }
  return undefined;
}

/** A match may reach into what it is itself writing: then it repeats. */
function copyMatch(output: Uint8Array, to: number, offset: number, length: number): void {
  if (length <= offset) {
    output.copyWithin(to, to - offset, to - offset + length);
    return;
  }
  for (let index = to; index < to + length; index++) output[index] = output[index - offset] ?? 0;
}

/** Lengths of 15 and more go on in further bytes, each 255 but the last. */
class LengthReader {
  readonly #input: Uint8Array;
  /** Where the bytes after the last length that was read begin. */
  next = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  read(at: number, nibble: number): number {
    this.next = at;
    if (nibble < EXTENDED) return nibble;
    let length = nibble;
    let byte = 255;
    while (byte === 255 && this.next < this.#input.length) {
      byte = this.#input[this.next] ?? 0;
      length += byte;
      this.next += 1;
    }
    return length;
  }
}
