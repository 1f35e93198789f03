/** Images that contradict themselves: refused by name where opening can see it, else an error for the bytes concerned and no other. */
import { readFileSync, truncateSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { Random } from '#shared/testing/random.ts';
import { EXTENT, STEP_BUSY } from '../image.ts';
import { readNow } from './testing/image-ring.fixture.ts';
import { AT, CLUSTER, DATA_CLUSTERS, DISK_SIZE, SmallImage } from './testing/small-image.fixture.ts';
import { HEADER } from './spec.ts';
import { type OpenedImage, TestImages } from './testing/test-images.fixture.ts';

type Damage = (image: SmallImage) => void;
const COPIED = 2 ** 63;
const COMPRESSED = 2 ** 62;

describe('a qcow2 image that is refused', () => {
  const rows: readonly (readonly [string, string, Damage])[] = [
    ['no magic', 'NOT_THIS_FORMAT', ({ view }) => view.setUint32(HEADER.magic, 0)],
    ['version 1', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.version, 1)],
    ['version 4', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.version, 4)],
    ['clusters of 256 bytes', 'CORRUPT', ({ view }) => view.setUint32(HEADER.clusterBits, 8)],
    ['clusters of 2^31 bytes', 'CORRUPT', ({ view }) => view.setUint32(HEADER.clusterBits, 31)],
    ['clusters of 2^(2^32 - 1) bytes', 'CORRUPT', ({ view }) => view.setUint32(HEADER.clusterBits, 0xffff_ffff)],
    ['encrypted with AES', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.cryptMethod, 1)],
    ['encrypted with LUKS', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.cryptMethod, 2)],
    ['external data file', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.incompatible + 4, 4)],
    ['extended L2 entries', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.incompatible + 4, 16)],
    ['unknown incompatible feature', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.incompatible + 4, 32)],
    ['incompatible feature 63', 'NOT_SUPPORTED', ({ view }) => view.setUint32(HEADER.incompatible, COPIED / 2 ** 32)],
    ['corrupt, for writing', 'CORRUPT', ({ view }) => view.setUint32(HEADER.incompatible + 4, 2)],
    ['compression without its feature', 'CORRUPT', (image) => setCompression(image, 0, 1)],
    ['the compression feature without compression', 'CORRUPT', (image) => setCompression(image, 8, 0)],
    ['unknown compression', 'NOT_SUPPORTED', (image) => setCompression(image, 8, 2)],
    ['refcounts of 128 bits', 'CORRUPT', ({ view }) => view.setUint32(HEADER.refcountOrder, 7)],
    ['a header of 72 bytes', 'CORRUPT', ({ view }) => view.setUint32(HEADER.headerLength, 72)],
    ['a header of 105 bytes', 'CORRUPT', ({ view }) => view.setUint32(HEADER.headerLength, 105)],
    ['a header of 2^32 - 8 bytes', 'CORRUPT', ({ view }) => view.setUint32(HEADER.headerLength, 0xffff_fff8)],
    ['no sector', 'CORRUPT', (image) => image.put(HEADER.size, 511)],
    ['2^63 bytes', 'NOT_SUPPORTED', (image) => image.put(HEADER.size, 2 ** 63)],
    ['an L1 table too small for the size', 'CORRUPT', (image) => image.put(HEADER.size, DISK_SIZE + 512)],
    ['an L1 table of 2^32 - 1 entries', 'CORRUPT', ({ view }) => view.setUint32(HEADER.l1Size, 0xffff_ffff)],
    ['an L1 table that passes the end of the file', 'CORRUPT', ({ view }) => view.setUint32(HEADER.l1Size, 1 << 20)],
    ['an L1 table in the header', 'CORRUPT', (image) => image.put(HEADER.l1Offset, 0)],
    ['an L1 table between clusters', 'CORRUPT', (image) => image.put(HEADER.l1Offset, AT.l1 * CLUSTER + 8)],
    ['an L1 table outside of the file', 'CORRUPT', (image) => image.put(HEADER.l1Offset, 2 ** 40)],
    ['an L1 table at 2^63', 'CORRUPT', (image) => image.put(HEADER.l1Offset, 2 ** 63)],
    ['an L1 table in the refcount table', 'CORRUPT', (image) => image.put(HEADER.l1Offset, AT.refcountTable * CLUSTER)],
    ['an L2 table between clusters', 'CORRUPT', ({ view }) => view.setUint32(AT.l1 * CLUSTER + 4, AT.l2 * CLUSTER + 512)],
    ['an L2 table outside of the file', 'CORRUPT', (image) => image.put(AT.l1 * CLUSTER, COPIED + 2 ** 40)],
    ['an L2 table in the L1 table', 'CORRUPT', (image) => image.put(AT.l1 * CLUSTER, COPIED + AT.l1 * CLUSTER)],
    ['an L2 table in a refcount block', 'CORRUPT', (image) => image.put(AT.l1 * CLUSTER, COPIED + AT.refcountBlock * CLUSTER)],
    ['an L2 table twice', 'CORRUPT', (image) => image.put(AT.l1 * CLUSTER + 8, COPIED + AT.l2 * CLUSTER)],
    ['no refcount table', 'CORRUPT', ({ view }) => view.setUint32(HEADER.refcountTableClusters, 0)],
    ['a refcount table of 2^32 - 1 clusters', 'CORRUPT', ({ view }) => view.setUint32(HEADER.refcountTableClusters, 0xffff_ffff)],
    ['a refcount table that passes the end of the file', 'CORRUPT', ({ view }) => view.setUint32(HEADER.refcountTableClusters, 100)],
    ['a refcount table in the header', 'CORRUPT', (image) => image.put(HEADER.refcountTableOffset, 0)],
    ['a refcount block outside of the file', 'CORRUPT', (image) => image.put(AT.refcountTable * CLUSTER, 2 ** 50)],
    ['a refcount block between clusters', 'CORRUPT', (image) => image.put(AT.refcountTable * CLUSTER, AT.refcountBlock * CLUSTER + 512)],
    ['a refcount block in its own table', 'CORRUPT', (image) => image.put(AT.refcountTable * CLUSTER, AT.refcountTable * CLUSTER)],
    ['a refcount block twice', 'CORRUPT', (image) => image.put(AT.refcountTable * CLUSTER + 8, AT.refcountBlock * CLUSTER)],
    ['2^32 - 1 snapshots', 'CORRUPT', (image) => image.snapshots(AT.data, 0xffff_ffff, (AT.data + 1) * CLUSTER)],
    ['more snapshots than the file has room for', 'CORRUPT', (image) => image.snapshots(AT.data + 7, 65536, (AT.data + 1) * CLUSTER)],
    [
      'snapshots outside of the file',
      'CORRUPT',
      (image) =>
        image.snapshots(AT.data, 0, 0) ?? image.put(HEADER.snapshotsOffset, 2 ** 40) ?? image.view.setUint32(HEADER.snapshotCount, 1),
    ],
    ["a snapshot's L1 table outside of the file", 'CORRUPT', (image) => image.snapshots(AT.data, 1, 2 ** 40)],
    ["a snapshot's L1 table in the refcount table", 'CORRUPT', (image) => image.snapshots(AT.data, 1, AT.refcountTable * CLUSTER)],
    [
      'a backing name past the first cluster',
      'CORRUPT',
      (image) => image.backing('x'.repeat(100), 'raw') ?? image.put(HEADER.backingOffset, CLUSTER - 8),
    ],
    [
      'a backing name of 2^32 - 1 bytes',
      'CORRUPT',
      (image) => image.backing('x', 'raw') ?? image.view.setUint32(HEADER.backingSize, 0xffff_ffff),
    ],
    ['a backing name with a zero byte', 'CORRUPT', (image) => image.backing('a\0b', 'raw')],
    ['an extension longer than the header', 'CORRUPT', (image) => image.backing('x', 'raw') ?? image.view.setUint32(108, 0xffff_ffff)],
    ['a backing file of no stated format', 'NOT_SUPPORTED', (image) => image.backing('raw', undefined)],
    ['a backing file of another format', 'NOT_SUPPORTED', (image) => image.backing('raw', 'vmdk')],
    ['a backing file on the network', 'NOT_SUPPORTED', (image) => image.backing('nbd://host/export', 'raw')],
    ['a backing file given as JSON', 'NOT_SUPPORTED', (image) => image.backing('json:{"driver":"file"}', 'raw')],
    ['a backing file that is missing', 'BACKING', (image) => image.backing('missing', 'raw')],
    ['itself as backing file', 'BACKING', (image) => image.backing('disk', 'qcow2')],
    ['a backing file that is no qcow2 image', 'BACKING', (image) => image.backing('raw', 'qcow2')],
  ];
  for (const [name, code, damage] of rows) {
    it(`${name} -> ${code}`, () => {
      using images = new TestImages();
      images.write('raw', new Uint8Array(CLUSTER));
      const opened = images.tryOpen(damaged(images, damage));
      check(opened.ok ? 'opened' : opened.error.code).to.equal(code);
    });
  }

  it('a backing file, where none are wanted', () => {
    using images = new TestImages();
    images.write('raw', new Uint8Array(CLUSTER));
    const opened = images.tryOpen(
      damaged(images, (image) => image.backing('raw', 'raw')),
      { backingFiles: false },
    );
    check(opened.ok ? '' : opened.error.message).to.match(/has the backing file raw: add backing_files=on/);
  });

  it('a chain of a hundred files', () => {
    using images = new TestImages();
    for (let index = 0; index < 100; index++) {
      const image = new SmallImage();
      image.backing(`disk${index + 1}`, 'qcow2');
      images.write(`disk${index}`, image.bytes);
    }
    const opened = images.tryOpen(images.path('disk0'));
    check(opened.ok ? 'opened' : opened.error.code).to.equal('BACKING');
  });

  it('of every length but its own: opened or refused, never more', () => {
    using images = new TestImages();
    const { bytes } = new SmallImage();
    for (let length = 0; length < bytes.length; length += 777) {
      const opened = images.tryOpen(images.write('disk', bytes.subarray(0, length)));
      if (opened.ok) readAll(opened.value);
    }
  });
});

