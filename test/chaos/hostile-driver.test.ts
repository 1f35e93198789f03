/**
 * A hostile driver on one queue of a real block process, behind our real front end. Whatever it puts into its ring, the process
 * lives, the other queue goes on being served, and no byte is written where none belongs: all guest memory but what a request
 * may write is compared before and after. What is counted inside the queue is in `shared/virtio`.
 */
import { expect } from 'chai';
import { VIRTQ_DESC_F_INDIRECT as INDIRECT, VIRTQ_DESC_F_NEXT as NEXT, VIRTQ_DESC_F_WRITE as WRITE } from '#shared/virtio/spec.ts';
import { BLK, DiskDriver, STATUS, UNTOUCHED } from './disk-driver.ts';
import { DiskProcess, GUEST_END, GUEST_START, SECTORS, SECTOR_SIZE, sectorBytes } from './disk-process.ts';

const SIZE = 32;
const HOSTILE = { base: GUEST_START + 0x1000, size: SIZE };
const HONEST = { base: GUEST_START + 0x8_0000, size: SIZE };

interface Row {
  readonly name: string;
  /** Writes a chain that begins at descriptor 0. */
  readonly write: (driver: DiskDriver) => void;
  readonly status: number;
  /** The used length. */
  readonly written: number;
}

/** Header, one data buffer, status. */
function request(d: DiskDriver, sector: number | bigint, length: number, type: number = BLK.IN): void {
  d.writeHeader(type, sector);
  d.queue.chain(0, [
    { address: d.header, length: 16 },
    { address: d.data, length, writable: type !== BLK.OUT },
    { address: d.status, length: 1, writable: true },
  ]);
}

/** A good header, then a data buffer as given. */
function buffer(d: DiskDriver, address: number | bigint, length: number): void {
  request(d, 0, SECTOR_SIZE);
  d.queue.describe(1, address, length, WRITE | NEXT, 2);
}

/** An indirect table of `count` descriptors in descriptor 0. */
function indirect(d: DiskDriver, length: number, ...rest: readonly [flags?: number, at?: number | bigint]): void {
  const [flags = 0, at = d.table] = rest;
  d.queue.describe(0, at, length, INDIRECT | flags, 1);
}

const unserved = (name: string, write: Row['write']): Row => ({ name, write, status: UNTOUCHED, written: 0 });
const failed = (name: string, write: Row['write']): Row => ({ name, write, status: STATUS.ioError, written: 1 });
const refused = (name: string, write: Row['write']): Row => ({ name, write, status: STATUS.unsupported, written: 1 });
const served = (name: string, written: number, write: Row['write']): Row => ({ name, write, status: STATUS.ok, written });

