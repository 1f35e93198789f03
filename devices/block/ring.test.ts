import { expect } from 'chai';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as must } from '#shared/lang/result.ts';
import { EAGAIN, EINTR } from '#shared/sys/errno.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { type Buffer as GuestBuffer, DriverQueue } from '#shared/testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import { SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import { ErrorLog } from './error-log.ts';
import { RawImage } from './image/raw-image.ts';
import type { Engine } from './engine/engine.ts';
import { RateLimiter } from './limits/rate-limiter.ts';
import { BlockRing } from './ring.ts';
import { ServedImage } from './served-image.ts';
import { Statistics, makeStatistics, readStatistics } from './stats/statistics.ts';
import { ENGINES, type TestedEngine, openKind } from './testing/engines.fixture.ts';

const SECTORS = 64;
const HEADER = 0x8003;
const DATA = 0x1_0000;
const STATUS = 0x9001;
const UNTOUCHED = 0xee;
const segments = new SegmentTable(8);
const image = Uint8Array.from({ length: SECTORS * 512 }, (_, index) => (index * 7 + (index >> 9)) & 0xff);

/** What does the requests of the test that runs. */
let engineKind: TestedEngine = 'io_uring';

class Rig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
  readonly path = join(this.folder, 'disk');
  readonly fd: number;
  readonly made: TestMemory;
  readonly driver: DriverQueue;
  readonly ring: BlockRing;
  readonly counters = makeStatistics();
  /** What the kernel is made to have answered; counts from 1. */
  answers = (result: number, _count: number): number => result;
  answered = 0;
  readonly logged: string[] = [];
  readonly #engine: Engine;

  constructor(readOnly = false, contents = image, ramBytes = 0x4_0000) {
    this.made = makeMemory([
      [0, 0x2_0000],
      [0x2_0000, ramBytes - 0x2_0000],
    ]);
    this.driver = new DriverQueue(this.made.memory, { size: 8, base: 0x1000 });
    writeFileSync(this.path, contents);
    this.fd = openSync(this.path, 'r+');
    this.#engine = openKind(engineKind, [asFd(this.fd)]);
    const queue = must(SplitQueue.activate(this.driver.config, this.made.memory, segments), 'queue');
    const id = new TextEncoder().encode('serial-of-20-bytes--');
    const statistics = new Statistics(this.counters);
    const size = contents.length;
    const served = new ServedImage(new RawImage(asFd(this.fd), { size, readOnly }), {
      engine: this.#engine,
      token: 0x1_0002,
      errors: new ErrorLog((line) => this.logged.push(line)),
    });
    const disk = { sectors: size / 512, readOnly, id, sparse: true, statistics, limiter: new RateLimiter(), image: served };
    this.ring = new BlockRing(
      { index: 0, writeThrough: false, callFd: undefined, enabled: true },
      { queue, memory: this.made.memory, engine: this.#engine, disk },
    );
  }

  /** Serves everything offered, to its end. */
  serve(): void {
    this.ring.loop.drain(8);
    while (this.ring.outstanding > 0) {
      this.#engine.submit(1);
      while (this.#engine.next()) this.ring.complete(this.#engine.tokenLow, this.answers(this.#engine.result, ++this.answered));
    }
    this.ring.loop.publish();
  }

  /** One request, served; the status byte, UNTOUCHED where the device wrote none. */
  request(type: number, sector: number | bigint, buffers: readonly GuestBuffer[]): number | undefined {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, type, true);
    header.setBigUint64(8, BigInt(sector), true);
    this.made.memory.writeBytes(HEADER, new Uint8Array(header.buffer));
    this.made.memory.writeU8(STATUS, UNTOUCHED);
    this.driver.chain(0, buffers);
    this.driver.offer(0);
    this.serve();
    return this.made.memory.readU8(STATUS);
  }

  /** What a discard or a write-zeroes is about. */
  range(sector: number, count: number): GuestBuffer {
    const range = new DataView(new ArrayBuffer(16));
    range.setBigUint64(0, BigInt(sector), true);
    range.setUint32(8, count, true);
    this.made.memory.writeBytes(DATA, new Uint8Array(range.buffer));
    return { address: DATA, length: 16 };
  }

  bytes(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.made.memory.readBytes(address, bytes);
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#engine.close();
    closeSync(this.fd);
    rmSync(this.folder, { recursive: true });
    this.made[Symbol.dispose]();
  }
}

const header: GuestBuffer = { address: HEADER, length: 16 };
const status: GuestBuffer = { address: STATUS, length: 1, writable: true };
const read = (length: number, address = DATA): GuestBuffer => ({ address, length, writable: true });
const write = (length: number, address = DATA): GuestBuffer => ({ address, length });
const [OK, IOERR, UNSUPP] = [0, 1, 2];
const [IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13];

