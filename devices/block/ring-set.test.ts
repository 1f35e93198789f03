import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { EINVAL } from '#shared/sys/errno.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import { eventFd } from '#shared/testing/session-pair.ts';
import { type InflightRegion, InflightTable, inflightSliceSize } from '#shared/virtio/index.ts';
import type { Engine } from './engine/engine.ts';
import { RawImage } from './image/raw-image.ts';
import { RingSet } from './ring-set.ts';
import { type SyncFailure, noSyncFailure } from './served-image.ts';
import { makeStatistics } from './stats/statistics.ts';
import { openKind } from './testing/engines.fixture.ts';

const SIZE = 2 ** 31;
const MEMORY = 64 << 20;
const RING_SIZE = 64;
const HEADERS = 0x1_0000;
const INFLIGHT = 0x2_0000;
const DATA = 0x10_0000;
/** No descriptor has this number. */
const NO_FD = 0x7fff_0000;
const OK = 0;
const IOERR = 1;
const FLUSH = 4;

describe('the rings of a thread', () => {
  let folder = '';
  let fd = -1;
  let made: TestMemory;
  let driver: DriverQueue;
  let engine: Engine;
  let rings: RingSet;
  let failure: SyncFailure;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    writeFileSync(join(folder, 'disk'), '');
    truncateSync(join(folder, 'disk'), SIZE);
    fd = openSync(join(folder, 'disk'), 'r+');
    made = makeMemory([[0, MEMORY]]);
    driver = new DriverQueue(made.memory, { size: RING_SIZE, base: 0x1000 });
    engine = openKind('io_uring', [asFd(fd)]);
    failure = noSyncFailure();
    rings = ringsOver(asFd(fd));
    rings.setMemory(made.memory);
  });
  afterEach(() => {
    engine.close();
    closeSync(fd);
    made[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  function ringsOver(file: Fd): RingSet {
    const facts = { queueCount: 1, maxQueueSize: RING_SIZE, sectors: SIZE / 512, readOnly: false, sparse: true, limits: {}, failure };
    const image = new RawImage(file, { size: SIZE, readOnly: false });
    return new RingSet({ ...facts, id: new Uint8Array(20), statistics: makeStatistics() }, { engine, image, log: () => {} });
  }

  function start(inflight?: InflightRegion, kickFd?: Fd): void {
    const descriptors = { kickFd, callFd: undefined, errFd: undefined };
    const started = rings.start({ ...driver.config, ...descriptors, inflight, index: 0, enabled: true, usedLog: undefined }, false);
    must(started, 'ring');
  }

  /** Makes a read available, into the same memory over and over; its descriptors begin at `head`. */
  function offerRead(head: number, pieces: number, length: number): void {
    const header = HEADERS + head * 32;
    made.memory.writeBytes(header, new Uint8Array(17).fill(0xee, 16));
    const data = Array.from({ length: pieces }, () => ({ address: DATA, length, writable: true }));
    driver.chain(head, [{ address: header, length: 16 }, ...data, { address: header + 16, length: 1, writable: true }]);
    driver.offer(head);
  }

  function offerFlush(head: number): void {
    const header = HEADERS + head * 32;
    made.memory.writeBytes(header, new Uint8Array(17).fill(FLUSH, 0, 1).fill(0xee, 16));
    driver.chain(head, [
      { address: header, length: 16 },
      { address: header + 16, length: 1, writable: true },
    ]);
    driver.offer(head);
  }

  function statusOf(head: number): number | undefined {
    return made.memory.readU8(HEADERS + head * 32 + 16);
  }

  for (const [how, status] of [
    ['stop', IOERR],
    ['leave', OK],
  ] as const) {
    it(`${how} with a request of more than a GiB under way -> its status is ${status}`, () => {
      start();
      offerRead(0, 34, 32 << 20);
      rings.take();
      expect(rings[how](0)).to.equal(1);
      expect(statusOf(0)).to.equal(status);
      expect(driver.usedIdx).to.equal(1);
    }).timeout(60_000);
  }

  it('another thread of the disk is told that what was written is lost -> flushes fail, those that are under way, too', () => {
    using file = eventFd();
    const others = ringsOver(file.fd);
    start();
    offerFlush(0);
    rings.take();
    others.setWriteThrough(true);
    expect(others.failure).to.equal(-EINVAL);
    offerFlush(3);
    rings.take();
    rings.stop(0);
    expect([statusOf(0), statusOf(3)]).to.deep.equal([IOERR, IOERR]);
  });

  it('its file is opened again -> what was lost stays so', () => {
    using file = eventFd();
    rings = ringsOver(file.fd);
    rings.setWriteThrough(true);
    rings.reopened(new RawImage(asFd(fd), { size: SIZE, readOnly: false }));
    expect(rings.failure).to.equal(-EINVAL);
  });

  it('a kick that cannot be watched -> the ring is polled, as one without a kick', () => {
    start(undefined, asFd(NO_FD));
    expect(rings.isKickless).to.equal(false);
    engine.submit(1);
    expect(engine.next()).to.equal(true);
    const { tokenHigh, tokenLow, result, flags } = engine;
    expect(result).to.be.below(0);
    rings.complete(tokenHigh, tokenLow, result, flags);
    expect(rings.isKickless).to.equal(true);
    rings.stop(0);
  });

  it('stop before the requests of a dead process were begun again -> they are done, others are the driver’s', () => {
    const length = inflightSliceSize(RING_SIZE);
    const inflight = { hostAddress: must(hostOf(INFLIGHT, length), 'in-flight area'), length, queueSize: RING_SIZE };
    const table = must(InflightTable.attach(inflight, RING_SIZE), 'table');
    for (const head of [0, 3]) offerRead(head, 1, 512);
    table.take(0);
    offerRead(6, 1, 512);
    start(inflight);
    expect(rings.stop(0)).to.equal(1);
    expect([statusOf(0), statusOf(3), statusOf(6), driver.usedIdx]).to.deep.equal([OK, 0xee, 0xee, 1]);
  });

  function hostOf(address: number, length: number) {
    const host = made.memory.hostAddress(address, length);
    return host === 0 ? ({ ok: false, error: { code: 'UNMAPPED' } } as const) : ({ ok: true, value: host } as const);
  }
});