const CHAINS: readonly Row[] = [
  unserved('a descriptor that names itself', (d) => d.queue.describe(0, d.header, 16, NEXT, 0)),
  unserved(
    'two that name each other',
    (d) => (d.queue.describe(0, d.header, 16, NEXT, 1), d.queue.describe(1, d.data, 1, NEXT | WRITE, 0)),
  ),
  unserved('a loop of buffers without bytes', (d) => d.queue.describe(0, d.header, 0, NEXT, 0)),
  unserved('a next of the ring size', (d) => d.queue.describe(0, d.header, 16, NEXT, SIZE)),
  unserved('a next of 65535', (d) => d.queue.describe(0, d.header, 16, NEXT, 0xffff)),
  unserved('a readable buffer behind a writable one', (d) => (request(d, 0, 512), d.queue.describe(2, d.header, 16, 0))),
  unserved('a buffer in a hole', (d) => buffer(d, 0x8000_0000, 512)),
  unserved('a buffer one byte longer than memory', (d) => buffer(d, GUEST_END - 511, 512)),
  unserved('a buffer one byte before memory', (d) => buffer(d, GUEST_START - 1, 512)),
  unserved('a buffer that wraps at 2^64', (d) => buffer(d, 2n ** 64n - 256n, 512)),
  unserved('a buffer at 2^63', (d) => buffer(d, 2n ** 63n, 512)),
  unserved('a buffer of 4 GiB', (d) => buffer(d, GUEST_START, 0xffff_fe00)),
  unserved("a buffer in the device's own registers", (d) => buffer(d, 0xe7f8_0000, 512)),
  unserved('a buffer in the local APIC', (d) => buffer(d, 0xfee0_0000, 512)),
  unserved('a table in a table', (d) => (indirect(d, 16), d.queue.describe(0, d.table + 64, 16, INDIRECT, 0, d.table))),
  unserved('a table with a next', (d) => indirect(d, 16, NEXT)),
  unserved('a table of no bytes', (d) => indirect(d, 0)),
  unserved('a table of 17 bytes', (d) => indirect(d, 17)),
  unserved('a table of nearly 4 GiB', (d) => indirect(d, 0xffff_fff0)),
  unserved('a table outside memory', (d) => indirect(d, 16, 0, 0x8000_0000)),
  unserved('a table half outside memory', (d) => indirect(d, 32, 0, GUEST_END - 16)),
  unserved('a table at 2^64 - 16', (d) => indirect(d, 32, 0, 2n ** 64n - 16n)),
  unserved('a next past the table', (d) => (indirect(d, 32), d.queue.describe(0, d.header, 16, NEXT, 2, d.table))),
  unserved('a loop in a table', (d) => (indirect(d, 32), d.queue.describe(0, d.header, 16, NEXT, 0, d.table))),
  unserved('nowhere for a status', (d) => (request(d, 0, 512, BLK.OUT), d.queue.describe(1, d.data, 512, 0))),
  unserved('no buffer with a byte in it', (d) => d.queue.describe(0, d.header, 0, 0)),
  failed('a header of 15 bytes', (d) => (request(d, 0, 512), d.queue.describe(0, d.header, 15, NEXT, 1))),
  failed('no header', (d) => (request(d, 0, 512), d.queue.describe(0, d.header, 0, NEXT, 1))),
  failed('a read of 511 bytes', (d) => request(d, 0, 511)),
  failed('a read of 513 bytes', (d) => request(d, 0, 513)),
  failed('a write of 511 bytes', (d) => request(d, 0, 511, BLK.OUT)),
  failed('a read past the end', (d) => request(d, SECTORS - 1, 1024)),
  failed('a write past the end', (d) => request(d, SECTORS, 512, BLK.OUT)),
  failed('a write to sector 2^64 - 1', (d) => request(d, 2n ** 64n - 1n, 512, BLK.OUT)),
  failed('a write to a sector that is 0 as bytes of 64 bits', (d) => request(d, 2n ** 55n, 512, BLK.OUT)),
  refused('a type that is none', (d) => request(d, 0, 512, 77)),
  refused('type 2^32 - 1', (d) => request(d, 0, 512, 0xffff_ffff)),
  served('an id into nothing but the status byte', 1, (d) => (d.writeHeader(BLK.GET_ID, 0), requestOfStatus(d))),
  served('a read into nothing but the status byte', 1, (d) => (d.writeHeader(BLK.IN, 0), requestOfStatus(d))),
  served('an id into one byte', 2, (d) => request(d, 0, 1, BLK.GET_ID)),
  served('a header in sixteen buffers', 513, headerInPieces),
  served('buffers without bytes among good ones', 513, withEmptyBuffers),
  served('a table of 1024, most of them empty', 513, longTable),
];

function requestOfStatus(d: DiskDriver): void {
  d.queue.chain(0, [
    { address: d.header, length: 16 },
    { address: d.status, length: 1, writable: true },
  ]);
}

function headerInPieces(d: DiskDriver): void {
  d.writeHeader(BLK.IN, 0);
  const pieces = Array.from({ length: 16 }, (_, index) => ({ address: d.header + index, length: 1 }));
  d.queue.chain(0, [...pieces, { address: d.data, length: 512, writable: true }, { address: d.status, length: 1, writable: true }]);
}

function withEmptyBuffers(d: DiskDriver): void {
  d.writeHeader(BLK.IN, 0);
  d.queue.chain(0, [
    { address: 0x8000_0000, length: 0 },
    { address: d.header, length: 16 },
    { address: GUEST_END, length: 0, writable: true },
    { address: d.data, length: 512, writable: true },
    { address: d.status, length: 1, writable: true },
    { address: GUEST_END - 1, length: 0, writable: true },
  ]);
}

