/** Images that QEMU wrote read by us, and the reverse; sizes; and what marks we heed and leave. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { Random } from '#shared/testing/random.ts';
import { EXTENT } from '../image.ts';
import { hasQemu, qemuImg, qemuIo } from '../testing/qemu.fixture.ts';
import { ImageRing, readNow } from './testing/image-ring.fixture.ts';
import { checked } from './testing/qemu-check.fixture.ts';
import { SECTOR, bytesOf, differences, versionsOf } from './testing/sectors.fixture.ts';
import { type OpenedImage, TestImages } from './testing/test-images.fixture.ts';

const K = 1024;
const M = K * K;

(hasQemu ? describe : describe.skip)('a qcow2 image that QEMU made', () => {
  for (const compression of ['zlib', 'zstd']) {
    for (const clusterSize of [512, 4 * K, 64 * K, 2 * M]) {
      it(`compressed with ${compression}, clusters of ${clusterSize}: reads, and is written`, () => {
        using images = new TestImages();
        const random = new Random(clusterSize);
        const versions = patches(4 * M, random);
        const raw = images.write('raw', bytesOf(versions));
        const path = images.path('disk');
        const options = `cluster_size=${clusterSize},compression_type=${compression}`;
        qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', options, raw, path);
        const { image, files } = images.open(path);
        check(differences(contentOf({ image, files }), versions)).to.deep.equal([]);
        const ring = new ImageRing(image, files, { versions, random });
        ring.run(60, 6, 512);
        expect(image.close(), 'close');
        check(checked(path)).to.equal('clean');
        check(differences(asQemuReads(images, path), ring.versions)).to.deep.equal([]);
      });
    }
  }

  it('written by qemu-io with holes, zeros and a short last cluster: reads', () => {
    using images = new TestImages();
    const path = images.create('disk', 3 * M + 512, { cluster_size: 64 * K });
    qemuIo('qcow2', path, 'write -P 1 0 64k', 'write -P 2 100k 300k', 'write -z 128k 64k', 'write -z -u 256k 64k', 'discard 320k 64k');
    qemuIo('qcow2', path, `write -P 3 ${3 * M} 512`, 'write -P 4 1M 4k');
    qemuImg('convert', '-O', 'raw', path, images.path('raw'));
    const wanted = readFileSync(images.path('raw'));
    for (const readOnly of [true, false]) {
      const { image, files } = images.open(path, { readOnly });
      check(image.size).to.equal(3 * M + 512);
      check(Buffer.from(readNow(image, files, { first: 0, count: image.size / SECTOR })).equals(wanted)).to.equal(true);
    }
  });

  it('left dirty with lazy refcounts: has its refcounts rebuilt', () => {
    using images = new TestImages();
    const path = images.create('disk', 64 * M, { cluster_size: 4 * K, lazy_refcounts: 'on' });
    // QEMU ends without having written its refcounts.
    try {
      qemuIo('qcow2', path, 'write -P 5 0 20M', 'abort');
    } catch (error) {
      check(String(error)).to.include('status null');
    }
    check(isDirty(path)).to.equal(true);
    check(checked(path)).not.to.be.oneOf(['clean', 'leaks']);
    const { image } = images.open(path);
    check(expect(image.close(), 'close')).to.equal(undefined);
    check(isDirty(path)).to.equal(false);
    check(checked(path)).to.equal('clean');
    qemuIo('qcow2', path, 'read -P 5 0 20M');
  });

  it('left by us in the middle: is repaired by QEMU as it is opened', () => {
    using images = new TestImages();
    const path = images.create('disk', 16 * M);
    const { image, files } = images.open(path);
    const ring = new ImageRing(image, files, { versions: new Int32Array((16 * M) / SECTOR), random: new Random(9) });
    ring.run(40, 4, 256);
    check(isDirty(path)).to.equal(true);
    check(checked(path)).to.equal('leaks');
    const copy = images.write('copy', readFileSync(path));
    qemuIo('qcow2', copy, 'write -P 1 0 512');
    check(checked(copy)).to.equal('clean');
    ring.versions[0] = -1;
    check(differences(asQemuReads(images, copy), ring.versions)).to.deep.equal([]);
    expect(image.close(), 'close');
  });

  it('of version 2 with a leak: loses it', () => {
    using images = new TestImages();
    const path = images.create('disk', M, { compat: '0.10' });
    qemuIo('qcow2', path, 'write -P 5 0 128k');
    const bytes = readFileSync(path);
    // Refcount block 0 lies in the third cluster of a new image; cluster 20 becomes used by nobody.
    bytes.writeUInt16BE(1, 2 * 64 * K + 2 * 20);
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(M)]));
    check(checked(path)).to.equal('leaks');
    expect(images.open(path).image.close(), 'close');
    check(checked(path)).to.equal('clean');
  });

  it('with a persistent bitmap: gives the bitmap up', () => {
    using images = new TestImages();
    const path = images.create('disk', M);
    qemuImg('bitmap', '--add', path, 'changes');
    check(readFileSync(path).readUInt32BE(92)).to.equal(1);
    check(images.open(path, { readOnly: true }).image.notice).to.equal(undefined);
    const { image, files } = images.open(path);
    check(image.notice).to.match(/^had persistent bitmaps, which are given up/);
    const ring = new ImageRing(image, files, { versions: new Int32Array(M / SECTOR), random: new Random(1) });
    ring.run(20, 4, 64);
    expect(image.close(), 'close');
    check(readFileSync(path).readUInt32BE(92)).to.equal(0);
    check(checked(path)).to.be.oneOf(['clean', 'leaks']);
    check(images.open(path).image.notice).to.equal(undefined);
  });

  it('opened for reading: is not touched, and refuses writes', () => {
    using images = new TestImages();
    const path = images.create('disk', M, { compat: '0.10' });
    const before = readFileSync(path);
    const { image } = images.open(path, { readOnly: true });
    check(image.locateWrite(0, SECTOR)).to.equal(EXTENT.failed);
    check(image.discard(0, M)).to.be.below(0);
    check(image.writeZeroes(0, M, true)).to.be.below(0);
    check(image.resize(2 * M).ok).to.equal(false);
    expect(image.close(), 'close');
    check(readFileSync(path).equals(before)).to.equal(true);
  });
});

(hasQemu ? describe : describe.skip)('a qcow2 image that is resized', () => {
  const sizes = [M, 9 * M + 512, 700 * K, 40 * M, 3 * M];
  const rows = [
    { name: '512-byte clusters', options: { cluster_size: 512 } },
    { name: '4K clusters, v2', options: { cluster_size: 4 * K, compat: '0.10' } },
    { name: '64K clusters', options: {} },
    { name: '64K clusters over a longer backing file', options: {}, isBacked: true },
  ];
  for (const { name, options, isBacked } of rows) {
    it(`${name}: grows by zeros, and shrinks`, () => {
      using images = new TestImages();
      const random = new Random(3);
      const backing = isBacked === true ? { backing_file: 'raw', backing_fmt: 'raw' } : {};
      let versions = isBacked === true ? new Int32Array((2 * M) / SECTOR).fill(1) : new Int32Array((2 * M) / SECTOR);
      images.write('raw', bytesOf(isBacked === true ? new Int32Array((20 * M) / SECTOR).fill(1) : versions));
      const path = images.create('disk', 2 * M, { ...options, ...backing });
      const { image, files } = images.open(path);
      for (const size of sizes) {
        const ring = new ImageRing(image, files, { versions, random });
        ring.run(40, 6, 512);
        expect(image.resize(size), 'resize');
        check(image.size).to.equal(size);
        versions = new Int32Array(size / SECTOR);
        versions.set(ring.versions.subarray(0, versions.length));
        check(differences(contentOf({ image, files }), versions), `${size} bytes`).to.deep.equal([]);
      }
      expect(image.close(), 'close');
      check(checked(path)).to.equal('clean');
      check(differences(asQemuReads(images, path), versions)).to.deep.equal([]);
    });
  }

  it('is refused where the size is none, or the format has no room', () => {
    using images = new TestImages();
    const { image } = images.open(images.create('disk', M, { cluster_size: 512 }));
    for (const size of [0, -512, 100, 1.5 * SECTOR, Infinity, 2 ** 40]) {
      const done = image.resize(size);
      check(done.ok ? 'resized' : done.error.code, String(size)).to.equal('BAD_SIZE');
    }
    check(image.size).to.equal(M);
  });

  it('of version 2 with a snapshot keeps its size', () => {
    using images = new TestImages();
    const path = images.create('disk', M, { compat: '0.10' });
    qemuImg('snapshot', '-c', 'one', path);
    const done = images.open(path).image.resize(2 * M);
    check(done.ok ? 'resized' : done.error.code).to.equal('NOT_SUPPORTED');
  });
});

(hasQemu ? describe : describe.skip)('clusters that were discarded', () => {
  it('are given back to the host, and used again', () => {
    using images = new TestImages();
    const path = images.create('disk', 64 * M);
    const { image, files } = images.open(path);
    const [file] = files;
    let largest = 0;
    for (let round = 0; round < 8; round++) {
      const ring = new ImageRing(image, files, { versions: new Int32Array((64 * M) / SECTOR), random: new Random(round) });
      writeAll(ring, { image, files }, 8 * M);
      for (let offset = 0; offset < 64 * M; offset += image.extent.length) check(image.discard(offset, 64 * M - offset)).to.equal(0);
      ring.flush();
      ring.flush();
      ring.flush();
      largest = Math.max(largest, file?.size() ?? 0);
    }
    // Eight times as much was written; a batch of clusters waits for use besides.
    check(largest).to.be.below(40 * M);
    expect(image.close(), 'close');
    check(file?.size() ?? 0).to.be.below(2 * M);
    check(checked(path)).to.equal('clean');
  });
});

/** Sequential writes, one at a time. */
function writeAll(ring: ImageRing, { image, files }: OpenedImage, length: number): void {
  const data = allocate(M);
  for (let offset = 0; offset < length;) {
    const kind = image.locateWrite(offset, Math.min(M, length - offset));
    if (kind === EXTENT.busy) {
      ring.flush();
      continue;
    }
    check(kind, image.error).to.equal(EXTENT.fresh);
    const { claim, length: done, offset: place } = image.extent;
    check(files[0]?.write(data, 0, done, place)).to.equal(0);
    check(image.publish(claim)).to.equal(0);
    offset += done;
  }
}

function patches(size: number, random: Random): Int32Array {
  const versions = new Int32Array(size / SECTOR);
  for (let first = 0; first < versions.length; first += 64) if (random.oneIn(2)) versions.fill(1, first, first + 64);
  return versions;
}

function contentOf({ image, files }: OpenedImage): Int32Array {
  return versionsOf(readNow(image, files, { first: 0, count: image.size / SECTOR }), 0);
}

function asQemuReads(images: TestImages, path: string): Int32Array {
  qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, images.path('read.raw'));
  return versionsOf(new Uint8Array(readFileSync(images.path('read.raw')).buffer), 0);
}

function isDirty(path: string): boolean {
  return (readFileSync(path).readUInt32BE(76) & 1) === 1;
}
