/**
 * Power lost and processes killed at any moment: what qemu-img says of the image that is left, and what is in it. All that was done
 * before the last completed fdatasync is there; of what came later any sectors are, or, where only the process died, all of them.
 *
 * CH_QCOW2_LOSSES: moments looked at in each row; more than a few take long.
 */
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { Random } from '#shared/testing/random.ts';
import { hasQemu, qemuImg, qemuIo } from '../testing/qemu.fixture.ts';
import { RecordingFile, replay } from '../testing/recording-file.fixture.ts';
import { type DiskChange, ImageRing, readNow } from './testing/image-ring.fixture.ts';
import { checked } from './testing/qemu-check.fixture.ts';
import { SECTOR, bytesOf, versionsOf } from './testing/sectors.fixture.ts';
import { type CreateOptions, TestImages } from './testing/test-images.fixture.ts';

interface Row {
  readonly name: string;
  readonly size: number;
  readonly options: CreateOptions;
  /** Sectors of the longest request; else a 32nd of the disk. */
  readonly longest?: number;
  readonly isBacked?: boolean;
  readonly hasSnapshot?: boolean;
}

const K = 1024;
const M = K * K;
const rows: readonly Row[] = [
  { name: '512-byte clusters', size: 2 * M, options: { cluster_size: 512 } },
  {
    name: '512-byte clusters, 64-bit refcounts, with a snapshot',
    size: M,
    options: { cluster_size: 512, refcount_bits: 64 },
    hasSnapshot: true,
  },
  // The refcount table has to grow.
  { name: '512-byte clusters, 64-bit refcounts', size: 3 * M, options: { cluster_size: 512, refcount_bits: 64 }, longest: 1024 },
  { name: '4K clusters, v2, over a backing file', size: 4 * M, options: { cluster_size: 4 * K, compat: '0.10' }, isBacked: true },
  {
    name: '4K clusters with a snapshot, over a backing file',
    size: 4 * M,
    options: { cluster_size: 4 * K },
    isBacked: true,
    hasSnapshot: true,
  },
  { name: '64K clusters', size: 8 * M, options: {} },
  { name: '64K clusters over a backing file', size: 8 * M, options: { lazy_refcounts: 'on' }, isBacked: true },
];
const LOSSES = Number(process.env['CH_QCOW2_LOSSES'] ?? 4);
const SEED = Number(process.env['CH_QCOW2_SEED'] ?? 1);

/** What a row's requests left to be looked at. */
interface Recorded {
  readonly images: TestImages;
  readonly file: RecordingFile;
  /** The image at first. */
  readonly before: string;
  /** The disk's content at first, and each change. */
  readonly versions: Int32Array;
  readonly changes: readonly DiskChange[];
}

(hasQemu ? describe : describe.skip)('a qcow2 image whose power is lost', function () {
  this.timeout(60_000 + 2000 * LOSSES);

  for (const [index, row] of rows.entries()) {
    it(`${row.name}: is consistent, and has what was flushed`, () => {
      using images = new TestImages();
      const random = new Random(SEED * 1000 + index);
      const recorded = record(images, row, random);
      const moments = recorded.file.changes.length;
      for (let loss = 0; loss < LOSSES; loss++) {
        const end = 1 + random.below(moments);
        const path = images.path('lost');
        recorded.file.afterLoss(recorded.before, path, end, random);
        examine(recorded, { path, durable: recorded.file.durableAt(end), end });
      }
    });
  }
});

(hasQemu ? describe : describe.skip)('a qcow2 image whose process is killed', function () {
  this.timeout(60_000 + 2000 * LOSSES);

  for (const [index, row] of rows.entries()) {
    it(`${row.name}: is consistent, and has what was completed`, () => {
      using images = new TestImages();
      const random = new Random(SEED * 2000 + index);
      const recorded = record(images, row, random);
      for (let loss = 0; loss < LOSSES / 2; loss++) {
        const end = 1 + random.below(recorded.file.changes.length);
        const path = images.path('lost');
        // The page cache loses nothing.
        recorded.file.afterKill(recorded.before, path, end);
        examine(recorded, { path, durable: end, end });
      }
    });
  }
});

(hasQemu ? describe : describe.skip)('a qcow2 image that loses power while it is resized', function () {
  this.timeout(60_000 + 2000 * LOSSES);
  for (const clusterSize of [512, 64 * K]) {
    it(`clusters of ${clusterSize}: has the old size or the new one, and all that was in it`, () => {
      using images = new TestImages();
      const random = new Random(SEED * 3000 + clusterSize);
      const path = images.create('disk', M, { cluster_size: clusterSize });
      const written = images.open(path);
      const ring = new ImageRing(written.image, written.files, { versions: new Int32Array(M / SECTOR), random });
      ring.run(60, 4, 64);
      expect(written.image.close(), 'close');
      const before = images.copy(path, 'before');
      const file = new RecordingFile(images.descriptor(path));
      const { image } = images.open(path, {}, file);
      const sizes = [M, 40 * M, 600 * K, 3 * M];
      for (const size of sizes.slice(1)) expect(image.resize(size), 'resize');
      expect(image.close(), 'close');
      for (let loss = 0; loss < LOSSES * 2; loss++) {
        const end = 1 + random.below(file.changes.length);
        const lost = images.path('lost');
        file.afterLoss(before, lost, end, random);
        check(checked(lost), `after ${end} changes`).to.be.oneOf(['clean', 'leaks']);
        const again = images.open(lost);
        check(again.image.size).to.be.oneOf(sizes);
        const found = versionsOf(readNow(again.image, again.files, { first: 0, count: (600 * K) / SECTOR }), 0);
        check([...found]).to.deep.equal([...ring.versions.subarray(0, found.length)]);
        expect(again.image.close(), 'close');
        check(checked(lost), `after ${end} changes, opened again`).to.equal('clean');
      }
    });
  }
});