for (const kind of ENGINES)
  describe(`block requests by ${kind}`, () => {
    before(() => {
      engineKind = kind;
    });

    const rows: readonly (readonly [
      name: string,
      type: number,
      sector: number | bigint,
      buffers: readonly GuestBuffer[],
      status: number,
      written: number,
    ])[] = [
      ['read', IN, 3, [header, read(1024), status], OK, 1025],
      ['read of the last sector', IN, 63, [header, read(512), status], OK, 513],
      [
        'read into many odd pieces at odd addresses',
        IN,
        0,
        [header, read(1, DATA + 1), read(510, DATA + 7), read(513, DATA + 2049), status],
        OK,
        1025,
      ],
      ['read with the status behind the data in one buffer', IN, 3, [header, read(513)], UNTOUCHED, 513],
      ['read across two regions that touch', IN, 3, [header, read(1024, 0x2_0000 - 100), status], OK, 1025],
      ['read of nothing', IN, 3, [header, status], OK, 1],
      ['header in pieces of one byte', IN, 3, [write(1, HEADER), write(1, HEADER + 1), write(14, HEADER + 2), read(512), status], OK, 513],
      ['flush', FLUSH, 0, [header, status], OK, 1],
      ['get-id', GET_ID, 0, [header, read(20), status], OK, 21],
      ['get-id into a shorter buffer', GET_ID, 0, [header, read(4), status], OK, 5],
      ['length not a multiple of 512', IN, 3, [header, read(511), status], IOERR, 1],
      ['one sector past the end', IN, 63, [header, read(1024), status], IOERR, 1],
      ['write at the end', OUT, 64, [header, write(512), status], IOERR, 1],
      ['sector 2^64 - 1', IN, 2n ** 64n - 1n, [header, read(512), status], IOERR, 1],
      ['sector that overflows as bytes', IN, 2n ** 55n, [header, read(512), status], IOERR, 1],
      ['header too short', IN, 0, [write(15, HEADER), status], IOERR, 1],
      ['no header', IN, 0, [read(512), status], IOERR, 1],
      ['unknown type', 77, 0, [header, read(512), status], UNSUPP, 1],
      ['no status byte', OUT, 0, [header, write(512)], UNTOUCHED, 0],
    ];
    for (const [name, type, sector, buffers, wanted, written] of rows) {
      it(`${name} -> status ${wanted}, ${written} written`, () => {
        using rig = new Rig();
        expect(rig.request(type, sector, buffers)).to.equal(wanted);
        expect(rig.driver.collect()).to.deep.equal([{ head: 0, written }]);
        expect(readFileSync(rig.path).equals(image)).to.equal(true);
      });
    }

    it('reads the bytes that are there', () => {
      using rig = new Rig();
      rig.request(IN, 3, [header, read(100, DATA), read(924, DATA + 0x1001), status]);
      expect(rig.bytes(DATA, 100)).to.deep.equal(image.slice(1536, 1636));
      expect(rig.bytes(DATA + 0x1001, 924)).to.deep.equal(image.slice(1636, 2560));
      rig.request(GET_ID, 0, [header, read(20), status]);
      expect(new TextDecoder().decode(rig.bytes(DATA, 20))).to.equal('serial-of-20-bytes--');
    });

    it('writes what it is given, where it is told', () => {
      using rig = new Rig();
      const bytes = new Uint8Array(1024).fill(0x5a);
      rig.made.memory.writeBytes(DATA, bytes);
      expect(rig.request(OUT, 10, [header, write(1000), write(24, DATA + 1000), status])).to.equal(OK);
      const wanted = image.slice();
      wanted.set(bytes, 5120);
      expect(readFileSync(rig.path).equals(wanted)).to.equal(true);
    });

    it('tells the gate of everything it wrote', () => {
      using rig = new Rig();
      const seen: number[][] = [];
      rig.driver.chain(0, [header, read(512), status]);
      rig.made.memory.onWrite((address, length) => seen.push([address, length]));
      rig.driver.offer(0);
      rig.serve();
      expect(seen).to.deep.include.members([
        [DATA, 512],
        [STATUS, 1],
      ]);
      expect(seen.some(([address]) => address === rig.driver.ring.used)).to.equal(true);
    });

    it('tells the gate of no byte that it did not write, whatever buffers without bytes the driver adds', () => {
      using rig = new Rig();
      const empty: GuestBuffer = { address: DATA + 0x4000, length: 0, writable: true };
      const seen: number[][] = [];
      // Leaves a header for the chain below.
      expect(rig.request(IN, 3, [header, status])).to.equal(OK);
      rig.driver.chain(0, [header, empty, read(500), empty, read(12, DATA + 0x1000), empty, status, empty]);
      rig.made.memory.onWrite((address, length) => seen.push([address, length]));
      rig.driver.offer(0);
      rig.serve();
      const { available, used } = rig.driver.ring;
      const ours = seen.filter(([address = 0]) => address < available || address >= used);
      expect(ours.filter(([address]) => address !== used)).to.deep.equal([
        [DATA, 500],
        [DATA + 0x1000, 12],
        [STATUS, 1],
      ]);
    });

    it('writes nothing where the disk is read-only, whatever the driver believes', () => {
      using rig = new Rig(true);
      expect(rig.request(OUT, 0, [header, write(512), status])).to.equal(IOERR);
      expect(rig.request(FLUSH, 0, [header, status])).to.equal(OK);
      expect(readFileSync(rig.path).equals(image)).to.equal(true);
    });

    it('moves a request of many MiB, whatever its buffers, piece by piece and whole', () => {
      const MIB = 1 << 20;
      const contents = Uint8Array.from({ length: 6 * MIB }, (_, index) => (index * 31 + (index >> 12) * 7) & 0xff);
      using rig = new Rig(false, contents, 8 * MIB);
      const lengths = [700_001, 1, 2_500_000, 1_048_577, 511];
      const rest = 5 * MIB - lengths.reduce((sum, length) => sum + length, 0);
      const place = (writable: boolean): GuestBuffer[] => {
        let address = DATA;
        return [...lengths, rest].map((length) => ({ address: (address += length) - length, length, writable }));
      };
      expect(rig.request(IN, 7, [header, ...place(true), status])).to.equal(OK);
      expect(Buffer.compare(rig.bytes(DATA, 5 * MIB), contents.subarray(7 * 512, 7 * 512 + 5 * MIB))).to.equal(0);
      expect(rig.driver.collect()).to.deep.equal([{ head: 0, written: 5 * MIB + 1 }]);
      const wanted = contents.slice();
      wanted.set(contents.subarray(7 * 512, 7 * 512 + 5 * MIB), 512);
      expect(rig.request(OUT, 1, [header, ...place(false), status])).to.equal(OK);
      expect(Buffer.compare(readFileSync(rig.path), wanted)).to.equal(0);
    });

    for (const [name, type, buffers] of [
      ['read', IN, [header, read(1024), status]],
      ['flush', FLUSH, [header, status]],
    ] as const) {
      for (const errno of [EAGAIN, EINTR]) {
        it(`${name} that the kernel puts off by errno ${errno} -> is asked for again, but not for ever`, () => {
          using rig = new Rig();
          rig.answers = (result, count) => (count <= 64 ? -errno : result);
          expect(rig.request(type, 3, buffers)).to.equal(OK);
          expect(rig.answered).to.equal(65);
          rig.answers = () => -errno;
          expect(rig.request(type, 3, buffers)).to.equal(IOERR);
          expect(rig.answered).to.equal(65 + 65);
          rig.answers = (result) => result;
          expect(rig.request(type, 3, buffers)).to.equal(OK);
        });
      }
    }

    it('continues a short read, and fails where the image has become shorter', () => {
      using rig = new Rig();
      ftruncateSync(rig.fd, 1024 + 100);
      expect(rig.request(IN, 1, [header, read(300), read(724, DATA + 1000), status])).to.equal(IOERR);
      expect(rig.bytes(DATA, 300)).to.deep.equal(image.slice(512, 812));
      expect(rig.bytes(DATA + 1000, 312)).to.deep.equal(image.slice(812, 1124));
      expect(rig.driver.collect()).to.deep.equal([{ head: 0, written: 1 }]);
    });

    it('counts what was done, by operation, and in vain', () => {
      using rig = new Rig();
      rig.request(IN, 3, [header, read(1024), status]);
      rig.request(IN, 3, [header, read(512), status]);
      rig.request(OUT, 3, [header, write(512), status]);
      rig.request(OUT, 64, [header, write(512), status]);
      rig.request(FLUSH, 0, [header, status]);
      rig.request(GET_ID, 0, [header, read(20), status]);
      rig.request(99, 0, [header, status]);
      rig.request(DISCARD, 0, [header, rig.range(1, 2), status]);
      rig.request(WRITE_ZEROES, 0, [header, rig.range(1, 3), status]);
      rig.request(WRITE_ZEROES, 0, [header, rig.range(64, 1), status]);
      const { operations } = readStatistics(rig.counters);
      expect(operations.map(({ name, requests, bytes, errors }) => [name, requests, bytes, errors])).to.deep.equal([
        ['read', 2, 1536, 0],
        ['write', 2, 512, 1],
        ['flush', 1, 0, 0],
        ['discard', 1, 1024, 0],
        ['write-zeroes', 2, 1536, 1],
        ['other', 2, 0, 1],
      ]);
      for (const { requests, buckets } of operations) expect(buckets.reduce((sum, { count }) => sum + count, 0)).to.equal(requests);
    });
  });
