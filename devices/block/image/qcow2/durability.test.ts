import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { EIO } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { EXTENT, STEP_BUSY } from '../image.ts';
import { SyncTracker } from './durability.ts';
import { AT, CLUSTER, DATA_CLUSTERS, SmallImage } from './testing/small-image.fixture.ts';
import { type OpenedImage, TestImages } from './testing/test-images.fixture.ts';

describe('what an fdatasync makes durable', () => {
  it('is what was changed before it began', () => {
    const tracker = new SyncTracker(() => undefined);
    const before = tracker.epoch;
    const ticket = tracker.syncBegins();
    const during = tracker.epoch;
    check(tracker.isDurable(before)).to.equal(false);
    tracker.syncEnds(ticket, 0);
    check(tracker.isDurable(before)).to.equal(true);
    check(tracker.isDurable(during)).to.equal(false);
  });

  it('is nothing any more when one has failed', () => {
    const tracker = new SyncTracker(() => undefined);
    const { epoch } = tracker;
    tracker.syncEnds(tracker.syncBegins(), -EIO);
    tracker.syncEnds(tracker.syncBegins(), 0);
    check(tracker.isDurable(epoch)).to.equal(false);
    check(tracker.failed).to.equal(-EIO);
    tracker.want(tracker.epoch);
    check(tracker.wantsSync).to.equal(false);
  });

  it('is asked for once', () => {
    const tracker = new SyncTracker(() => undefined);
    check(tracker.wantsSync).to.equal(false);
    tracker.want(tracker.epoch);
    check(tracker.wantsSync).to.equal(true);
    const ticket = tracker.syncBegins();
    check(tracker.wantsSync).to.equal(false);
    tracker.want(tracker.epoch);
    check(tracker.wantsSync).to.equal(true);
    tracker.syncEnds(ticket, 0);
    check(tracker.wantsSync).to.equal(true);
  });
});

describe('what a transfer uses', () => {
  it('is unused when all that began by then have ended, whatever began since', () => {
    const tracker = new SyncTracker(() => undefined);
    const early = tracker.hold();
    const freed = tracker.generation;
    const late = tracker.hold();
    check(tracker.isUnused(freed)).to.equal(false);
    tracker.release(early);
    check(tracker.isUnused(freed)).to.equal(false);
    const later = tracker.hold();
    tracker.release(late);
    check(tracker.isUnused(freed)).to.equal(true);
    tracker.release(later);
    check(() => tracker.release(later)).to.throw(/nobody holds/);
  });

  it('is neither cleared nor given to others when it is discarded', () => {
    using images = new TestImages();
    const path = images.write('disk', new SmallImage().bytes);
    const opened = images.open(path);
    const { image } = opened;
    check(image.locateRead(0, CLUSTER)).to.equal(EXTENT.data);
    const place = image.extent.offset;
    check(place).to.equal(AT.data * CLUSTER);
    const hold = image.durability.hold();
    // First the header has to say that there may be leaks.
    check(image.discard(0, DATA_CLUSTERS * CLUSTER)).to.equal(STEP_BUSY);
    image.durability.syncEnds(image.durability.syncBegins(), 0);
    check(image.discard(0, DATA_CLUSTERS * CLUSTER)).to.equal(0);
    const taken = fill(opened, 100, 300);
    check(byteAt(opened, place)).to.equal(1);
    check(taken).not.to.include(place);
    image.durability.release(hold);
    const takenLater = fill(opened, 400, 500);
    check(takenLater).to.include(place);
    expect(image.close(), 'close');
  });
});

/** Writes the disk's clusters from `first` to `end`, each with an fdatasync; where they lie. */
function fill({ image, files }: OpenedImage, first: number, end: number): readonly number[] {
  const places: number[] = [];
  const data = allocate(CLUSTER);
  for (let cluster = first; cluster < end;) {
    const ticket = image.durability.syncBegins();
    image.durability.syncEnds(ticket, files[0]?.sync() ?? 0);
    if (image.locateWrite(cluster * CLUSTER, CLUSTER) !== EXTENT.fresh) continue;
    places.push(image.extent.offset);
    check(files[0]?.write(data, 0, CLUSTER, image.extent.offset)).to.equal(0);
    check(image.publish(image.extent.claim)).to.equal(0);
    cluster++;
  }
  return places;
}

function byteAt({ files }: OpenedImage, offset: number): number | undefined {
  const byte = allocate(1);
  check(files[0]?.read(byte, 0, 1, offset)).to.equal(1);
  return byte.bytes[0];
}