(hasQemu ? describe : describe.skip)('a qcow2 image whose first change is a discard', () => {
  it('says that there may be leaks before there can be any', () => {
    using images = new TestImages();
    const path = images.create('disk', M, { cluster_size: 4 * K });
    qemuIo('qcow2', path, 'write -P 1 0 1M');
    const before = images.copy(path, 'before');
    const file = new RecordingFile(images.descriptor(path));
    const { image } = images.open(path, {}, file);
    expect(image.resize(64 * K), 'resize');
    const lost = images.path('lost');
    for (let end = 1; end <= file.changes.length; end++) {
      // One change is missing, of those that are not durable.
      for (let missing = file.durableAt(end); missing < end; missing++) {
        const changes = file.changes.slice(0, end).filter((_, index) => index !== missing);
        replay(changes, { from: before, to: lost });
        check(checked(lost), `after ${end} changes without ${missing}`).to.be.oneOf(['clean', 'leaks']);
        expect(images.open(lost).image.close(), 'close');
        check(checked(lost), `after ${end} changes without ${missing}, opened again`).to.equal('clean');
      }
    }
  });
});

function record(images: TestImages, row: Row, random: Random): Recorded {
  const versions = new Int32Array(row.size / SECTOR);
  const options: Record<string, string | number> = { ...row.options };
  if (row.isBacked === true) {
    for (let first = 0; first < versions.length - 40; first += 40) if (random.oneIn(2)) versions.fill(1, first, first + 40);
    images.write('backing.raw', bytesOf(versions));
    Object.assign(options, { backing_file: 'backing.raw', backing_fmt: 'raw' });
  }
  const path = images.create('disk', row.size, options);
  // What lies where clusters were freed must not show again.
  const first = images.open(path);
  const earlier = new ImageRing(first.image, first.files, { versions, random });
  earlier.run(60, 4, row.size / 16 / SECTOR);
  expect(first.image.close(), 'close');
  if (row.hasSnapshot === true) qemuImg('snapshot', '-c', 'one', path);
  const before = images.copy(path, 'before');
  const start = earlier.versions.slice();
  const file = new RecordingFile(images.descriptor(path));
  const { image, files } = images.open(path, {}, file);
  const ring = new ImageRing(image, files, { versions: earlier.versions, random });
  ring.run(150, 12, row.longest ?? row.size / 32 / SECTOR);
  expect(image.close(), 'close');
  return { images, file, before, versions: start, changes: ring.changes };
}

interface Loss {
  readonly path: string;
  /** Changes of the file that are there for certain, and those that were made at all. */
  readonly durable: number;
  readonly end: number;
}

function examine(recorded: Recorded, { path, durable, end }: Loss): void {
  const { images, versions, changes } = recorded;
  const where = `after ${end} changes, ${durable} of them durable`;
  check(checked(path), where).to.be.oneOf(['clean', 'leaks']);
  // Opened again: the leaks are gone, and the content is what it was.
  const { image, files } = images.open(path);
  const found = versionsOf(readNow(image, files, { first: 0, count: versions.length }), 0);
  const allowed = new Possible(versions, changes, { durable, end });
  check(allowed.wrong(found), where).to.deep.equal([]);
  const ring = new ImageRing(image, files, { versions: found, random: new Random(end) });
  ring.run(10, 4, 64);
  check([...ring.read()].join()).to.equal([...ring.versions].join());
  expect(image.close(), 'close');
  check(checked(path), `${where}, opened again`).to.equal('clean');
}

/** What each sector may hold: what it had when the durable changes were made, and whatever was begun since. */
class Possible {
  readonly #sets: Set<number>[];

  constructor(versions: Int32Array, changes: readonly DiskChange[], { durable, end }: { durable: number; end: number }) {
    this.#sets = Array.from(versions, (version) => new Set([version]));
    for (const { first, count, version, begun, ended, isHint } of changes) {
      if (begun > end) continue;
      for (let sector = first; sector < first + count; sector++) {
        if (ended <= durable && !isHint) this.#sets[sector]?.clear();
        this.#sets[sector]?.add(version);
      }
    }
  }

  wrong(found: Int32Array): readonly string[] {
    const texts: string[] = [];
    for (const [sector, set] of this.#sets.entries()) {
      const version = found[sector] ?? -1;
      if (!set.has(version)) texts.push(`sector ${sector}: ${version}, none of ${[...set].join(' ')}`);
    }
    return texts.slice(0, 10);
  }
}