function longTable(d: DiskDriver): void {
  d.writeHeader(BLK.IN, 0);
  const empty = { address: d.data, length: 0, writable: true };
  const bytes = Array.from({ length: 512 }, (_, index) => ({ address: d.data + index, length: 1, writable: true }));
  const list = [{ address: d.header, length: 16 }, ...bytes, ...Array.from({ length: 510 }, () => empty)];
  d.queue.chain(0, [...list, { address: d.status, length: 1, writable: true }], d.table);
  indirect(d, 1024 * 16);
}

const BROKEN_RINGS: readonly (readonly [name: string, write: (d: DiskDriver) => void, returned: number])[] = [
  ['the available index ahead by one more than the ring has', (d) => (d.queue.available = SIZE + 1), 0],
  ['the available index going backwards', (d) => (d.queue.available = 0xffff), 0],
  ['a head of the ring size', (d) => d.queue.offer(SIZE), 0],
  ['a head of 65535', (d) => d.queue.offer(0xffff), 0],
  ['a head given twice while its request is under way', readTwice, 1],
  ['a good request, then a head that is none', (d) => (d.offerRead(3), d.queue.offer(SIZE)), 1],
];

/** Both at once: between two looks the first could be done. */
function readTwice(d: DiskDriver): void {
  d.prepareRead(3);
  d.queue.entry(0, 0);
  d.queue.entry(1, 0);
  d.queue.available = 2;
}

