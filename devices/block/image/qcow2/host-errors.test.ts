/** A host that refuses: requests end with an error, the image stays consistent, and goes on when the host does. */
import { expect as check } from 'chai';
import { EIO, ENOSPC } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { Random } from '#shared/testing/random.ts';
import { hasQemu, qemuImg } from '../testing/qemu.fixture.ts';
import { EXTENT } from '../image.ts';
import { FailingFile } from './testing/failing-file.fixture.ts';
import { readNow } from './testing/image-ring.fixture.ts';
import { checked } from './testing/qemu-check.fixture.ts';
import { SECTOR, stamp, versionsOf } from './testing/sectors.fixture.ts';
import { type CreateOptions, type OpenedImage, TestImages } from './testing/test-images.fixture.ts';

const M = 1 << 20;

(hasQemu ? describe : describe.skip)('a qcow2 image on a host that refuses', () => {
  const rows: readonly { readonly name: string; readonly options: CreateOptions; readonly hasSnapshot: boolean }[] = [
    { name: '512-byte clusters', options: { cluster_size: 512 }, hasSnapshot: false },
    { name: '4K clusters with a snapshot', options: { cluster_size: 4096 }, hasSnapshot: true },
    { name: '64K clusters, v2', options: { compat: '0.10' }, hasSnapshot: false },
  ];
  for (const { name, options, hasSnapshot } of rows) {
    it(`${name}: has what was completed, and no errors`, () => {
      using images = new TestImages();
      const path = images.create('disk', 4 * M, options);
      const random = new Random(5);
      const allowed: Set<number>[] = Array.from({ length: (4 * M) / SECTOR }, () => new Set([0]));
      for (let round = 0; round < 4; round++) {
        if (hasSnapshot && round === 1) qemuImg('snapshot', '-c', 'one', path);
        const file = new FailingFile(images.descriptor(path));
        const opened = images.open(path, {}, file);
        let failures = 0;
        for (let version = 1; version <= 60; version++) {
          file.refuse = (call) => (call !== 'sync' && random.oneIn(5) ? ENOSPC : 0);
          const first = random.below(allowed.length - 64);
          const count = 1 + random.below(64);
          const isDone = write(opened, { first, count, version: round * 100 + version });
          if (!isDone) failures++;
          for (let sector = first; sector < first + count; sector++) {
            if (isDone) allowed[sector]?.clear();
            allowed[sector]?.add(round * 100 + version);
          }
        }
        check(failures).to.be.above(0);
        file.refuse = () => 0;
        check(write(opened, { first: 0, count: 1, version: 1000 + round })).to.equal(true);
        allowed[0] = new Set([1000 + round]);
        const found = versionsOf(readNow(opened.image, opened.files, { first: 0, count: allowed.length }), 0);
        check([...found.entries()].filter(([sector, version]) => allowed[sector]?.has(version) !== true)).to.deep.equal([]);
        // Half of the images are not closed in order.
        if (round % 2 === 0) check(opened.image.close().ok).to.equal(true);
        check(checked(path)).to.be.oneOf(['clean', 'leaks']);
      }
      check(images.open(path).image.close().ok).to.equal(true);
      check(checked(path)).to.equal('clean');
    });
  }

  it('an fdatasync that fails: nothing is given out any more that it should have made durable', () => {
    using images = new TestImages();
    const file = new FailingFile(images.descriptor(images.create('disk', 64 * M)));
    const opened = images.open(images.path('disk'), {}, file);
    check(write(opened, { first: 0, count: 1, version: 1 })).to.equal(true);
    file.refuse = (call) => (call === 'sync' ? EIO : 0);
    sync(opened);
    file.refuse = () => 0;
    const outcomes = Array.from({ length: 512 }, (_, index) => write(opened, { first: index * 128, count: 1, version: 2 }));
    // What has its place can be written as ever; new places end with the pool.
    check(outcomes[0]).to.equal(true);
    check(outcomes.at(-1)).to.equal(false);
    check(opened.image.error).to.match(/flush the image.*EIO/);
    check(opened.image.close().ok).to.equal(false);
    check(checked(images.path('disk'))).to.be.oneOf(['clean', 'leaks']);
  });
});

interface Wanted {
  readonly first: number;
  readonly count: number;
  readonly version: number;
}

/** One write as a ring does it; false where it ends with an error. */
function write(opened: OpenedImage, { first, count, version }: Wanted): boolean {
  const { image, files } = opened;
  const data = allocate(count * SECTOR);
  stamp(data.bytes, version, first, count);
  let waits = 0;
  for (let done = 0; done < data.bytes.length;) {
    const kind = image.locateWrite(first * SECTOR + done, data.bytes.length - done);
    if (kind === EXTENT.failed) return false;
    if (kind === EXTENT.busy) {
      check(++waits).to.be.below(100);
      sync(opened);
      continue;
    }
    const { claim, offset, length } = image.extent;
    const written = files[0]?.write(data, done, length, offset) ?? 0;
    if (kind === EXTENT.fresh) {
      if (written < 0) image.abandon(claim);
      else if (image.needsBarrier(claim)) sync(opened);
      if (written === 0 && image.publish(claim) < 0) return false;
    }
    if (written < 0) return false;
    done += length;
  }
  return true;
}

function sync({ image, files }: OpenedImage): void {
  const ticket = image.durability.syncBegins();
  image.durability.syncEnds(ticket, files[0]?.sync() ?? 0);
}
