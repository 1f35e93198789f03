/**
 * The dirty log of a block process: our front end switches it on and off while requests run on two queues, and what it finds there is
 * enough to copy the guest's memory as a migration does, and names no page that no request named.
 */
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { logSizeFor } from '#shared/memory/index.ts';
import { Random } from '#shared/testing/random.ts';
import { SharedRegion, toFrontend } from '#shared/testing/session-pair.ts';
import type { LoggedRing } from '#shared/vhost-user/frontend/index.ts';
import { hasQemu } from '../../devices/block/image/testing/qemu.fixture.ts';
import { BLK, DiskDriver, STATUS } from './disk-driver.ts';
import { type DiskOptions, DiskProcess, GUEST_END, GUEST_START, SECTORS, SECTOR_SIZE } from './disk-process.ts';

const PAGE = 4096;
const PLACES = [
  { base: GUEST_START, size: 64 },
  { base: GUEST_START + 0x8_0000, size: 64 },
] as const;
const DATA_SIZE = 0x6_0000;
const LOG_SIZE = logSizeFor(GUEST_END);
/** As many at a time on each queue; each has three descriptors or four. */
const DEPTH = 12;
const DEADLINE_MS = 30_000;

interface Asked {
  readonly pages: readonly number[];
}

/** A driver that keeps its queue busy with reads at random places of its own area. */
class Reader {
  readonly driver: DiskDriver;
  readonly #disk: DiskProcess;
  readonly #random: Random;
  readonly #asked = new Map<number, Asked>();
  /** Pages that requests named, and that were served. */
  readonly touched = new Set<number>();
  served = 0;

  constructor(disk: DiskProcess, index: 0 | 1, random: Random) {
    this.driver = new DiskDriver(disk, index, PLACES[index]);
    this.#disk = disk;
    this.#random = random;
  }

  get ring(): LoggedRing {
    const { ring, config } = this.driver.queue;
    const parts = { descriptor: toFrontend(config.descriptor), available: toFrontend(config.available), used: toFrontend(config.used) };
    return { index: this.driver.index, ...parts, log: ring.used };
  }

