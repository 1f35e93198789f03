/** Random requests against what a disk has to hold, and QEMU's opinion of the image that they leave. */
import { readFileSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { Random } from '#shared/testing/random.ts';
import { hasQemu, qemuImg } from '../testing/qemu.fixture.ts';
import { ImageRing } from './testing/image-ring.fixture.ts';
import { checked } from './testing/qemu-check.fixture.ts';
import { SECTOR, bytesOf, differences, versionsOf } from './testing/sectors.fixture.ts';
import { type CreateOptions, TestImages } from './testing/test-images.fixture.ts';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly options: CreateOptions;
  readonly backing?: 'raw' | 'qcow2';
  readonly hasSnapshot?: boolean;
  readonly requests?: number;
}

const K = 1024;
const M = K * K;
const rows: readonly Row[] = [
  { name: '512-byte clusters', size: 2 * M, options: { cluster_size: 512 } },
  { name: '512-byte clusters, v2', size: M, options: { cluster_size: 512, compat: '0.10' } },
  { name: '512-byte clusters, 1-bit refcounts', size: M, options: { cluster_size: 512, refcount_bits: 1 } },
  { name: '512-byte clusters, 64-bit refcounts', size: 4 * M, options: { cluster_size: 512, refcount_bits: 64 } },
  { name: '512-byte clusters over a qcow2 file', size: M, options: { cluster_size: 512 }, backing: 'qcow2' },
  { name: '4K clusters', size: 8 * M, options: { cluster_size: 4 * K } },
  { name: '4K clusters, v2, over a raw file', size: 8 * M, options: { cluster_size: 4 * K, compat: '0.10' }, backing: 'raw' },
  { name: '4K clusters with a snapshot', size: 4 * M, options: { cluster_size: 4 * K }, hasSnapshot: true },
  { name: '4K clusters, v2, with a snapshot', size: 4 * M, options: { cluster_size: 4 * K, compat: '0.10' }, hasSnapshot: true },
  { name: '64K clusters', size: 16 * M, options: {} },
  { name: '64K clusters, lazy refcounts', size: 16 * M, options: { lazy_refcounts: 'on' } },
  { name: '64K clusters, 1-bit refcounts', size: 16 * M, options: { refcount_bits: 1 } },
  { name: '64K clusters, 64-bit refcounts, over a qcow2 file', size: 16 * M, options: { refcount_bits: 64 }, backing: 'qcow2' },
  { name: '64K clusters, v2, over a qcow2 file', size: 16 * M, options: { compat: '0.10' }, backing: 'qcow2' },
  { name: '64K clusters with a snapshot, over a raw file', size: 16 * M, options: {}, backing: 'raw', hasSnapshot: true },
  { name: '2M clusters', size: 32 * M, options: { cluster_size: 2 * M }, requests: 60 },
  { name: '2M clusters over a raw file', size: 16 * M, options: { cluster_size: 2 * M }, backing: 'raw', requests: 40 },
  {
    name: '2M clusters, v2, with a snapshot',
    size: 16 * M,
    options: { cluster_size: 2 * M, compat: '0.10' },
    hasSnapshot: true,
    requests: 40,
  },
];
const SEED = Number(process.env['CH_QCOW2_SEED'] ?? 1);

(hasQemu ? describe : describe.skip)('a qcow2 image under random requests', function () {
  this.timeout(60_000);

  for (const [index, row] of rows.entries()) {
    it(`${row.name}: holds what was written`, () => {
      using images = new TestImages();
      const random = new Random(SEED * 1000 + index);
      let versions = makeImage(images, row, random);
      const path = images.path('disk');
      // Twice: what a clean end left is used again.
      for (let round = 0; round < 2; round++) {
        const { image, files } = images.open(path);
        const ring = new ImageRing(image, files, { versions, random });
        ring.run(row.requests ?? 120, 12, row.size / 16 / SECTOR);
        check(differences(ring.read(), ring.versions)).to.deep.equal([]);
        expect(image.close(), 'close');
        versions = ring.versions;
      }
      check(checked(path)).to.equal('clean');
      check(differences(asQemuReads(images, path), versions)).to.deep.equal([]);
      if (row.hasSnapshot === true) check(snapshotOf(images, path)).to.equal(true);
    });
  }
});

/** The disk's content at first. */
function makeImage(images: TestImages, row: Row, random: Random): Int32Array {
  const versions = new Int32Array(row.size / SECTOR);
  if (row.backing !== undefined) {
    // A little shorter than the disk.
    const shown = versions.subarray(0, versions.length - 24);
    for (let first = 0; first < shown.length; first += 40) if (random.oneIn(2)) shown.fill(1, first, first + 40);
    const raw = images.write('backing.raw', bytesOf(shown));
    if (row.backing === 'qcow2')
      qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-o', 'cluster_size=4096', raw, images.path('backing.qcow2'));
    images.create('disk', row.size, { ...row.options, backing_file: `backing.${row.backing}`, backing_fmt: row.backing });
  } else {
    images.create('disk', row.size, row.options);
  }
  if (row.hasSnapshot !== true) return versions;
  const { image, files } = images.open(images.path('disk'));
  const ring = new ImageRing(image, files, { versions, random });
  ring.run(100, 4, row.size / 16 / SECTOR);
  expect(image.close(), 'close');
  images.write('snapshot.raw', bytesOf(ring.versions));
  qemuImg('snapshot', '-c', 'one', images.path('disk'));
  return ring.versions;
}

function asQemuReads(images: TestImages, path: string): Int32Array {
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, images.path('read.raw'));
  return versionsOf(new Uint8Array(readFileSync(images.path('read.raw')).buffer), 0);
}

/** Whether the snapshot is what it was when it was made. */
function snapshotOf(images: TestImages, path: string): boolean {
  qemuImg('convert', '-f', 'qcow2', '-l', 'snapshot.name=one', '-O', 'raw', path, images.path('old.raw'));
  return readFileSync(images.path('old.raw')).equals(readFileSync(images.path('snapshot.raw')));
}
