import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import {
  VIRTIO_BLK_F_CONFIG_WCE,
  VIRTIO_BLK_F_DISCARD,
  VIRTIO_BLK_F_FLUSH,
  VIRTIO_BLK_F_RO,
  VIRTIO_BLK_F_WRITE_ZEROES,
  VirtioBlkConfig,
} from './spec.ts';
import type { DrivenDisk } from './testing/driven-disk.fixture.ts';
import { ServedDisk } from './testing/served-disk.fixture.ts';

const MIB = 1 << 20;
const [OUT, GET_ID, DISCARD, ZEROES] = [1, 8, 11, 13];
const [OK, IOERR, UNSUPP] = [0, 1, 2];
const ALL = VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES;
const WRITEBACK = 32;

interface Range {
  readonly sector: bigint;
  readonly sectors: number;
  readonly flags: number;
}

/** The status of a request whose data are `ranges`, of which the first `length` bytes are given. */
async function erase(disk: DrivenDisk, type: number, ranges: readonly Range[], length = ranges.length * 16): Promise<number> {
  const bytes = new DataView(new ArrayBuffer(16 * ranges.length));
  for (const [index, { sector, sectors, flags }] of ranges.entries()) {
    bytes.setBigUint64(index * 16, sector, true);
    bytes.setUint32(index * 16 + 8, sectors, true);
    bytes.setUint32(index * 16 + 12, flags, true);
  }
  disk.memory.writeBytes(disk.dataOf(0), new Uint8Array(bytes.buffer));
  return disk.request(type, 0, length);
}

async function config(disk: DrivenDisk): Promise<Record<string, number>> {
  const bytes = must(await disk.frontend.readConfig(0, 60), 'config');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { get } = VirtioBlkConfig;
  return {
    capacity: Number(view.getBigUint64(0, true)),
    segMax: get.seg_max(view, 0),
    block: get.blk_size(view, 0),
    physical: get.physical_block_exp(view, 0),
    minimum: get.min_io_size(view, 0),
    optimal: get.opt_io_size(view, 0),
    writeback: get.wce(view, 0),
    discardSectors: get.max_discard_sectors(view, 0),
    discardRanges: get.max_discard_seg(view, 0),
    discardAlignment: get.discard_sector_alignment(view, 0),
    zeroSectors: get.max_write_zeroes_sectors(view, 0),
    zeroRanges: get.max_write_zeroes_seg(view, 0),
    mayUnmap: get.write_zeroes_may_unmap(view, 0),
  };
}

