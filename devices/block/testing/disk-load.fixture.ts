/**
 * A driver's random load over a whole device: reads, writes, discards, zeroes and flushes, many at once, in chains of many forms, each
 * read compared with what the disk has to hold. Requests under way never overlap, so that this is known.
 */
import { expect } from 'chai';
import type { Buffer } from '#shared/testing/driver-queue.ts';
import type { Random } from '#shared/testing/random.ts';
import { SECTOR, differences, stamp, versionsOf } from '../image/qcow2/testing/sectors.fixture.ts';
import { VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_WRITE_ZEROES } from '../spec.ts';
import { DATA_SIZE, type DrivenDisk, HEADS } from './driven-disk.fixture.ts';

const MOST_SECTORS = 96;

interface Request {
  readonly type: number;
  readonly first: number;
  readonly count: number;
  /** The data, in the order of its bytes. */
  readonly pieces: readonly Buffer[];
}

export interface LoadOptions {
  readonly random: Random;
  /** Of each sector: the version that it holds. */
  readonly versions: Int32Array;
  /** Whether the device offers DISCARD. */
  readonly discards: boolean;
  /** Sectors of a block, of which requests are whole ones; 1 unless said otherwise. */
  readonly align?: number;
}

export class DiskLoad {
  readonly versions: Int32Array;
  readonly #disk: DrivenDisk;
  readonly #random: Random;
  readonly #discards: boolean;
  readonly #align: number;
  /** Sectors that were discarded since they were read: they may hold zeros now. */
  readonly #uncertain = new Set<number>();
  readonly #underWay = new Map<number, Request>();
  #seen: number;
  #version: number;

  constructor(disk: DrivenDisk, { random, versions, discards, align = 1 }: LoadOptions) {
    this.#disk = disk;
    this.#random = random;
    this.#discards = discards;
    this.#align = align;
    this.versions = versions;
    this.#seen = disk.done.length;
    this.#version = versions.reduce((most, version) => Math.max(most, version), 0);
  }