describe('a qcow2 image with damage that shows later', () => {
  const rows: readonly (readonly [string, Damage])[] = [
    ['data outside of the file', (image) => image.entry(0, COPIED + 2 ** 40)],
    ['data at 2^55', (image) => image.entry(0, COPIED + 2 ** 55)],
    ['data between clusters', ({ view }) => view.setUint32(AT.l2 * CLUSTER + 4, AT.data * CLUSTER + 512)],
    ['compressed data outside of the file', (image) => image.entry(0, COMPRESSED + 2 ** 40)],
    ['compressed data in the header', (image) => image.entry(0, COMPRESSED + 8)],
  ];
  for (const [name, damage] of rows) {
    it(`${name}: its bytes fail, the others are served, and the image is marked`, () => {
      using images = new TestImages();
      const opened = images.open(damaged(images, damage));
      const { image } = opened;
      check(image.locateRead(0, 512)).to.equal(EXTENT.failed);
      check(image.error).to.match(/damaged/);
      check(image.locateWrite(0, 512)).to.equal(EXTENT.failed);
      check(image.writeZeroes(0, CLUSTER, true)).to.be.below(0);
      check(readNow(image, opened.files, { first: 8, count: 8 }).every((byte) => byte === 2)).to.equal(true);
      write(opened, 3 * CLUSTER, 0x55);
      write(opened, 100 * CLUSTER, 0x66);
      expect(image.close(), 'close');
      check(incompatible(images)).to.equal(3);
      const again = images.tryOpen(images.path('disk'));
      check(again.ok ? 'opened' : again.error.code).to.equal('CORRUPT');
      const reader = images.open(images.path('disk'), { readOnly: true });
      check(readNow(reader.image, reader.files, { first: 800, count: 8 }).every((byte) => byte === 0x66)).to.equal(true);
    });
  }

  for (const [name, place] of Object.entries(AT).filter(([table]) => table !== 'data' && table !== 'header')) {
    for (const flags of [COPIED, 0]) {
      it(`data said to be in the ${name} (${flags === 0 ? 'shared' : 'its own'}): is never written`, () => {
        using images = new TestImages();
        const path = damaged(images, (image) => image.entry(1, flags + place * CLUSTER));
        const before = readFileSync(path).subarray(place * CLUSTER, (place + 1) * CLUSTER);
        const { image } = images.open(path);
        check(image.locateWrite(CLUSTER, 512)).to.equal(EXTENT.failed);
        check(image.discard(CLUSTER, CLUSTER)).to.be.below(0);
        check(image.writeZeroes(CLUSTER, CLUSTER, true)).to.be.below(0);
        check(image.writeZeroes(CLUSTER, CLUSTER, false)).to.be.below(0);
        // A run of writes stops before it.
        check(image.locateWrite(0, 4 * CLUSTER)).to.equal(EXTENT.data);
        check(image.extent.length).to.equal(CLUSTER);
        expect(image.close(), 'close');
        check(
          readFileSync(path)
            .subarray(place * CLUSTER, (place + 1) * CLUSTER)
            .equals(before),
        ).to.equal(true);
      });
    }
  }

  it('a table said to be free: is not given out', () => {
    using images = new TestImages();
    const path = damaged(images, (image) => {
      for (const cluster of Object.values(AT)) image.count(cluster, 0);
    });
    const opened = images.open(path);
    for (let index = 50; index < 60; index++) write(opened, index * CLUSTER, 0x77);
    const l2 = readFileSync(path).readBigUInt64BE(AT.l2 * CLUSTER + 8);
    check(l2).to.equal(2n ** 63n + BigInt((AT.data + 1) * CLUSTER));
    check(readNow(opened.image, opened.files, { first: 8, count: 8 }).every((byte) => byte === 2)).to.equal(true);
  });

  it('clusters past the end said to be used: are passed over', () => {
    using images = new TestImages();
    const path = damaged(images, (image) => {
      for (let cluster = AT.data + DATA_CLUSTERS; cluster < CLUSTER / 2; cluster++) image.count(cluster, 1);
    });
    const opened = images.open(path);
    write(opened, 50 * CLUSTER, 0x77);
    check(opened.image.extent.offset).to.be.at.least((CLUSTER / 2) * CLUSTER);
    expect(opened.image.close(), 'close');
  });

  it('freed data said to be free already: the image is marked', () => {
    using images = new TestImages();
    const opened = images.open(damaged(images, (image) => image.count(AT.data, 0)));
    check(opened.image.discard(0, CLUSTER)).to.equal(STEP_BUSY);
    settle(opened);
    check(opened.image.discard(0, CLUSTER)).to.equal(0);
    settle(opened);
    check(incompatible(images) & 2).to.equal(2);
  });

  it('more users than a refcount can say: is refused when it is dirty', () => {
    using images = new TestImages();
    const path = damaged(images, (image) => {
      image.view.setUint32(HEADER.refcountOrder, 0);
      image.view.setUint32(HEADER.incompatible + 4, 1);
      for (let index = 0; index < DATA_CLUSTERS; index++) image.entry(index, COPIED + AT.data * CLUSTER);
    });
    const opened = images.tryOpen(path);
    check(opened.ok ? 'opened' : opened.error.message).to.match(/more than a refcount can say/);
  });

  it('compressed data that is none: fails', () => {
    using images = new TestImages();
    const path = damaged(images, (image) => image.entry(0, COMPRESSED + AT.data * CLUSTER));
    const { image } = images.open(path);
    check(image.locateRead(0, 512)).to.equal(EXTENT.failed);
  });

  it('a file that becomes shorter: errors, and no end', () => {
    using images = new TestImages();
    const path = damaged(images, () => undefined);
    const { image, files } = images.open(path);
    truncateSync(path, AT.data * CLUSTER);
    check(image.locateRead(0, 512)).to.equal(EXTENT.data);
    check(files[0]?.read(allocate(512), 0, 512, image.extent.offset)).to.equal(0);
  });
});