describe('hostile driver of a block process', function () {
  this.timeout(30_000);
  let disk: DiskProcess;
  let hostile: DiskDriver;
  let honest: DiskDriver;

  before(async () => {
    disk = await DiskProcess.start();
    hostile = new DiskDriver(disk, 0, HOSTILE);
    honest = new DiskDriver(disk, 1, HONEST);
    await honest.start();
  });
  after(async () => {
    hostile[Symbol.dispose]();
    honest[Symbol.dispose]();
    await disk[Symbol.asyncDispose]();
  });
  beforeEach(() => hostile.start());
  afterEach(async () => {
    expectServed(honest, 11);
    await hostile.stop();
    expect([disk.isRunning, Buffer.compare(disk.imageOnDisk, disk.image)]).to.deep.equal([true, 0]);
  });

  for (const { name, write, status, written } of CHAINS) {
    const fate = written === 0 ? 'goes back unserved' : `status ${status}, ${written} bytes`;
    it(`${name} -> ${fate}, and the next request is served`, () => {
      disk.memory.writeU8(hostile.status, UNTOUCHED);
      write(hostile);
      const before = disk.memoryBytes();
      hostile.queue.offer(0);
      hostile.notify();
      expect(hostile.returned(1)).to.deep.equal([{ head: 0, written }]);
      expect([disk.memory.readU8(hostile.status), hostile.errors()]).to.deep.equal([status, 0]);
      const data = status === STATUS.ok ? written - 1 : 0;
      expect(disk.firstChange(before, [...ringOf(hostile), flagsOf(honest), [hostile.status, 1], [hostile.data, data]])).to.equal(
        undefined,
      );
      expectServed(hostile, 5);
    });
  }

  for (const [name, write, returned] of BROKEN_RINGS) {
    it(`${name} -> told once, nothing more is taken, whole again after a reset`, async () => {
      const before = disk.memoryBytes();
      write(hostile);
      hostile.notify();
      expect(hostile.broken()).to.equal(1);
      if (returned > 0) expect(hostile.returned(returned)).to.deep.equal([{ head: 0, written: SECTOR_SIZE + 1 }]);
      hostile.queue.available = 0;
      hostile.offerRead(7);
      for (let count = 0; count < 100; count++) hostile.notify();
      expectServed(honest, 9);
      expect([hostile.queue.collect(), hostile.errors()]).to.deep.equal([[], 0]);
      const own = [
        [hostile.queue.ring.descriptor, 0x7000],
        [hostile.header, 16],
        [hostile.status, 1],
        [hostile.data, SECTOR_SIZE],
      ] as const;
      expect(disk.firstChange(before, [...own, ...areaOf(honest)])).to.equal(undefined);
      await hostile.stop();
      await hostile.start();
      expectServed(hostile, 5);
    });
  }

  it('the index wraps from 65535 to 0 on both queues', async () => {
    await Promise.all([hostile.stop(), honest.stop()]);
    await Promise.all([hostile.start(0xfff8), honest.start(0xfff0)]);
    for (let count = 0; count < 3 * SIZE; count++) {
      expectServed(hostile, count);
      expectServed(honest, count + 1);
    }
    expect([hostile.errors(), honest.errors()]).to.deep.equal([0, 0]);
  });

  it('buffers over its own ring break that ring and nothing else', async () => {
    const { descriptor, available, used } = hostile.queue.ring;
    for (const target of [descriptor, available, used]) {
      const before = disk.memoryBytes();
      hostile.writeHeader(BLK.IN, 1);
      hostile.queue.chain(0, [
        { address: hostile.header, length: 16 },
        { address: target, length: SECTOR_SIZE, writable: true },
        { address: hostile.status, length: 1, writable: true },
      ]);
      hostile.queue.offer(0);
      hostile.notify();
      expectServed(honest, 4);
      await hostile.stop();
      const own = [
        [descriptor, 0x7000],
        [hostile.header, 16],
        [hostile.status, 1],
      ] as const;
      expect(disk.firstChange(before, [...own, ...areaOf(honest)])).to.equal(undefined);
      await hostile.start();
      expectServed(hostile, 2);
    }
  });

  it('rings in places that are no memory are not started', async () => {
    await hostile.stop();
    const { frontend } = disk;
    const good = { index: 0, size: SIZE, base: 0, kickFd: hostile.kick.fd, callFd: hostile.call.fd };
    const { descriptor, available, used } = hostile.queue.config;
    for (const change of [{ size: 0 }, { size: 3 }, { size: 128 }, { size: 0xffff }, { base: 0x1_0000 }]) {
      const parts = { descriptor: at(descriptor), available: at(available), used: at(used) };
      expect((await frontend.startRing({ ...good, ...parts, ...change })).ok, JSON.stringify(change)).to.equal(false);
      await hostile.stop();
    }
    const end = disk.region.mapping.address + GUEST_END - GUEST_START;
    for (const [part, places] of [
      ['descriptor', [descriptor + 8, end - 16, 0xe7f8_0000, 0xfee0_0000, 2 ** 52]],
      ['available', [available + 1, end - 2, 0xe7f8_0000]],
      ['used', [used + 2, end - 4, 0xe7f8_0000]],
    ] as const) {
      for (const place of places) {
        const parts = { descriptor: at(descriptor), available: at(available), used: at(used), [part]: at(place) };
        expect((await frontend.startRing({ ...good, ...parts })).ok, `${part} at ${place}`).to.equal(false);
        expectServed(honest, 6);
        await hostile.stop();
      }
    }
    await hostile.start();
  });

  it('kicks with nothing to take, and chains without a kick', () => {
    for (let count = 0; count < 20_000; count++) hostile.notify();
    expectServed(honest, 1);
    expect([hostile.queue.collect(), hostile.errors()]).to.deep.equal([[], 0]);
    hostile.offerRead(8);
    expectServed(honest, 2);
    hostile.notify();
    expect(hostile.returned(1)).to.deep.equal([{ head: 0, written: SECTOR_SIZE + 1 }]);
  });

  it('a ring without a kick descriptor is looked at all the same', async () => {
    const { config } = hostile.queue;
    const base = await hostile.stop();
    const parts = {
      descriptor: disk.frontendAddress(config.descriptor),
      available: disk.frontendAddress(config.available),
      used: disk.frontendAddress(config.used),
    };
    const ring = { index: hostile.index, size: config.size, base, ...parts, kickFd: undefined, callFd: hostile.call.fd };
    expect((await disk.frontend.startRing(ring)).ok).to.equal(true);
    for (let count = 0; count < 3; count++) {
      hostile.offerRead(8);
      expect(hostile.returned(1)).to.deep.equal([{ head: 0, written: SECTOR_SIZE + 1 }]);
    }
    await hostile.stop();
    await hostile.start();
  });

  it('a ring kept full of the longest chains does not keep the other queue waiting', () => {
    longTable(hostile);
    for (let head = 1; head < SIZE; head++) hostile.queue.describe(head, hostile.table, 1024 * 16, INDIRECT);
    hostile.queue.offer(...Array.from({ length: SIZE }, (_, head) => head));
    hostile.notify();
    let returned = 0;
    // Each has a thread of its own, and may be the slower one.
    for (let count = 0; count < 200 || returned <= 200; count++) {
      honest.offerRead(count % SECTORS);
      honest.notify();
      while (honest.queue.collect().length === 0) {
        const heads = hostile.queue.collect().map(({ head }) => head);
        returned += heads.length;
        hostile.queue.offer(...heads);
        hostile.notify();
      }
    }
    expect(hostile.errors()).to.equal(0);
  });

  it('descriptors and headers rewritten while they are read lead to no byte outside what they ever named', () => {
    const last = GUEST_END - SECTOR_SIZE;
    const before = disk.memoryBytes();
    const { memory } = disk;
    let returned = 0;
    request(hostile, 0, SECTOR_SIZE);
    for (let round = 0; round < 2000; round++) {
      hostile.queue.offer(0);
      hostile.notify();
      // Address and length of the buffer, and both halves of the sector, each from one of two requests.
      for (let flip = 0; hostile.queue.collect().length === 0; flip++) {
        const isOdd = flip % 2 === 1;
        hostile.queue.describe(1, isOdd ? last : hostile.data, isOdd ? 0x7fff_fe00 : SECTOR_SIZE, WRITE | NEXT, 2);
        memory.writeU32(hostile.header + 12, isOdd ? 0x80_0000 : 0);
        memory.writeU32(hostile.header + 8, isOdd ? SECTORS : 0);
      }
      returned++;
    }
    expect([returned, hostile.errors(), hostile.queue.collect()]).to.deep.equal([2000, 0, []]);
    const own = [
      [hostile.queue.ring.descriptor, 0x7000],
      [hostile.header, 16],
      [hostile.status, 1],
    ] as const;
    expect(disk.firstChange(before, [...own, [hostile.data, SECTOR_SIZE], [last, SECTOR_SIZE]])).to.equal(undefined);
  });

  it('half a million bad requests leave nothing behind in the process', () => {
    const writes = [
      (head: number) => hostile.queue.describe(head, hostile.header, 16, NEXT, head),
      (head: number) => hostile.queue.describe(head, 0x8000_0000, 16, WRITE),
      (head: number) => hostile.queue.describe(head, hostile.table, 0xffff_fff0, INDIRECT),
      (head: number) => hostile.queue.describe(head, hostile.status, 1, WRITE),
      (head: number) => hostile.queue.describe(head, hostile.header, 16, 0),
    ];
    for (let head = 0; head < SIZE; head++) writes[head % writes.length]?.(head);
    const heads = Array.from({ length: SIZE }, (_, head) => head);
    const flood = (requests: number): void => {
      for (let done = 0; done < requests; done += SIZE) {
        hostile.queue.offer(...heads);
        hostile.notify();
        hostile.returned(SIZE);
      }
    };
    flood(100_000);
    const before = disk.usage();
    flood(400_000);
    const now = disk.usage();
    expect([now.fds, hostile.errors()]).to.deep.equal([before.fds, 0]);
    expect(now.privateKib - before.privateKib).to.be.lessThan(8 * 1024);
  });

  function at(address: number) {
    return disk.frontendAddress(address);
  }

  function expectServed(driver: DiskDriver, sector: number): void {
    const { status, bytes } = driver.read(sector);
    expect([status, Buffer.compare(bytes, sectorBytes(sector))]).to.deep.equal([STATUS.ok, 0]);
  }
});