describe('what a disk offers', () => {
  let folder = '';
  let image = '';
  beforeEach(() => {
    folder = quickFolder('features-');
    image = join(folder, 'image');
    writeFileSync(image, '');
    truncateSync(image, MIB);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const plain = {
    ...{ capacity: MIB / 512, segMax: 254, block: 512, physical: 3, minimum: 8, optimal: 0, writeback: 1 },
    ...{ discardSectors: 1 << 22, discardRanges: 1, discardAlignment: 8, zeroSectors: 1 << 22, zeroRanges: 1, mayUnmap: 1 },
  };
  const noDiscard = { discardSectors: 0, discardRanges: 0, discardAlignment: 0, mayUnmap: 0 };
  const rows: readonly (readonly [keys: string, options: string, offered: bigint, shown: object])[] = [
    ['image_type=raw', '', ALL, plain],
    ['image_type=raw,sparse=off,queue_size=1024', '', ALL & ~VIRTIO_BLK_F_DISCARD, { ...plain, ...noDiscard, segMax: 1022 }],
    [
      'image_type=raw,readonly=on',
      '',
      VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_RO,
      { ...plain, ...noDiscard, zeroSectors: 0, zeroRanges: 0 },
    ],
    ['image_type=qcow2', 'cluster_size=64k', ALL, { ...plain, optimal: 128, discardAlignment: 128 }],
  ];
  for (const [keys, options, offered, shown] of rows) {
    it(`${keys}: features, sizes and limits`, async function () {
      if (options !== '' && !hasQemu) return this.skip();
      if (options !== '') qemuImg('create', '-q', '-f', 'qcow2', '-o', options, image, String(MIB));
      const wanted = ALL | VIRTIO_BLK_F_RO;
      await using served = await ServedDisk.start(image, keys, wanted);
      expect(await config(served.driver)).to.deep.equal(shown);
      expect(must(await served.driver.frontend.negotiate(), 'features').features & wanted).to.equal(offered);
    }).timeout(20_000);
  }

  const range = (sector: number | bigint, sectors: number, flags = 0): readonly Range[] => [{ sector: BigInt(sector), sectors, flags }];
  const ranges: readonly (readonly [name: string, type: number, ranges: readonly Range[], status: number, length?: number])[] = [
    ['discard', DISCARD, range(8, 64), OK],
    ['discard of nothing', DISCARD, range(8, 0), OK],
    ['discard that may unmap', DISCARD, range(8, 8, 1), UNSUPP],
    ['discard of two ranges', DISCARD, [...range(8, 8), ...range(32, 8)], UNSUPP],
    ['discard of a part of a range', DISCARD, range(8, 8), IOERR, 15],
    ['discard without a range', DISCARD, range(8, 8), IOERR, 0],
    ['discard past the end', DISCARD, range(MIB / 512 - 1, 2), IOERR],
    ['discard of sector 2^64 - 1', DISCARD, range(2n ** 64n - 1n, 1), IOERR],
    ['zeroes', ZEROES, range(128, 9), OK],
    ['zeroes that may unmap', ZEROES, range(256, 9, 1), OK],
    ['zeroes with an unknown flag', ZEROES, range(512, 8, 2), UNSUPP],
    ['zeroes of more than the limit', ZEROES, range(0, (1 << 22) + 1), IOERR],
  ];
  it('discard and write-zeroes: the right status to each, and nothing changed but what was asked for', async () => {
    const wanted = new Uint8Array(MIB).fill(7);
    writeFileSync(image, wanted);
    await using served = await ServedDisk.start(image, 'image_type=raw', ALL);
    for (const [name, type, what, status, length] of ranges) expect(await erase(served.driver, type, what, length), name).to.equal(status);
    for (const [first, count] of [
      [8, 64],
      [128, 9],
      [256, 9],
    ] as const) {
      wanted.fill(0, first * 512, (first + count) * 512);
    }
    expect(readFileSync(image).equals(wanted)).to.equal(true);
  }).timeout(20_000);

  it('without holes: no discard, and zeroes that stay where they are', async () => {
    writeFileSync(image, new Uint8Array(MIB).fill(7));
    const before = statSync(image).blocks;
    await using served = await ServedDisk.start(image, 'image_type=raw,sparse=off', ALL);
    expect(await erase(served.driver, DISCARD, range(0, 2048))).to.equal(UNSUPP);
    expect(await erase(served.driver, ZEROES, range(0, 2048, 1))).to.equal(OK);
    expect(statSync(image).blocks).to.equal(before);
    expect(readFileSync(image).every((byte) => byte === 0)).to.equal(true);
  }).timeout(20_000);

  it('the serial is what its user says, else one of the image’s own', async () => {
    const { dev, rdev, ino } = statSync(image);
    for (const [keys, serial] of [
      ['image_type=raw,serial=of its user', 'of its user'],
      ['image_type=raw', `${dev}${rdev}${ino}`.slice(0, 20)],
    ] as const) {
      await using served = await ServedDisk.start(image, keys, ALL);
      const { driver } = served;
      const header = driver.headerOf(0);
      driver.memory.writeBytes(header, Uint8Array.of(GET_ID, ...new Uint8Array(15)));
      driver.offer(0, [
        { address: header, length: 16 },
        { address: driver.dataOf(0), length: 20, writable: true },
        { address: header + 16, length: 1, writable: true },
      ]);
      await driver.until(1);
      const id = new Uint8Array(20);
      driver.memory.readBytes(driver.dataOf(0), id);
      expect([driver.done, Buffer.from(id).toString()]).to.deep.equal([[{ head: 0, status: OK }], serial.padEnd(20, '\0')]);
      await served.stop();
    }
  }).timeout(20_000);

  it('the write cache is as the driver switches it, where it knows of the switch', async () => {
    await using served = await ServedDisk.start(image, 'image_type=raw', ALL);
    const { driver } = served;
    for (const value of [0, 1, 0]) {
      must(await driver.frontend.writeConfig(WRITEBACK, Uint8Array.of(value)), 'switch');
      expect((await config(driver))['writeback']).to.equal(value);
      expect(await driver.request(OUT, 8, 4096)).to.equal(OK);
      expect(await erase(driver, ZEROES, range(8, 8))).to.equal(OK);
    }
    for (const [offset, bytes] of [
      [WRITEBACK, [2]],
      [WRITEBACK, [0, 0]],
      [0, [0]],
    ] as const) {
      expect((await driver.frontend.writeConfig(offset, Uint8Array.from(bytes))).ok).to.equal(false);
    }
  }).timeout(20_000);

  it('there is no write cache for a driver that cannot flush, and no switch for one that does not know it', async () => {
    await using served = await ServedDisk.start(image, 'image_type=raw', VIRTIO_BLK_F_DISCARD);
    expect((await config(served.driver))['writeback']).to.equal(0);
    expect((await served.driver.frontend.writeConfig(WRITEBACK, Uint8Array.of(1))).ok).to.equal(false);
  }).timeout(20_000);
});