describe('a qcow2 image with random damage', () => {
  const rounds = Number(process.env['CH_QCOW2_FUZZ'] ?? 150);
  it(`is used ${rounds} times: each call answers`, () => {
    using images = new TestImages();
    for (let seed = 0; seed < rounds; seed++) {
      const random = new Random(seed);
      const opened = images.tryOpen(
        damaged(images, (image) => scatter(image, random)),
        { readOnly: random.oneIn(8) },
      );
      if (!opened.ok) continue;
      for (let index = 0; index < 40; index++) use(opened.value, random);
      opened.value.image.close();
      images.closeFiles();
    }
  });
});

function damaged(images: TestImages, damage: Damage): string {
  const image = new SmallImage();
  damage(image);
  return images.write('disk', image.bytes);
}

/** A few bytes of the tables become others: any, or those of a likely place. */
function scatter({ bytes, view }: SmallImage, random: Random): void {
  for (let times = 1 + random.below(4); times > 0; times--) {
    const cluster = random.below(AT.data);
    const at = cluster * CLUSTER + random.below(random.pick([16, 112, 256])) * (cluster === 0 ? 1 : 8);
    if (random.oneIn(2)) bytes[at % bytes.length] = random.below(256);
    else view.setUint32((at & ~7) + 4, random.below(20) * CLUSTER + random.pick([0, 0, 0, 1, 512]));
  }
}

