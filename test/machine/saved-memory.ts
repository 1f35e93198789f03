/** The command guest's memory as a save has written it. */
import { readFileSync } from 'node:fs';
import { AT, SECTOR } from './command-guest.ts';

export class SavedMemory {
  readonly #bytes: Buffer;

  constructor(path: string) {
    this.#bytes = readFileSync(path);
  }

  equals(other: SavedMemory): boolean {
    return this.#bytes.equals(other.#bytes);
  }

  word(address: number): number {
    return this.#bytes.readUInt32LE(address);
  }

  /** Heads of the chains that the disk has returned, in their order. */
  get returned(): readonly number[] {
    const count = this.#bytes.readUInt16LE(AT.used + 2);
    return Array.from({ length: count }, (_, index) => this.word(AT.used + 4 + index * 8));
  }

  /** For each of both requests its status, and the byte that fills its sector; undefined where the bytes differ. */
  get answers(): readonly (readonly [status: number | undefined, byte: number | undefined])[] {
    return [0, 1].map((sector) => {
      const data = this.#bytes.subarray(AT.data + sector * SECTOR, AT.data + (sector + 1) * SECTOR);
      return [this.#bytes[AT.status + sector], data.every((byte) => byte === data[0]) ? data[0] : undefined] as const;
    });
  }
}
