/**
 * The power goes while a ring is served: what a driver has flushed is there, and the image is consistent, whatever the host has done
 * in whatever order of all that was not yet durable. So every barrier that the ring owes to its driver, and to its image's format, is
 * looked at.
 *
 * CH_BLOCK_LOSSES: moments looked at in each row.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { Random } from '#shared/testing/random.ts';
import { checked } from './image/qcow2/testing/qemu-check.fixture.ts';
import { readNow } from './image/qcow2/testing/image-ring.fixture.ts';
import { SECTOR, bytesOf, versionsOf } from './image/qcow2/testing/sectors.fixture.ts';
import { TestImages } from './image/qcow2/testing/test-images.fixture.ts';
import { RawImage } from './image/raw-image.ts';
import { hasQemu } from './image/testing/qemu.fixture.ts';
import { RecordingFile } from './image/testing/recording-file.fixture.ts';
import { RecordedRing } from './testing/recorded-ring.fixture.ts';

const K = 1024;
const SIZE = 2 * K * K;
const LOSSES = Number(process.env['CH_BLOCK_LOSSES'] ?? 12);
const SEED = Number(process.env['CH_BLOCK_SEED'] ?? 1);
const REQUESTS = 400;

interface Row {
  readonly name: string;
  /** Undefined: a raw image. */
  readonly clusterSize?: number;
  readonly isBacked?: boolean;
}

const ROWS: readonly Row[] = [
  { name: 'raw' },
  { name: 'qcow2, clusters of 512 bytes', clusterSize: 512 },
  { name: 'qcow2, clusters of 4 KiB', clusterSize: 4 * K },
  { name: 'qcow2, clusters of 64 KiB', clusterSize: 64 * K },
  { name: 'qcow2, clusters of 4 KiB upon another image', clusterSize: 4 * K, isBacked: true },
  { name: 'qcow2, clusters of 64 KiB upon another image', clusterSize: 64 * K, isBacked: true },
];

describe('a disk whose power goes under load', function () {
  this.timeout(60_000 + 3000 * LOSSES);

  for (const [index, row] of ROWS.entries()) {
    it(`${row.name}: has what was flushed, and no block that nobody wrote`, function () {
      if (row.clusterSize !== undefined && !hasQemu) return this.skip();
      using images = new TestImages();
      const random = new Random(SEED * 1000 + index);
      const versions = new Int32Array(SIZE / SECTOR);
      if (row.isBacked === true || row.clusterSize === undefined) versions.fill(1, 0, versions.length / 2);
      const path = makeImage(images, row, versions);
      const before = images.path('before');
      copyFileSync(path, before);
      const file = new RecordingFile(images.descriptor(path));
      const opened =
        row.clusterSize === undefined
          ? { image: new RawImage(file.fd, { size: SIZE, readOnly: false }), files: [file] }
          : images.open(path, {}, file);
      using ring = new RecordedRing(opened, { file, versions, random });
      ring.run(REQUESTS);
      expect(opened.image.close(), 'close');
      check(ring.flushes.length).to.be.greaterThan(4);
      const lost = images.path('lost');
      for (let loss = 0; loss < LOSSES; loss++) {
        const end = 1 + random.below(file.changes.length);
        file.afterLoss(before, lost, end, random);
        const where = `seed ${SEED}, after ${end} of ${file.changes.length} changes`;
        if (row.clusterSize !== undefined) check(checked(lost), where).to.be.oneOf(['clean', 'leaks']);
        check(ring.wrongAt(end, versionsIn(images, row, lost)), where).to.deep.equal([]);
        if (row.clusterSize !== undefined) check(checked(lost), `${where}, opened again`).to.equal('clean');
      }
    });
  }
});

/** An image that shows these versions of its sectors. */
function makeImage(images: TestImages, { clusterSize, isBacked }: Row, versions: Int32Array): string {
  if (clusterSize === undefined) {
    writeFileSync(images.path('disk'), bytesOf(versions));
    return images.path('disk');
  }
  if (isBacked !== true) return images.create('disk', SIZE, { cluster_size: clusterSize });
  writeFileSync(images.path('backing.raw'), bytesOf(versions));
  return images.create('disk', SIZE, { cluster_size: clusterSize, backing_file: 'backing.raw', backing_fmt: 'raw' });
}

/** What is in it when it is opened again, and closed. */
function versionsIn(images: TestImages, { clusterSize }: Row, path: string): Int32Array {
  if (clusterSize === undefined) return versionsOf(new Uint8Array(readFileSync(path)), 0);
  const { image, files } = images.open(path);
  const found = versionsOf(readNow(image, files, { first: 0, count: SIZE / SECTOR }), 0);
  expect(image.close(), 'close');
  return found;
}
