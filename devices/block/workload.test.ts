import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Random } from '#shared/testing/random.ts';
import { SECTOR, bytesOf } from './image/qcow2/testing/sectors.fixture.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_WRITE_ZEROES } from './spec.ts';
import { DiskLoad } from './testing/disk-load.fixture.ts';
import { ServedDisk } from './testing/served-disk.fixture.ts';

const SIZE = 6 << 20;
const SEED = 20261123;
const WITHOUT_IO_URING = new URL('../../shared/testing/without-io-uring.ts', import.meta.url);
const ALL = VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES;

interface Row {
  readonly name: string;
  /** As qemu-img calls it. */
  readonly format: 'raw' | 'qcow2' | 'vpc' | 'vhdx';
  readonly keys: string;
  /** Of qemu-img's -o. */
  readonly options?: string;
  /** Makes the image in another way than `qemu-img create`; `base` is raw, of the versions that there are at first. */
  readonly make?: (image: string, base: string) => void;
  readonly features?: bigint;
  readonly onDisk?: boolean;
  readonly requests?: number;
  /** A filter of system calls forbids it: requests are done by threads. */
  readonly withoutIoUring?: boolean;
}

const converted =
  (...options: readonly string[]) =>
  (image: string, base: string): void =>
    void qemuImg('convert', '-f', 'raw', '-O', 'qcow2', ...options, base, image);
const overlay =
  (...options: readonly string[]) =>
  (image: string, base: string): void =>
    void qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, ...options, image);

function overCompressed(image: string, base: string): void {
  qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', base, `${image}.below`);
  qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', `${image}.below`, image);
}

function withSnapshot(image: string, base: string): void {
  converted()(image, base);
  qemuImg('snapshot', '-c', 'before', image);
}

const QCOW2 = 'image_type=qcow2';
const rows: readonly Row[] = [
  { name: 'raw', format: 'raw', keys: 'image_type=raw', onDisk: true },
  { name: 'raw in memory, whose host writes the zeros', format: 'raw', keys: 'image_type=raw' },
  {
    name: 'raw, for a driver that cannot flush',
    format: 'raw',
    keys: 'image_type=raw',
    features: ALL & ~VIRTIO_BLK_F_FLUSH,
    onDisk: true,
    requests: 120,
  },
  { name: 'raw without holes', format: 'raw', keys: 'image_type=raw,sparse=off' },
  { name: 'raw past the page cache', format: 'raw', keys: 'image_type=raw,direct=on', onDisk: true, requests: 200 },
  { name: 'raw without io_uring', format: 'raw', keys: 'image_type=raw', onDisk: true, withoutIoUring: true },
  {
    name: 'raw past the page cache, without io_uring',
    format: 'raw',
    keys: 'image_type=raw,direct=on',
    onDisk: true,
    requests: 200,
    withoutIoUring: true,
  },
  { name: 'qcow2 without io_uring', format: 'qcow2', keys: QCOW2, options: 'cluster_size=4k', withoutIoUring: true },
  { name: 'qcow2 of small clusters', format: 'qcow2', keys: QCOW2, options: 'cluster_size=512' },
  { name: 'qcow2 of 64 KiB clusters', format: 'qcow2', keys: QCOW2, options: 'cluster_size=64k', onDisk: true },
  { name: 'qcow2 of large clusters', format: 'qcow2', keys: QCOW2, options: 'cluster_size=2M' },
  { name: 'qcow2 with lazy refcounts', format: 'qcow2', keys: QCOW2, options: 'lazy_refcounts=on,cluster_size=4k' },
  { name: 'qcow2 that keeps its places', format: 'qcow2', keys: `${QCOW2},sparse=off`, make: converted() },
  { name: 'qcow2 for a driver that cannot flush', format: 'qcow2', keys: QCOW2, features: ALL & ~VIRTIO_BLK_F_FLUSH },
  {
    name: 'qcow2 past the page cache',
    format: 'qcow2',
    keys: `${QCOW2},direct=on`,
    options: 'cluster_size=4k',
    onDisk: true,
    requests: 200,
  },
  { name: 'qcow2 over a raw file', format: 'qcow2', keys: `${QCOW2},backing_files=on`, make: overlay() },
  {
    name: 'qcow2 of version 2 over a raw file',
    format: 'qcow2',
    keys: `${QCOW2},backing_files=on`,
    make: overlay('-o', 'compat=0.10,cluster_size=8k'),
  },
  { name: 'qcow2 over a compressed one', format: 'qcow2', keys: `${QCOW2},backing_files=on`, make: overCompressed },
  { name: 'qcow2, compressed', format: 'qcow2', keys: QCOW2, make: converted('-c', '-o', 'compression_type=zstd') },
  { name: 'qcow2 with a snapshot', format: 'qcow2', keys: QCOW2, make: withSnapshot },
  { name: 'VHD', format: 'vpc', keys: 'image_type=vhd', options: 'subformat=fixed,force_size=on' },
  { name: 'VHDX', format: 'vhdx', keys: 'image_type=vhdx', options: 'subformat=dynamic,block_size=1M' },
  { name: 'VHDX, all of it there', format: 'vhdx', keys: 'image_type=vhdx', options: 'subformat=fixed' },
];

(hasQemu ? describe : describe.skip)('a random load on a whole device', () => {
  let folder = '';
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const row of rows) {
    it(row.name, async () => {
      folder = row.onDisk === true ? mkdtempSync(join(tmpdir(), 'load-')) : quickFolder('load-');
      const image = join(folder, 'image');
      const base = join(folder, 'base');
      const versions = new Int32Array(SIZE / SECTOR);
      const random = new Random(SEED + rows.indexOf(row));
      if (row.make !== undefined) {
        // Half of it has something, in runs.
        for (let first = 0; first < versions.length; first += 96) if (random.oneIn(2)) versions.fill(1, first, first + 96);
        writeFileSync(base, bytesOf(versions));
        row.make(image, base);
      } else {
        qemuImg('create', '-q', '-f', row.format, ...(row.options === undefined ? [] : ['-o', row.options]), image, String(SIZE));
      }
      const imports = row.withoutIoUring === true ? [WITHOUT_IO_URING] : [];
      await using served = await ServedDisk.start(image, row.keys, row.features ?? ALL, imports);
      const load = new DiskLoad(served.driver, { random, versions, discards: !row.keys.includes('sparse=off') });
      await load.run(row.requests ?? 300);
      await load.readAll();
      expect(await served.stop()).to.match(row.withoutIoUring === true ? /^ch-block: io_uring is forbidden.*\n$/ : /^$/);
      if (row.format === 'qcow2') qemuImg('check', '-q', '-f', 'qcow2', image);
      writeFileSync(base + '.now', bytesOf(load.versions));
      qemuImg('compare', '-f', row.format, '-F', 'raw', image, base + '.now');
    }).timeout(60_000);
  }
});
