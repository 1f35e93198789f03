/** One ring over an image in this process, with an engine that a test may come between. */
import { closeSync, openSync } from 'node:fs';
import { expect } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { type Buffer, DriverQueue } from '#shared/testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import { SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import type { Engine } from '../engine/engine.ts';
import { ErrorLog } from '../error-log.ts';
import type { ImageType } from '../image/image.ts';
import { RateLimiter } from '../limits/rate-limiter.ts';
import { openImage } from '../open-image.ts';
import { BlockRing } from '../ring.ts';
import { ServedImage } from '../served-image.ts';
import { Statistics, makeStatistics } from '../stats/statistics.ts';
import { openKind } from './engines.fixture.ts';

const SYNC_TOKEN = 0x1_0002;
const HEADER = 0x8000;
const STATUS = 0x9000;
/** For the test. */
export const DATA = 0x1_0000;
const MEMORY = 0x20_0000;

export interface RigOptions {
  readonly path: string;
  readonly type: ImageType;
  /** Bytes. */
  readonly size: number;
  readonly writeThrough?: boolean;
  /** What the ring sees of the engine. */
  readonly between?: (engine: Engine) => Engine;
}

export class RingRig implements Disposable {
  readonly memory: TestMemory = makeMemory([[0, MEMORY]]);
  readonly logged: string[] = [];
  readonly #fd: number;
  readonly #engine: Engine;
  readonly #served: ServedImage;
  readonly #driver: DriverQueue;
  readonly #ring: BlockRing;

  constructor({ path, type, size, writeThrough = false, between = (engine) => engine }: RigOptions) {
    this.#fd = openSync(path, 'r+');
    const facts = { imageFd: this.#fd, imageType: type, imagePath: path, direct: false, backingFiles: true, readOnly: false } as const;
    const { image } = expect(openImage({ ...facts, lockGranularity: 'byte-range', rawSectors: size / 512 }), 'image');
    this.#engine = between(openKind('io_uring', image.files));
    this.#served = new ServedImage(image, {
      engine: this.#engine,
      token: SYNC_TOKEN,
      errors: new ErrorLog((line) => this.logged.push(line)),
    });
    this.#served.writeThrough = writeThrough;
    this.#driver = new DriverQueue(this.memory.memory, { size: 8, base: 0x1000 });
    const queue = expect(SplitQueue.activate(this.#driver.config, this.memory.memory, new SegmentTable(8)), 'queue');
    const counted = { statistics: new Statistics(makeStatistics()), limiter: new RateLimiter() };
    const disk = { sectors: size / 512, readOnly: false, id: new Uint8Array(20), sparse: true, ...counted, image: this.#served };
    this.#ring = new BlockRing(
      { index: 0, writeThrough, callFd: undefined, enabled: true },
      { queue, memory: this.memory.memory, engine: this.#engine, disk },
    );
  }

  /** One request to its end; its status. */
  request(type: number, sector: number, data: readonly Buffer[]): number | undefined {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, type, true);
    header.setUint32(8, sector, true);
    const { memory } = this.memory;
    memory.writeBytes(HEADER, new Uint8Array(header.buffer));
    memory.writeU8(STATUS, 0xee);
    this.#driver.chain(0, [{ address: HEADER, length: 16 }, ...data, { address: STATUS, length: 1, writable: true }]);
    this.#driver.offer(0);
    const ring = this.#ring;
    ring.loop.drain(8);
    while (ring.outstanding > 0) {
      this.#engine.submit(1);
      while (this.#engine.next()) {
        const { tokenHigh, tokenLow, result } = this.#engine;
        if (tokenHigh === SYNC_TOKEN) this.#served.synced(result);
        else ring.complete(tokenLow, result);
      }
    }
    ring.loop.publish();
    return memory.readU8(STATUS);
  }

  /** Leaves the image as other programs like it. */
  [Symbol.dispose](): void {
    const { image } = this.#served;
    expect(image.close(), 'close');
    this.#engine.close();
    for (const fd of image.files.slice(1)) closeSync(fd);
    closeSync(asFd(this.#fd));
    this.memory[Symbol.dispose]();
  }
}
