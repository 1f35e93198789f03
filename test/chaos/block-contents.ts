/** What a driver has written to its blocks of a disk, and what they may therefore hold. */

export interface BlockRange {
  /** Bytes. */
  readonly blockSize: number;
  readonly blocks: number;
  /** Of the disk's blocks of that size; 0 by default. */
  readonly firstBlock?: number;
}

/** What a block holds: the last write's stamp; zeros; or what a discard leaves, which is the one or the other. */
const HOLDS = { stamp: 0, zeros: 1, either: 2 } as const;

/** A block's words: its number, its write's number, words made from both, and their sum. */
export function stamp(words: Uint32Array, block: number, write: number): void {
  let word = (Math.imul(block + 1, 0x9e37_79b1) ^ Math.imul(write + 1, 0x85eb_ca6b)) >>> 0;
  words[0] = block;
  words[1] = write;
  let sum = 0;
  for (let index = 2; index < words.length - 1; index++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = word;
    sum = (sum + word) >>> 0;
  }
  words[words.length - 1] = sum;
}

/** Blocks are counted from the range's first one; stamps carry their number on the disk. */
export class BlockContents {
  readonly firstBlock: number;
  readonly #blockSize: number;
  /** The number of each block's last write. */
  readonly #writes: Uint32Array;
  readonly #holds: Uint8Array;
  readonly #stamp: Uint32Array;
  readonly #stampBytes: Buffer;
  readonly #zeros: Buffer;

  constructor({ blockSize, blocks, firstBlock = 0 }: BlockRange) {
    this.firstBlock = firstBlock;
    this.#blockSize = blockSize;
    this.#writes = new Uint32Array(blocks);
    this.#holds = new Uint8Array(blocks);
    this.#stamp = new Uint32Array(blockSize / 4);
    this.#stampBytes = Buffer.from(this.#stamp.buffer);
    this.#zeros = Buffer.alloc(blockSize);
  }

  /** The bytes of the block's next write, into `bytes`. */
  write(block: number, bytes: Buffer): void {
    this.#writes[block] = (this.#writes[block] ?? 0) + 1;
    this.#holds[block] = HOLDS.stamp;
    this.#makeStamp(block);
    this.#stampBytes.copy(bytes);
  }

  /** It is made zeros; or it is discarded, and may be. */
  zero(block: number, isCertain: boolean): void {
    if (isCertain) this.#holds[block] = HOLDS.zeros;
    else if (this.#holds[block] === HOLDS.stamp) this.#holds[block] = HOLDS.either;
  }

  /** What is wrong with a block that holds these bytes, in words. */
  problem(block: number, bytes: Buffer): string | undefined {
    const holds = this.#holds[block];
    if (holds !== HOLDS.stamp && bytes.equals(this.#zeros)) return undefined;
    if (holds !== HOLDS.zeros) {
      this.#makeStamp(block);
      if (bytes.equals(this.#stampBytes)) return undefined;
    }
    const expected = holds === HOLDS.zeros ? 'made zeros' : `written ${this.#writes[block]} times`;
    const at = bytes.findIndex((byte, index) => byte !== (holds === HOLDS.zeros ? 0 : this.#stampBytes[index]));
    const found = `block ${bytes.readUInt32LE(0)}, write ${bytes.readUInt32LE(4)}`;
    return `block ${this.firstBlock + block}, ${expected}, read as ${found}; differs from byte ${at} on`;
  }

  /** The disk's blocks that are not as they were left. */
  wrongBlocks(disk: Buffer): readonly number[] {
    const bytes = (block: number): Buffer => disk.subarray(block * this.#blockSize, (block + 1) * this.#blockSize);
    return Array.from(this.#writes.keys()).flatMap((block) =>
      this.problem(block, bytes(this.firstBlock + block)) === undefined ? [] : [this.firstBlock + block],
    );
  }

  #makeStamp(block: number): void {
    stamp(this.#stamp, this.firstBlock + block, this.#writes[block] ?? 0);
  }
}