describe('hostile driver that reads more than anybody needs', function () {
  this.timeout(60_000);
  const HEADS = 64;
  const BYTES = 64 << 20;

  /** A ring full of reads of all of a disk, into one small buffer again and again. */
  function offerReads(driver: DiskDriver): void {
    const piece = 0x2_0000;
    driver.writeHeader(BLK.IN, 0);
    const data = Array.from({ length: BYTES / piece }, () => ({ address: driver.data, length: piece, writable: true }));
    const chain = [{ address: driver.header, length: 16 }, ...data, { address: driver.status, length: 1, writable: true }];
    driver.queue.chain(0, chain, driver.table);
    for (let head = 0; head < HEADS; head++) driver.queue.describe(head, driver.table, chain.length * 16, INDIRECT);
    for (let head = 0; head < HEADS; head++) driver.queue.entry(head, head);
    driver.queue.available = HEADS;
    driver.notify();
  }

  it('the other queue is served between the pieces of its requests', async () => {
    await using disk = await DiskProcess.start({ image: new Uint8Array(BYTES) });
    using hostile = new DiskDriver(disk, 0, { ...HOSTILE, size: HEADS });
    using honest = new DiskDriver(disk, 1, HONEST);
    await Promise.all([hostile.start(), honest.start()]);
    offerReads(hostile);
    expect(honest.read(1).status).to.equal(STATUS.ok);
    expect(hostile.queue.usedIdx).to.be.lessThan(HEADS);
    expect(hostile.returned(HEADS).map(({ written }) => written)).to.deep.equal(new Array<number>(HEADS).fill(BYTES + 1));
    expect([disk.memory.readU8(hostile.status), hostile.errors()]).to.deep.equal([STATUS.ok, 0]);
  });

  it('a reset waits for a part of them only, and returns each once', async () => {
    await using disk = await DiskProcess.start({ image: new Uint8Array(BYTES) });
    using hostile = new DiskDriver(disk, 0, { ...HOSTILE, size: HEADS });
    using honest = new DiskDriver(disk, 1, HONEST);
    await Promise.all([hostile.start(), honest.start()]);
    offerReads(hostile);
    // Once this is served the first pieces of all are under way.
    expect(honest.read(1).status).to.equal(STATUS.ok);
    expect(await hostile.stop()).to.equal(HEADS);
    const used = hostile.queue.collect();
    expect(used.map(({ head }) => head).toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: HEADS }, (_, head) => head));
    expect(new Set(used.map(({ written }) => written))).to.include(1);
    expect(honest.read(2).status).to.equal(STATUS.ok);
    await hostile.start();
    expect(hostile.read(3).status).to.equal(STATUS.ok);
  });
});