  /** `count` requests, up to `depth` at once. */
  async run(count: number, depth = HEADS): Promise<void> {
    for (let begun = 0; begun < count || this.#underWay.size > 0;) {
      while (begun < count && this.#underWay.size < depth && this.#begin()) begun++;
      await this.#disk.until(this.#seen + 1);
      this.#check();
    }
  }

  /** Reads all of the disk, and what was uncertain is known after it. */
  async readAll(): Promise<void> {
    const step = DATA_SIZE / SECTOR / 2;
    for (let first = 0; first < this.versions.length; first += step) {
      this.#offer({ type: VIRTIO_BLK_T_IN, first, count: Math.min(step, this.versions.length - first) });
      if (this.#underWay.size < HEADS) continue;
      await this.#disk.until(this.#seen + 1);
      this.#check();
    }
    await this.run(0);
  }

  #begin(): boolean {
    const random = this.#random;
    const kind = random.below(20);
    if (kind === 0) return this.#offer({ type: VIRTIO_BLK_T_FLUSH, first: 0, count: 0 });
    const align = this.#align;
    const first = random.below(this.versions.length / align) * align;
    const wanted = Math.ceil((1 + random.below(random.oneIn(3) ? MOST_SECTORS : 12)) / align) * align;
    const count = Math.min(this.versions.length - first, wanted);
    if ([...this.#underWay.values()].some((one) => first < one.first + one.count && one.first < first + count)) return true;
    if (kind < 9) return this.#offer({ type: VIRTIO_BLK_T_OUT, first, count });
    if (kind < 15) return this.#offer({ type: VIRTIO_BLK_T_IN, first, count });
    const type = kind < 17 && this.#discards ? VIRTIO_BLK_T_DISCARD : VIRTIO_BLK_T_WRITE_ZEROES;
    return this.#offer({ type, first, count });
  }

  #offer({ type, first, count }: Omit<Request, 'pieces'>): boolean {
    const head = Array.from({ length: HEADS }, (_, index) => index).find((index) => !this.#underWay.has(index)) ?? 0;
    const disk = this.#disk;
    const reads = type === VIRTIO_BLK_T_IN;
    const bytes = reads || type === VIRTIO_BLK_T_OUT ? count * SECTOR : type === VIRTIO_BLK_T_FLUSH ? 0 : 16;
    const header = this.#header(head, type, first);
    const pieces = this.#cut(disk.dataOf(head), bytes, reads);
    if (type === VIRTIO_BLK_T_OUT) this.#fill(pieces, first, count);
    else if (bytes === 16) this.#writeRange(pieces, { type, first, count });
    const status = this.#status(head, pieces, reads);
    this.#underWay.set(head, { type, first, count, pieces });
    disk.offer(head, [...header, ...status.parts], { isDirect: this.#random.oneIn(2), status: status.address });
    return true;
  }

  /** Whole, or in two buffers. */
  #header(head: number, type: number, sector: number): readonly Buffer[] {
    const address = this.#disk.headerOf(head);
    const view = new DataView(new ArrayBuffer(16));
    view.setUint32(0, type, true);
    view.setBigUint64(8, BigInt(type === VIRTIO_BLK_T_IN || type === VIRTIO_BLK_T_OUT ? sector : 0), true);
    this.#disk.memory.writeBytes(address, new Uint8Array(view.buffer));
    const first = this.#random.oneIn(4) ? 1 + this.#random.below(15) : 16;
    return first === 16
      ? [{ address, length: 16 }]
      : [
          { address, length: first },
          { address: address + first, length: 16 - first },
        ];
  }

  /** Up to five pieces of any length at any address of the head's. */
  #cut(address: number, bytes: number, writable: boolean): readonly Buffer[] {
    const pieces: Buffer[] = [];
    const random = this.#random;
    for (let done = 0, at = address; done < bytes;) {
      const length = pieces.length === 4 || random.oneIn(3) ? bytes - done : 1 + random.below(bytes - done);
      at += random.oneIn(2) ? random.below(64) : 0;
      pieces.push({ address: at, length, writable });
      done += length;
      at += length;
    }
    return pieces;
  }

  /** In a buffer of its own, or in the last one's end. */
  #status(head: number, pieces: readonly Buffer[], reads: boolean): { readonly address: number; readonly parts: readonly Buffer[] } {
    const last = pieces.at(-1);
    if (reads && last !== undefined && this.#random.oneIn(3)) {
      const parts = [...pieces.slice(0, -1), { ...last, length: last.length + 1 }];
      return { address: last.address + last.length, parts };
    }
    const address = this.#disk.headerOf(head) + 16;
    this.#disk.memory.writeU8(address, 0xee);
    return { address, parts: [...pieces, { address, length: 1, writable: true }] };
  }

  #fill(pieces: readonly Buffer[], first: number, count: number): void {
    const data = new Uint8Array(count * SECTOR);
    stamp(data, ++this.#version, first, count);
    this.versions.fill(this.#version, first, first + count);
    for (let sector = first; sector < first + count; sector++) this.#uncertain.delete(sector);
    this.#writeTo(pieces, data);
  }

  #writeRange(pieces: readonly Buffer[], { type, first, count }: Omit<Request, 'pieces'>): void {
    const range = new DataView(new ArrayBuffer(16));
    range.setBigUint64(0, BigInt(first), true);
    range.setUint32(8, count, true);
    range.setUint32(12, type === VIRTIO_BLK_T_WRITE_ZEROES && this.#random.oneIn(2) ? 1 : 0, true);
    this.#writeTo(pieces, new Uint8Array(range.buffer));
    for (let sector = first; sector < first + count; sector++) {
      if (type === VIRTIO_BLK_T_DISCARD) this.#uncertain.add(sector);
      else this.#uncertain.delete(sector);
    }
    if (type === VIRTIO_BLK_T_WRITE_ZEROES) this.versions.fill(0, first, first + count);
  }

  #writeTo(pieces: readonly Buffer[], bytes: Uint8Array): void {
    let done = 0;
    for (const { address, length } of pieces) {
      this.#disk.memory.writeBytes(address, bytes.subarray(done, done + length));
      done += length;
    }
  }

  /** What has come back. */
  #check(): void {
    for (; this.#seen < this.#disk.done.length; this.#seen++) {
      const { head = -1, status } = this.#disk.done[this.#seen] ?? {};
      const request = this.#underWay.get(head);
      if (request === undefined) throw new Error(`head ${head} came back that was not under way`);
      this.#underWay.delete(head);
      expect(status, `status of type ${request.type} at ${request.first}+${request.count}`).to.equal(0);
      if (request.type === VIRTIO_BLK_T_IN) this.#compare(request);
    }
  }

  #compare({ first, count, pieces }: Request): void {
    const data = new Uint8Array(count * SECTOR);
    let done = 0;
    for (const { address, length } of pieces) {
      this.#disk.memory.readBytes(address, data.subarray(done, done + length));
      done += length;
    }
    const found = versionsOf(data, first);
    for (const [index, version] of found.entries()) {
      if (version === 0 && this.#uncertain.has(first + index)) this.versions[first + index] = 0;
      this.#uncertain.delete(first + index);
    }
    expect(differences(found, this.versions.subarray(first, first + count))).to.deep.equal([]);
  }
}
