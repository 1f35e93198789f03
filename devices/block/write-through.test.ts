import { closeSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { makeMemory } from '#shared/testing/memory-builder.ts';
import { SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import type { Engine } from './engine/engine.ts';
import { ErrorLog } from './error-log.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { RateLimiter } from './limits/rate-limiter.ts';
import { openImage } from './open-image.ts';
import { BlockRing } from './ring.ts';
import { ServedImage } from './served-image.ts';
import { Statistics, makeStatistics } from './stats/statistics.ts';
import { openKind } from './testing/engines.fixture.ts';

const MIB = 1 << 20;
const SYNC_TOKEN = 0x1_0002;
const RWF_DSYNC = 2;
const [OUT, ZEROES] = [1, 13];
const NAMES = Object.entries(IORING_OP);

/** Notes what is begun: `WRITE`, `WRITE dsync`, `FSYNC`. */
function recorded(engine: Engine, into: string[]): Engine {
  return new Proxy(engine, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: readonly number[]): unknown => {
        if (property === 'prepare') {
          const name = NAMES.find(([, code]) => code === args[0])?.[0] ?? '';
          into.push(args[8] === RWF_DSYNC ? `${name} dsync` : name);
        }
        return Reflect.apply(value, target, args);
      };
    },
  });
}

describe('a write that has to be durable before it completes', () => {
  const rows: readonly (readonly [format: 'raw' | 'qcow2', type: number, writeThrough: boolean, begun: readonly string[]])[] = [
    ['raw', OUT, true, ['WRITE dsync']],
    ['raw', OUT, false, ['WRITE']],
    ['raw', ZEROES, true, ['FALLOCATE', 'FSYNC']],
    ['raw', ZEROES, false, ['FALLOCATE']],
    ['qcow2', OUT, true, ['WRITE', 'FSYNC']],
    ['qcow2', OUT, false, ['WRITE']],
    ['qcow2', ZEROES, true, ['FSYNC']],
  ];
  for (const [format, type, writeThrough, begun] of rows) {
    const name = `${format}, ${type === OUT ? 'write' : 'zeroes'}, write cache ${writeThrough ? 'off' : 'on'}`;
    it(`${name} -> ${begun.join(', ')}, and then its status`, function () {
      if (format === 'qcow2' && !hasQemu) return this.skip();
      const folder = quickFolder('write-through-');
      const path = join(folder, 'image');
      if (format === 'raw') truncateSync((writeFileSync(path, ''), path), MIB);
      else qemuImg('create', '-q', '-f', 'qcow2', path, String(MIB));
      const fd = openSync(path, 'r+');
      using made = makeMemory([[0, 0x2_0000]]);
      const log: string[] = [];
      const engine = recorded(openKind('io_uring', [asFd(fd)]), log);
      const options = { imageFd: fd, imageType: format, imagePath: path, direct: false, backingFiles: false } as const;
      const { image } = must(openImage({ ...options, readOnly: false, lockGranularity: 'byte-range', rawSectors: MIB / 512 }), 'image');
      const served = new ServedImage(image, { engine, token: SYNC_TOKEN, errors: new ErrorLog((line) => log.push(line)) });
      served.writeThrough = writeThrough;
      const driver = new DriverQueue(made.memory, { size: 8, base: 0x1000 });
      const statistics = new Statistics(makeStatistics());
      const ring = new BlockRing(
        { index: 0, writeThrough, callFd: undefined, enabled: true },
        {
          queue: must(SplitQueue.activate(driver.config, made.memory, new SegmentTable(8)), 'queue'),
          ...{ memory: made.memory, engine },
          disk: {
            sectors: MIB / 512,
            readOnly: false,
            id: new Uint8Array(20),
            sparse: true,
            statistics,
            limiter: new RateLimiter(),
            image: served,
          },
        },
      );
      const request = (kind: number, sector: number): void => {
        const header = new DataView(new ArrayBuffer(16));
        header.setUint32(0, kind, true);
        header.setUint32(8, kind === OUT ? sector : 0, true);
        made.memory.writeBytes(0x8000, new Uint8Array(header.buffer));
        const range = new DataView(new ArrayBuffer(16));
        range.setUint32(0, sector, true);
        range.setUint32(8, 128, true);
        range.setUint32(12, 1, true);
        made.memory.writeBytes(0x1_0000, new Uint8Array(range.buffer));
        driver.chain(0, [
          { address: 0x8000, length: 16 },
          { address: 0x1_0000, length: kind === OUT ? 4096 : 16 },
          { address: 0x9000, length: 1, writable: true },
        ]);
        driver.offer(0);
        ring.loop.drain(8);
        while (ring.outstanding > 0) {
          engine.submit(1);
          while (engine.next()) {
            if (engine.tokenHigh === SYNC_TOKEN) served.synced(engine.result);
            else ring.complete(engine.tokenLow, engine.result);
          }
        }
        ring.loop.publish();
      };
      // The first ones of a format have places made.
      request(OUT, 0);
      request(OUT, 0);
      log.length = 0;
      request(type, 0);
      expect(log).to.deep.equal(begun);
      expect(made.memory.readU8(0x9000)).to.equal(0);
      engine.close();
      closeSync(fd);
      rmSync(folder, { recursive: true });
    });
  }
});
