/** What the parts of an image share: its file, its geometry, and what has been seen to be wrong. */
import { ENOSYS, EOPNOTSUPP } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { sysError } from '#shared/sys/errno.ts';
import { FALLOC, type ImageFile } from '../image-file.ts';
import { ClusterSet } from './cluster-set.ts';
import type { Header } from './header.ts';
import { HEADER, INCOMPATIBLE, SECTOR, TWO_32 } from './spec.ts';

const ZEROS_SIZE = 1 << 16;

export class Qcow2File {
  readonly file: ImageFile;
  readonly header: Header;
  readonly readOnly: boolean;
  readonly clusterSize: number;
  /** Bytes of the file: grows as clusters are added. Tables and data lie below it. */
  fileSize: number;
  /** Clusters of tables that all share: never written as data, never freed as such. */
  readonly metadata = new ClusterSet();
  /** One line: why the last call failed. */
  error = '';
  /** Something was found that contradicts itself: nothing that lies in the file is given out as free any more. */
  corrupt: boolean;
  /** As the header on the disk says. */
  dirty: boolean;
  readonly #word = allocate(8);
  #zeros: NativeBuffer | undefined;

  constructor(file: ImageFile, header: Header, options: { readonly readOnly: boolean; readonly fileSize: number }) {
    this.file = file;
    this.header = header;
    this.readOnly = options.readOnly;
    this.fileSize = options.fileSize;
    this.clusterSize = header.clusterSize;
    this.corrupt = header.corrupt;
    this.dirty = header.dirty;
  }

  /** The cluster past the last one. */
  get endCluster(): number {
    return Math.ceil(this.fileSize / this.clusterSize);
  }

  /** Whether `length` bytes at `offset`, a whole cluster or several, lie in the file; the last cluster need not be whole. */
  contains(offset: number, length: number): boolean {
    return offset % this.clusterSize === 0 && offset > 0 && offset + length <= this.endCluster * this.clusterSize;
  }

  /** A host call failed: what to tell, and `result` again. */
  hostFailed(what: string, result: number): number {
    this.error = sysError(what, -result).message;
    return result;
  }

  /** Tells of a contradiction, and leaves the mark for others: who opens the image next does not write to it before it is repaired. */
  foundCorrupt(what: string): void {
    this.error = `the qcow2 image is damaged: ${what}`;
    if (this.corrupt) return;
    this.corrupt = true;
    if (!this.readOnly && this.header.version === 3) this.setIncompatible(INCOMPATIBLE.corrupt, true);
  }

  /** 0 or -errno. */
  setDirty(dirty: boolean): number {
    if (this.header.version === 2 || this.dirty === dirty) return 0;
    const written = this.setIncompatible(INCOMPATIBLE.dirty, dirty);
    if (written === 0) this.dirty = dirty;
    return written;
  }

  setIncompatible(bit: number, on: boolean): number {
    return this.changeHeader((view) => {
      const before = view.getUint32(HEADER.incompatible + 4);
      view.setUint32(HEADER.incompatible + 4, on ? before | bit : before & ~bit);
    });
  }

  /** The sector is written as a whole: no power loss leaves half of what changed. 0 or -errno, and then nothing has changed. */
  changeHeader(change: (view: DataView) => void): number {
    const { sector } = this.header;
    const before = sector.bytes.slice();
    change(sector.view);
    const written = this.file.write(sector, 0, SECTOR, 0);
    if (written === 0) return 0;
    sector.bytes.set(before);
    return this.hostFailed('write the header', written);
  }

  /** Writes one u64. */
  writeWord(high: number, low: number, offset: number): number {
    this.#word.view.setUint32(0, high);
    this.#word.view.setUint32(4, low);
    const written = this.file.write(this.#word, 0, 8, offset);
    return written < 0 ? this.hostFailed('write a table', written) : 0;
  }

  writeNumber(value: number, offset: number): number {
    return this.writeWord(Math.floor(value / TWO_32), value % TWO_32, offset);
  }

  /** Makes a range inside the file read as zeros, and gives its blocks back where the file system can. */
  clear(offset: number, length: number): number {
    const inside = Math.min(length, this.fileSize - offset);
    if (inside <= 0) return 0;
    const punched = this.file.allocate(FALLOC.punchHole | FALLOC.keepSize, offset, inside);
    return punched === -EOPNOTSUPP || punched === -ENOSYS ? this.writeZeros(offset, inside) : punched;
  }

  writeZeros(offset: number, length: number): number {
    this.#zeros ??= allocate(ZEROS_SIZE);
    for (let done = 0; done < length; done += ZEROS_SIZE) {
      const written = this.file.write(this.#zeros, 0, Math.min(ZEROS_SIZE, length - done), offset + done);
      if (written < 0) return written;
    }
    return 0;
  }

  /** Lengthens the file to `clusters` whole ones. */
  extendTo(clusters: number): number {
    const size = clusters * this.clusterSize;
    if (size <= this.fileSize) return 0;
    const sized = this.file.truncate(size);
    if (sized < 0) return this.hostFailed('lengthen the file', sized);
    this.fileSize = size;
    return 0;
  }
}