/** One request, whatever becomes of it. */
function use(opened: OpenedImage, random: Random): void {
  const { image } = opened;
  const first = random.below(Math.min(2 ** 30, image.size) / 512);
  const offset = random.oneIn(2) ? (first % 128) * 512 : first * 512;
  const length = Math.min(image.size - offset, (1 + random.below(40)) * 512);
  if (length <= 0) return;
  switch (random.below(5)) {
    case 0:
      image.locateRead(offset, length);
      break;
    case 1:
      check(image.discard(offset, length)).to.be.most(STEP_BUSY);
      break;
    case 2:
      check(image.writeZeroes(offset, length, random.oneIn(2))).to.be.most(STEP_BUSY);
      break;
    case 3:
      settle(opened);
      break;
    default:
      if (image.locateWrite(offset, length) === EXTENT.fresh) {
        while (image.needsBarrier(image.extent.claim)) settle(opened);
        image.publish(image.extent.claim);
      }
  }
}

function setCompression({ view }: SmallImage, features: number, type: number): void {
  view.setUint32(HEADER.incompatible + 4, features);
  view.setUint32(HEADER.headerLength, 112);
  view.setUint8(HEADER.compressionType, type);
}

function incompatible(images: TestImages): number {
  return readFileSync(images.path('disk')).readUInt32BE(HEADER.incompatible + 4);
}

