/** A version 3 image made by hand, byte by byte, to be damaged by tests. */
import { HEADER, MAGIC } from '../spec.ts';

export const CLUSTER = 4096;
/** Where its parts lie, in clusters; what follows is data. */
export const AT = { header: 0, refcountTable: 1, refcountBlock: 2, l1: 3, l2: 4, data: 5 } as const;
export const DATA_CLUSTERS = 8;
export const DISK_SIZE = 4 << 20;
const COPIED = 2 ** 63;

export class SmallImage {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  /** Its first DATA_CLUSTERS clusters are there, each full of its own number plus 1. */
  constructor() {
    const clusters = AT.data + DATA_CLUSTERS;
    this.bytes = new Uint8Array(clusters * CLUSTER);
    this.view = new DataView(this.bytes.buffer);
    const { view } = this;
    view.setUint32(HEADER.magic, MAGIC);
    view.setUint32(HEADER.version, 3);
    view.setUint32(HEADER.clusterBits, 12);
    this.put(HEADER.size, DISK_SIZE);
    view.setUint32(HEADER.l1Size, 2);
    this.put(HEADER.l1Offset, AT.l1 * CLUSTER);
    this.put(HEADER.refcountTableOffset, AT.refcountTable * CLUSTER);
    view.setUint32(HEADER.refcountTableClusters, 1);
    view.setUint32(HEADER.refcountOrder, 4);
    view.setUint32(HEADER.headerLength, 104);
    this.put(AT.refcountTable * CLUSTER, AT.refcountBlock * CLUSTER);
    for (let cluster = 0; cluster < clusters; cluster++) this.count(cluster, 1);
    this.put(AT.l1 * CLUSTER, COPIED + AT.l2 * CLUSTER);
    for (let index = 0; index < DATA_CLUSTERS; index++) {
      this.entry(index, COPIED + (AT.data + index) * CLUSTER);
      this.bytes.fill(index + 1, (AT.data + index) * CLUSTER, (AT.data + index + 1) * CLUSTER);
    }
  }

  /** A u64; above 2^53 only what a number can say. */
  put(at: number, value: number): void {
    this.view.setUint32(at, Math.floor(value / 2 ** 32));
    this.view.setUint32(at + 4, value % 2 ** 32);
  }

  entry(index: number, value: number): void {
    this.put(AT.l2 * CLUSTER + index * 8, value);
  }

  count(cluster: number, value: number): void {
    this.view.setUint16(AT.refcountBlock * CLUSTER + cluster * 2, value);
  }

  /** A backing file's name, and its format as an extension of the header. */
  backing(name: string, format: string | undefined): void {
    const encoded = new TextEncoder().encode(name);
    this.put(HEADER.backingOffset, 512);
    this.view.setUint32(HEADER.backingSize, encoded.length);
    this.bytes.set(encoded, 512);
    if (format === undefined) return;
    this.view.setUint32(104, 0xe279_2aca);
    this.view.setUint32(108, format.length);
    this.bytes.set(new TextEncoder().encode(format), 112);
  }

  /** `count` snapshots, whose L1 tables are at `l1`. */
  snapshots(cluster: number, count: number, l1: number): void {
    this.view.setUint32(HEADER.snapshotCount, count);
    this.put(HEADER.snapshotsOffset, cluster * CLUSTER);
    for (let index = 0; index < Math.min(count, 64); index++) {
      const at = cluster * CLUSTER + index * 56;
      this.put(at, l1);
      this.view.setUint32(at + 8, 1);
      this.view.setUint32(at + 36, 16);
    }
  }
}
