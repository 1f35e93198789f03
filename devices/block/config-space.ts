/** What a driver reads of the disk before it uses it: feature bits and config space (virtio 1.2, 5.2.3 and 5.2.4). */
import { RING_FEATURES } from '#shared/virtio/index.ts';
import {
  CONFIG_SPACE_SIZE,
  CONFIG_WRITEBACK,
  MAX_ERASE_SECTORS,
  SECTOR_SIZE,
  VIRTIO_BLK_F_BLK_SIZE,
  VIRTIO_BLK_F_CONFIG_WCE,
  VIRTIO_BLK_F_DISCARD,
  VIRTIO_BLK_F_FLUSH,
  VIRTIO_BLK_F_MQ,
  VIRTIO_BLK_F_RO,
  VIRTIO_BLK_F_SEG_MAX,
  VIRTIO_BLK_F_TOPOLOGY,
  VIRTIO_BLK_F_WRITE_ZEROES,
  VirtioBlkConfig,
} from './spec.ts';
import type { Topology } from './topology.ts';

export interface DiskFacts {
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly sectors: number;
  readonly readOnly: boolean;
  /** Discarded bytes leave the image. */
  readonly sparse: boolean;
  readonly topology: Topology;
}

export function diskFeatures({ queueCount, readOnly, sparse }: DiskFacts): bigint {
  const always = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE;
  const erasing = VIRTIO_BLK_F_WRITE_ZEROES | (sparse ? VIRTIO_BLK_F_DISCARD : 0n);
  return RING_FEATURES | always | (readOnly ? VIRTIO_BLK_F_RO : erasing) | (queueCount > 1 ? VIRTIO_BLK_F_MQ : 0n);
}

export class ConfigSpace {
  readonly #bytes = new Uint8Array(CONFIG_SPACE_SIZE);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(facts: DiskFacts) {
    const { set } = VirtioBlkConfig;
    const view = this.#view;
    const { topology } = facts;
    set.capacity(view, 0, facts.sectors);
    // A chain has a header and a status byte besides, and at most as many descriptors as the ring (2.7.5.3.1).
    set.seg_max(view, 0, Math.max(1, facts.maxQueueSize - 2));
    set.blk_size(view, 0, topology.blockSize);
    set.physical_block_exp(view, 0, Math.log2(topology.physicalBlockSize / topology.blockSize));
    set.min_io_size(view, 0, Math.min(0xffff, topology.minimumIo / topology.blockSize));
    set.opt_io_size(view, 0, topology.optimalIo / topology.blockSize);
    set.num_queues(view, 0, facts.queueCount);
    if (!facts.readOnly) this.#describeErasing(facts);
  }

  #describeErasing({ sparse, topology }: DiskFacts): void {
    const { set } = VirtioBlkConfig;
    const view = this.#view;
    if (sparse) {
      set.max_discard_sectors(view, 0, MAX_ERASE_SECTORS);
      set.max_discard_seg(view, 0, 1);
      set.discard_sector_alignment(view, 0, topology.discardAlignment / SECTOR_SIZE);
    }
    set.max_write_zeroes_sectors(view, 0, MAX_ERASE_SECTORS);
    set.max_write_zeroes_seg(view, 0, 1);
    set.write_zeroes_may_unmap(view, 0, sparse ? 1 : 0);
  }

  /** A copy, or undefined where not all of it is there. */
  read(offset: number, length: number): Uint8Array | undefined {
    return offset + length <= CONFIG_SPACE_SIZE ? this.#bytes.slice(offset, offset + length) : undefined;
  }

  set sectors(sectors: number) {
    VirtioBlkConfig.set.capacity(this.#view, 0, sectors);
  }

  set writeback(on: boolean) {
    this.#view.setUint8(CONFIG_WRITEBACK, on ? 1 : 0);
  }
}