function settle({ image, files }: OpenedImage): void {
  const ticket = image.durability.syncBegins();
  image.durability.syncEnds(ticket, files[0]?.sync() ?? 0);
}

/** A sector of `value`, as a ring writes it; other answers than a place are the test's failure. */
function write(opened: OpenedImage, offset: number, value: number): void {
  const data = allocate(CLUSTER);
  data.bytes.fill(value);
  for (let tries = 0; tries < 40; tries++) {
    const kind = opened.image.locateWrite(offset, CLUSTER);
    const { claim, offset: place, length } = opened.image.extent;
    if (kind === EXTENT.busy) {
      settle(opened);
      continue;
    }
    check(kind, opened.image.error).to.be.oneOf([EXTENT.data, EXTENT.fresh]);
    check(length).to.equal(CLUSTER);
    check(opened.files[0]?.write(data, 0, CLUSTER, place)).to.equal(0);
    if (kind === EXTENT.fresh) check(opened.image.publish(claim)).to.equal(0);
    return;
  }
  check.fail('the image stays busy');
}

function readAll({ image }: OpenedImage): void {
  for (let offset = 0; offset < image.size;) {
    const kind = image.locateRead(offset, image.size - offset);
    check(kind).not.to.equal(EXTENT.busy);
    offset += kind === EXTENT.failed ? 512 : image.extent.length;
  }
}
