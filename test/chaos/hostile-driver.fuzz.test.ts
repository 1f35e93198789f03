/**
 * Rings from seeds against a real block process: random descriptors, tables, headers and indices, changed while the process reads
 * them. Whatever comes, the process lives and answers, its other queue is served, and memory outside the hostile queue's own area
 * stays as it was. A failure names its seed; `FUZZ_SEED` runs that one, `FUZZ_RUNS` sets how many.
 */
import { expect } from 'chai';
import { Random } from '#shared/testing/random.ts';
import { DiskDriver, STATUS } from './disk-driver.ts';
import { type DiskOptions, DiskProcess, GUEST_END, GUEST_SIZE, GUEST_START, SECTORS, sectorBytes } from './disk-process.ts';

const SIZE = 16;
const ROUNDS = 300;
const HOSTILE = { base: GUEST_START + 0x1_0000, size: SIZE };
const HONEST = { base: GUEST_START + 0x8_0000, size: SIZE };
/** The hostile queue's: its area, and the end of memory, which it names with lengths that fit and lengths that do not. */
const OWN = [
  [HOSTILE.base, 0x4_0000],
  [GUEST_END - 0x1000, 0x1000],
] as const;
const HEADERS = 8;
const FEW_BYTES = [0, 1, 15, 16, 17, 511, 512, 513, 1024, 4096] as const;

const runs = Number(process.env['FUZZ_RUNS'] ?? 15);
const onlySeed = process.env['FUZZ_SEED'];
const seeds = onlySeed === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [Number(onlySeed)];

interface Counts {
  broken: number;
  returned: number;
}

/** In its own area whatever fits there, elsewhere nothing that fits: so nobody else's bytes may change. */
function randomAddress(random: Random, driver: DiskDriver): number | bigint {
  return random.pick<number | bigint>([
    driver.header + random.below(HEADERS) * 16,
    driver.header + random.below(HEADERS) * 16,
    driver.status + random.below(64),
    driver.data + random.below(0x1_0000),
    driver.data + random.below(0x1_0000),
    driver.table + random.below(0x1000),
    driver.queue.ring.descriptor + random.below(0x400),
    GUEST_END - random.below(0x1000),
    random.pick([0x8000_0000, 0xe7f8_0000, 0xfee0_0000, 0xffff_ffff, 2 ** 40]),
    2n ** 64n - BigInt(1 + random.below(4096)),
    2n ** 63n + BigInt(random.below(4096)),
  ]);
}

function randomLength(random: Random): number {
  return random.oneIn(12) ? GUEST_SIZE + random.below(2 ** 32 - GUEST_SIZE) : random.pick(FEW_BYTES);
}

function randomSector(random: Random): number | bigint {
  return random.pick<number | bigint>([random.below(SECTORS), random.below(SECTORS), SECTORS - 1, SECTORS, 2 ** 55, 2n ** 64n - 1n]);
}

/** Mostly what a driver could mean, with a broken part now and then. */
function disturb(driver: DiskDriver, random: Random): void {
  const { queue } = driver;
  const type = random.pick([0, 0, 1, 4, 8, 77]);
  driver.writeHeader(type, randomSector(random), driver.header + random.below(HEADERS) * 16);
  if (random.oneIn(3)) {
    const pieces = 1 + random.below(4);
    const buffers = Array.from({ length: pieces }, () => ({
      address: driver.data + random.below(0x1_0000),
      length: 512,
      writable: type !== 1,
    }));
    const all = [{ address: driver.header, length: 16 }, ...buffers, { address: driver.status, length: 1, writable: true }];
    queue.chain(random.oneIn(2) ? 0 : random.below(SIZE - 6), all);
    queue.chain(0, all, driver.table);
  }
  for (let count = random.below(4); count > 0; count--) {
    const table = random.oneIn(3) ? driver.table : queue.ring.descriptor;
    const next = random.oneIn(10) ? random.below(0x1_0000) : random.below(SIZE);
    queue.describe(random.below(SIZE), randomAddress(random, driver), randomLength(random), random.below(4), next, table);
  }
  if (random.oneIn(4))
    queue.describe(random.below(SIZE), driver.table, random.pick([0, 16, 48, 64, 100, 0x4000, 0x4010]), 4 + random.below(4));
  for (let count = 1 + random.below(3); count > 0; count--) queue.offer(random.oneIn(80) ? random.below(0x1_0000) : random.below(SIZE));
  if (random.oneIn(200)) queue.available = random.below(0x1_0000);
  if (random.oneIn(4)) queue.usedEvent = random.below(0x1_0000);
  if (!random.oneIn(5)) driver.notify();
}

async function runSeed(seed: number, hostile: DiskDriver, check: () => void): Promise<Counts> {
  const random = new Random(seed);
  const counts = { broken: 0, returned: 0 };
  await hostile.start(random.below(0x1_0000));
  for (let round = 0; round < ROUNDS; round++) {
    disturb(hostile, random);
    if (random.oneIn(6)) check();
    const used = hostile.queue.collect();
    counts.returned += used.length;
    if (hostile.errors() === 0) continue;
    counts.broken++;
    await hostile.stop();
    await hostile.start(random.below(0x1_0000));
  }
  check();
  await hostile.stop();
  return counts;
}

describe('hostile driver of a block process: fuzz', function () {
  this.timeout(120_000);

  const variants: readonly (readonly [name: string, options: DiskOptions])[] = [
    ['a disk that may be read', { readOnly: true }],
    ['a disk that may be read, with event indices', { readOnly: true, eventIdx: true }],
    ['a disk that may be written', {}],
  ];
  for (const [name, options] of variants) {
    it(`${name}: ${onlySeed === undefined ? `${runs} seeds` : `seed ${onlySeed}`} of ${ROUNDS} rounds`, async () => {
      await using disk = await DiskProcess.start(options);
      using hostile = new DiskDriver(disk, 0, HOSTILE);
      using honest = new DiskDriver(disk, 1, HONEST);
      await honest.start();
      const before = disk.memoryBytes();
      const counts = { broken: 0, returned: 0 };
      let sector = 0;
      const check = (): void => {
        sector = (sector + 1) % SECTORS;
        const { status, bytes } = honest.read(sector);
        expect(status, 'the other queue').to.equal(STATUS.ok);
        // What the hostile queue wrote to the disk is its good right.
        if (options.readOnly === true) expect(Buffer.compare(bytes, sectorBytes(sector)), 'bytes of the other queue').to.equal(0);
        expect(disk.firstChange(before, [...OWN, [HONEST.base, 0x2_0000]])).to.equal(undefined);
      };
      await hostile.start();
      check();
      const { fds } = disk.usage();
      await hostile.stop();
      for (const seed of seeds) {
        try {
          const found = await runSeed(seed, hostile, check);
          counts.broken += found.broken;
          counts.returned += found.returned;
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}\n${disk.lastWords}`, { cause: error });
        }
      }
      await hostile.start();
      expect(hostile.read(3).status).to.equal(STATUS.ok);
      expect([disk.usage().fds, disk.imageOnDisk.length]).to.deep.equal([fds, disk.image.length]);
      if (options.readOnly === true) expect(Buffer.compare(disk.imageOnDisk, disk.image)).to.equal(0);
      // A fuzzer whose rings all break at once would find nothing.
      if (onlySeed === undefined) expect(counts.returned).to.be.greaterThan(runs * 20);
      if (onlySeed === undefined) expect(counts.broken).to.be.greaterThan(runs);
    });
  }
});
