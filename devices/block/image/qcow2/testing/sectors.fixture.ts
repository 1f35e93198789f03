/** Sectors that carry the number of the write that they are from, and their own: so each tells whether it is whole and in its place. */
export const SECTOR = 512;
const WORDS = SECTOR / 4;

/** Fills `count` sectors of `bytes`, of the disk's sectors from `first` on. Version 0 is zeros. */
export function stamp(bytes: Uint8Array, version: number, first: number, count: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, count * WORDS);
  for (let sector = 0; sector < count; sector++) {
    for (let word = sector * WORDS; word < (sector + 1) * WORDS; word += 2) {
      words[word] = version;
      words[word + 1] = version === 0 ? 0 : first + sector;
    }
  }
}

/** The versions of the sectors in `bytes`, the disk's from `first` on; -1 where a sector is of no one write. */
export function versionsOf(bytes: Uint8Array, first: number): Int32Array {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const versions = new Int32Array(bytes.length / SECTOR);
  for (let sector = 0; sector < versions.length; sector++) {
    const version = words[sector * WORDS] ?? 0;
    let isWhole = true;
    for (let word = sector * WORDS; word < (sector + 1) * WORDS; word += 2) {
      if (words[word] !== version || words[word + 1] !== (version === 0 ? 0 : first + sector)) isWhole = false;
    }
    versions[sector] = isWhole ? version : -1;
  }
  return versions;
}

/** The bytes of a disk. */
export function bytesOf(versions: Int32Array): Uint8Array {
  const bytes = new Uint8Array(versions.length * SECTOR);
  for (const [sector, version] of versions.entries()) {
    if (version !== 0) stamp(bytes.subarray(sector * SECTOR), version, sector, 1);
  }
  return bytes;
}

/** Up to ten sectors that differ. */
export function differences(found: Int32Array, wanted: Int32Array): readonly string[] {
  const texts: string[] = [];
  for (let sector = 0; sector < Math.max(found.length, wanted.length) && texts.length < 10; sector++) {
    if (found[sector] !== wanted[sector]) texts.push(`sector ${sector}: ${found[sector]} instead of ${wanted[sector]}`);
  }
  return texts;
}
