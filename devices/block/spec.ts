/** Block Device (virtio 1.2, 5.2), in the specification's spelling and order. */
import { bytes, le16, le32, le64, u8 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';

/** 5.2.3 Feature bits */
export const VIRTIO_BLK_F_SEG_MAX = 1n << 2n;
export const VIRTIO_BLK_F_RO = 1n << 5n;
export const VIRTIO_BLK_F_BLK_SIZE = 1n << 6n;
export const VIRTIO_BLK_F_FLUSH = 1n << 9n;
export const VIRTIO_BLK_F_TOPOLOGY = 1n << 10n;
export const VIRTIO_BLK_F_CONFIG_WCE = 1n << 11n;
export const VIRTIO_BLK_F_MQ = 1n << 12n;
export const VIRTIO_BLK_F_DISCARD = 1n << 13n;
export const VIRTIO_BLK_F_WRITE_ZEROES = 1n << 14n;

/** 5.2.4 Device configuration layout, whole; the features above give meaning to its first 60 bytes. */
export const VirtioBlkConfig = struct('virtio_blk_config', {
  capacity: le64,
  size_max: le32,
  seg_max: le32,
  geometry: le32,
  blk_size: le32,
  physical_block_exp: u8,
  alignment_offset: u8,
  min_io_size: le16,
  opt_io_size: le32,
  wce: u8,
  unused: u8,
  num_queues: le16,
  max_discard_sectors: le32,
  max_discard_seg: le32,
  discard_sector_alignment: le32,
  max_write_zeroes_sectors: le32,
  max_write_zeroes_seg: le32,
  write_zeroes_may_unmap: u8,
  unused1: bytes(3),
  max_secure_erase_sectors: le32,
  max_secure_erase_seg: le32,
  secure_erase_sector_alignment: le32,
});

/** 5.2.6 Device Operation: the request's header, its types, its status byte. */
export const VirtioBlkOuthdr = struct('virtio_blk_outhdr', { type: le32, ioprio: le32, sector: le64 });
export const VIRTIO_BLK_T_IN = 0;
export const VIRTIO_BLK_T_OUT = 1;
export const VIRTIO_BLK_T_FLUSH = 4;
export const VIRTIO_BLK_T_GET_ID = 8;
export const VIRTIO_BLK_T_DISCARD = 11;
export const VIRTIO_BLK_T_WRITE_ZEROES = 13;
/** The data of the last two: bit 0 of the flags allows to unmap what is to be zeros. */
export const VirtioBlkDiscardWriteZeroes = struct('virtio_blk_discard_write_zeroes', { sector: le64, num_sectors: le32, flags: le32 });
export const VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP = 1;
export const VIRTIO_BLK_S_OK = 0;
export const VIRTIO_BLK_S_IOERR = 1;
export const VIRTIO_BLK_S_UNSUPP = 2;

/** Sectors of capacity and of requests are 512 bytes whatever blk_size says. */
export const SECTOR_SIZE = 512;
/** VIRTIO_BLK_ID_BYTES: padded with zeroes, and without one where all 20 are used. */
export const ID_BYTES = 20;
/** Where in config space the driver switches the write cache. */
export const CONFIG_WRITEBACK = 32;
/**
 * Sectors of one discard and of one write-zeroes: 2 GiB, so that none takes for ever where the host has to write the zeros. One range to
 * a request, as Cloud Hypervisor and QEMU have it.
 */
export const MAX_ERASE_SECTORS = 1 << 22;
/** Config space as a vhost-user front end may read it: VHOST_USER_MAX_CONFIG_SIZE. */
export const CONFIG_SPACE_SIZE = 256;

/** What a get-id request answers: the serial number, filled up with zeros. */
export function idBytes(serial: string): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  new TextEncoder().encodeInto(serial, id);
  return id;
}