describe('hostile driver of a disk that says to be something else', function () {
  this.timeout(30_000);

  it('an image with a header that names a backing file, called raw, is served as the bytes it has', async () => {
    // QCOW2, version 3, with the name of its backing file at 0x70.
    const image = new Uint8Array(64 * SECTOR_SIZE);
    const name = new TextEncoder().encode('/etc/hostname');
    const header = new DataView(image.buffer);
    image.set([0x51, 0x46, 0x49, 0xfb]);
    header.setUint32(4, 3);
    header.setBigUint64(8, 0x70n);
    header.setUint32(16, name.length);
    header.setBigUint64(24, 1n << 40n);
    image.set(name, 0x70);
    await using disk = await DiskProcess.start({ image });
    using driver = new DiskDriver(disk, 0, HOSTILE);
    await driver.start();
    expect(Buffer.compare(driver.read(0).bytes, image.subarray(0, SECTOR_SIZE))).to.equal(0);
    const config = await disk.frontend.readConfig(0, 8);
    expect(config.ok && new DataView(config.value.buffer, config.value.byteOffset).getBigUint64(0, true)).to.equal(64n);
    expect(driver.read(64).status).to.equal(STATUS.ioError);
  });
});

type Areas = readonly (readonly [address: number, length: number])[];

/** What a device may write of a ring, its used part; and what offering one chain at the start writes, index and first entry. */
function ringOf(driver: DiskDriver): Areas {
  const { available, used } = driver.queue.ring;
  return [
    [used, driver.queue.end - used],
    [available + 2, 4],
  ];
}

/** Where a device says whether it wants kicks: it goes on doing so in queues at rest. */
function flagsOf(driver: DiskDriver): Areas[number] {
  return [driver.queue.ring.used, 2];
}

/** Everything that a queue in use has. */
function areaOf(driver: DiskDriver): Areas {
  const { descriptor } = driver.queue.ring;
  return [
    [descriptor, driver.queue.end - descriptor],
    [driver.header, 16],
    [driver.status, 1],
    [driver.data, SECTOR_SIZE],
  ];
}