  /** Asks for as much as there is room for, and takes what has come. */
  step(): void {
    this.collect();
    for (let slot = 0; slot < DEPTH; slot++) if (!this.#asked.has(slot * 4)) this.#ask(slot);
    this.driver.notify();
  }

  collect(): void {
    for (const { head } of this.driver.queue.collect()) {
      expect(this.#disk.memory.readU8(this.#status(head))).to.equal(STATUS.ok);
      for (const page of this.#asked.get(head)?.pages ?? []) this.touched.add(page);
      this.#asked.delete(head);
      this.served++;
    }
  }

  /** Until nothing is under way. */
  settle(): void {
    const end = performance.now() + DEADLINE_MS;
    for (this.collect(); this.#asked.size > 0; this.collect()) {
      if (performance.now() > end) throw new Error(`not served within ${DEADLINE_MS} ms\n${this.#disk.lastWords}`);
      pollNow(this.driver.call.fd, EPOLLIN, 1);
      drainEventFd(this.driver.call.fd);
    }
  }

  #ask(slot: number): void {
    const { driver } = this;
    const { memory } = this.#disk;
    const head = slot * 4;
    const header = driver.header + slot * 16;
    const sectors = 1 + this.#random.below(12);
    const first = SECTOR_SIZE * (1 + this.#random.below(sectors));
    const rest = sectors * SECTOR_SIZE - first;
    driver.writeHeader(BLK.IN, this.#random.below(SECTORS - sectors), header);
    memory.writeU8(this.#status(head), 0xee);
    const buffers = [
      { address: driver.data + this.#random.below(DATA_SIZE - first), length: first, writable: true },
      ...(rest === 0 ? [] : [{ address: driver.data + this.#random.below(DATA_SIZE - rest), length: rest, writable: true }]),
      { address: this.#status(head), length: 1, writable: true },
    ];
    driver.queue.chain(head, [{ address: header, length: 16 }, ...buffers]);
    this.#asked.set(head, { pages: buffers.flatMap(({ address, length }) => pagesOf(address, length)) });
    driver.queue.offer(head);
  }

  #status(head: number): number {
    return this.driver.status + head;
  }
}

function pagesOf(address: number, length: number): readonly number[] {
  const first = Math.floor(address / PAGE);
  return Array.from({ length: Math.floor((address + length - 1) / PAGE) - first + 1 }, (_, index) => first + index);
}

class LoggedDisk implements AsyncDisposable {
  readonly disk: DiskProcess;
  readonly log = new SharedRegion(0, Math.max(PAGE, LOG_SIZE));
  readonly readers: readonly [Reader, Reader];

  private constructor(disk: DiskProcess, random: Random) {
    this.disk = disk;
    this.readers = [new Reader(disk, 0, random), new Reader(disk, 1, random)];
  }

  static async start(random: Random, options: DiskOptions): Promise<LoggedDisk> {
    // By turns what cannot be compressed, what can be, and zeros.
    const kinds = [() => random.below(256), () => 0x77, () => 0];
    const image = Uint8Array.from({ length: SECTORS * SECTOR_SIZE }, (_, at) => kinds[(at >> 12) % kinds.length]?.() ?? 0);
    const logged = new LoggedDisk(await DiskProcess.start({ image, ...options }), random);
    for (const { driver } of logged.readers) await driver.start();
    must(await logged.disk.frontend.setLog({ size: LOG_SIZE, fileOffset: 0 }, logged.log.file.fd), 'log');
    return logged;
  }

  async switch(on: boolean): Promise<void> {
    const rings = this.readers.map(({ ring }) => ring);
    must(await this.disk.frontend.setLogging(on, rings), 'logging');
  }

  /** Takes the pages noted since the last time. */
  take(): readonly number[] {
    const pages: number[] = [];
    for (let at = 0; at < LOG_SIZE; at++) {
      const bits = Atomics.exchange(this.log.bytes, at, 0);
      for (let bit = 0; bit < 8; bit++) if ((bits >> bit) & 1) pages.push(at * 8 + bit);
    }
    return pages;
  }

  page(page: number): Uint8Array {
    return this.disk.region.bytes.subarray(page * PAGE - GUEST_START, (page + 1) * PAGE - GUEST_START);
  }

  settle(): void {
    for (const reader of this.readers) reader.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { driver } of this.readers) driver[Symbol.dispose]();
    await this.disk[Symbol.asyncDispose]();
    this.log[Symbol.dispose]();
  }
}

describe('the dirty log of a block process', function () {
  this.timeout(120_000);

  const variants: readonly (readonly [name: string, options: DiskOptions])[] = [
    ['raw', {}],
    ['raw, with event indices', { eventIdx: true }],
    ['raw, by O_DIRECT', { keys: 'direct=on' }],
    ...(hasQemu ? ([['qcow2, in part compressed', { imageType: 'qcow2', eventIdx: true }]] as const) : []),
  ];
  for (const [name, options] of variants) {
    it(`${name}: names the pages that requests wrote, and no other`, async () => {
      await using logged = await LoggedDisk.start(new Random(1), options);
      for (let round = 0; round < 20; round++) {
        await logged.switch(true);
        logged.take();
        const before = logged.disk.memoryBytes();
        for (const reader of logged.readers) {
          reader.touched.clear();
          reader.step();
        }
        logged.settle();
        const noted = logged.take();
        const used = logged.readers.flatMap(({ driver }) => pagesOf(driver.queue.ring.used, 6 + 8 * driver.queue.ring.size));
        const touched = new Set([...logged.readers.flatMap((reader) => [...reader.touched]), ...used]);
        expect(noted).to.deep.equal([...touched].sort((a, b) => a - b));
        // That it is so for what changed is what it is for; headers are the driver's own writing.
        const own = new Set(logged.readers.map(({ driver }) => driver.header / PAGE));
        for (let page = GUEST_START / PAGE; page < GUEST_END / PAGE; page++) {
          if (Buffer.compare(before.subarray(page * PAGE - GUEST_START, (page + 1) * PAGE - GUEST_START), logged.page(page)) === 0)
            continue;
          if (!own.has(page)) expect(noted, `round ${round}`).to.include(page);
        }
        await logged.switch(false);
        logged.take();
        for (const reader of logged.readers) reader.step();
        logged.settle();
        expect(logged.take(), 'switched off').to.deep.equal([]);
      }
    });

    it(`${name}: is enough to copy memory that requests write`, async () => {
      const random = new Random(2);
      await using logged = await LoggedDisk.start(random, options);
      for (let migration = 0; migration < 10; migration++) {
        // Switched on in the middle of things.
        for (const reader of logged.readers) reader.step();
        await logged.switch(true);
        const copy = logged.disk.memoryBytes();
        const transfer = (): void => {
          for (const page of logged.take()) copy.set(logged.page(page), page * PAGE - GUEST_START);
        };
        for (const goal = served(logged) + 20 + random.below(200); served(logged) < goal;) {
          for (const reader of logged.readers) reader.step();
          transfer();
        }
        // Chains that were not taken stay in the ring; the requests of all others have ended.
        const bases = await Promise.all(logged.readers.map(({ driver }) => driver.stop()));
        transfer();
        const own = new Set(logged.readers.map(({ driver }) => driver.header / PAGE));
        for (let page = GUEST_START / PAGE; page < GUEST_END / PAGE; page++) {
          if (own.has(page)) continue;
          const copied = copy.subarray(page * PAGE - GUEST_START, (page + 1) * PAGE - GUEST_START);
          // Rings and status bytes are the driver's too, which wrote them after the last look at them.
          if (isDrivers(logged, page)) continue;
          expect(Buffer.compare(copied, logged.page(page)), `page ${page} of migration ${migration}`).to.equal(0);
        }
        for (const [index, reader] of logged.readers.entries()) await reader.driver.resume(bases[index] ?? 0);
        await logged.switch(false);
        logged.settle();
        logged.take();
      }
    });
  }
});

function served({ readers }: LoggedDisk): number {
  return readers[0].served + readers[1].served;
}

function isDrivers({ readers }: LoggedDisk, page: number): boolean {
  return readers.some(({ driver }) =>
    [driver.queue.ring.descriptor, driver.queue.ring.used, driver.status].some((at) => Math.floor(at / PAGE) === page),
  );
}
