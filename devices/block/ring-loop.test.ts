/** That drivers which never rest keep nobody waiting: neither other rings nor what else the thread is to hear. */
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { createEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import type { Engine } from './engine/engine.ts';
import { RawImage } from './image/raw-image.ts';
import { RingLoop } from './ring-loop.ts';
import { RingSet } from './ring-set.ts';
import { VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN } from './spec.ts';
import { makeStatistics } from './stats/statistics.ts';
import { ENGINES, openKind } from './testing/engines.fixture.ts';

const SIZE = 1 << 20;
const RINGS = 8;
const RING_SIZE = 1024;
/** As many as fit into a ring: all rings together have more than an engine has entries. */
const CHAINS = Math.floor(RING_SIZE / 3);
const RINGS_AT = 0x1_0000;
const HEADERS = 0x20_0000;
const DATA = 0x100_0000;

/** Ends a loop that never returns. */
class Ended extends Error {}

// Threads need a while to load, and node aborts where it has to end meanwhile: theirs are not the last.
for (const kind of ENGINES.toReversed()) {
  describe(`drivers that never rest: ${kind}`, () => {
    let folder = '';
    let fd = -1;
    let made: TestMemory;
    let engine: Engine;
    let rings: RingSet;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ch-loop-'));
      writeFileSync(join(folder, 'disk'), '');
      truncateSync(join(folder, 'disk'), SIZE);
      fd = openSync(join(folder, 'disk'), 'r+');
      made = makeMemory([[0, 32 << 20]]);
      engine = openKind(kind, [asFd(fd)]);
      const facts = { queueCount: RINGS, maxQueueSize: RING_SIZE, sectors: SIZE / 512, readOnly: false, sparse: true, limits: {} };
      const image = new RawImage(asFd(fd), { size: SIZE, readOnly: false });
      rings = new RingSet({ ...facts, id: new Uint8Array(20), statistics: makeStatistics() }, { engine, image, log: () => {} });
      rings.setMemory(made.memory);
    });
    afterEach(() => {
      engine.close();
      closeSync(fd);
      made[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    });

    /** A ring that is full of requests. */
    function fill(index: number, type: number, length: number): DriverQueue {
      const driver = new DriverQueue(made.memory, { size: RING_SIZE, base: RINGS_AT * (index + 1) });
      const none = { kickFd: undefined, callFd: undefined, errFd: undefined, inflight: undefined, usedLog: undefined };
      must(rings.start({ ...driver.config, ...none, index, enabled: true }, false), 'ring');
      for (let chain = 0; chain < CHAINS; chain++) {
        const header = HEADERS + index * RINGS_AT + chain * 32;
        made.memory.writeBytes(header, new Uint8Array(17));
        made.memory.writeU32(header, type);
        const data = { address: DATA, length, writable: true };
        driver.chain(chain * 3, [{ address: header, length: 16 }, data, { address: header + 16, length: 1, writable: true }]);
        driver.offer(chain * 3);
      }
      return driver;
    }

    /** Makes what has come back available again; how much that was. */
    function offerAgain(driver: DriverQueue): number {
      const heads = driver.collect().map(({ head }) => head);
      if (heads.length > 0) driver.offer(...heads);
      return heads.length;
    }

    it('who else is to be heard is heard, while all requests are done at once', () => {
      const driver = fill(0, VIRTIO_BLK_T_GET_ID, 20);
      using event = must(createEventFd(), 'eventfd');
      const loop = new RingLoop(rings, engine);
      loop.watchOnce(event.fd, () => {
        throw new Ended('heard');
      });
      const looks = rings.hasMore.bind(rings);
      let rounds = 0;
      rings.hasMore = () => {
        offerAgain(driver);
        if (++rounds === 50) signalEventFd(event.fd);
        if (rounds === 5000) throw new Ended('not heard');
        return looks();
      };
      expect(() => loop.run()).to.throw(Ended, /^heard$/);
    });

    it('every ring is served', () => {
      const drivers = Array.from({ length: RINGS }, (_, index) => fill(index, VIRTIO_BLK_T_IN, 512));
      const served = new Array<number>(RINGS).fill(0);
      for (let round = 0; round < 100; round++) {
        rings.take();
        engine.submit(1);
        while (engine.next()) rings.complete(engine.tokenHigh, engine.tokenLow, engine.result, engine.flags);
        rings.publish();
        for (const [index, driver] of drivers.entries()) served[index] = (served[index] ?? 0) + offerAgain(driver);
      }
      expect(Math.min(...served), served.join(' ')).to.be.above(Math.max(...served) / 2);
      for (let index = 0; index < RINGS; index++) rings.stop(index);
    });
  });
}
