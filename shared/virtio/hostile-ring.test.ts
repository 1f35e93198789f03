/**
 * A hostile driver against the queue itself, on real ring memory: what it rewrites while we read, how long it can keep us, and
 * where we write. What each bad chain and each bad index is called, and what becomes of it, is in `split-queue.test.ts`.
 */
import { expect } from 'chai';
import { expect as must } from '../lang/result.ts';
import type { GuestMemory } from '../memory/index.ts';
import { DriverQueue } from '../testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '../testing/memory-builder.ts';
import { Random } from '../testing/random.ts';
import { RewritingView, RewrittenMemory } from '../testing/rewriting-memory.ts';
import { DescriptorChain, QueueLoop, SegmentTable, SplitQueue } from './index.ts';
import { readChain } from './descriptor-chain.ts';
import { VIRTQ_DESC_F_INDIRECT as INDIRECT, VIRTQ_DESC_F_NEXT as NEXT, VIRTQ_DESC_F_WRITE as WRITE } from './spec.ts';

const SIZE = 8;
const MEMORY = 0x4_0000;
const TABLE = 0x8000;
const DATA = 0x1_0000;
/** Where PCI BARs, the ECAM, the IOAPIC and the local APICs are in our machines: never memory. */
const DEVICE_REGISTERS = [0xe7f8_0000, 0xe800_0000, 0xfec0_0000, 0xfee0_0000, 0x40_0000_0000];

function copyOf(memory: GuestMemory): Uint8Array {
  const bytes = new Uint8Array(MEMORY);
  memory.readBytes(0, bytes);
  return bytes;
}

function rewritingTable(made: TestMemory, driver: DriverQueue): RewritingView {
  const view = new RewritingView(new ArrayBuffer(SIZE * 16));
  made.memory.readBytes(driver.ring.descriptor, new Uint8Array(view.buffer));
  return view;
}

describe('hostile ring: rewritten while it is read', () => {
  it('every word of a descriptor is read once, and what was read first is what holds', () => {
    using made = makeMemory([[0, MEMORY]]);
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    driver.chain(0, [
      { address: DATA, length: 16 },
      { address: DATA + 16, length: 512, writable: true },
      { address: DATA + 1024, length: 1, writable: true },
    ]);
    const table = rewritingTable(made, driver);
    const chain = new DescriptorChain(new SegmentTable(SIZE));
    expect(readChain(chain, 0, { table, entries: SIZE, memory: made.memory, indirect: true })).to.equal(undefined);
    expect([chain.readableBytes, chain.writableBytes, table.reads]).to.deep.equal([16, 513, 3 * 4]);
  });

  it("an indirect table's length is judged and used from one reading, and so are its descriptors", () => {
    using made = makeMemory([[0, MEMORY]]);
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    driver.chain(
      0,
      [
        { address: DATA, length: 16 },
        { address: DATA + 16, length: 512, writable: true },
      ],
      TABLE,
    );
    driver.describe(0, TABLE, 32, INDIRECT);
    const table = rewritingTable(made, driver);
    const memory = new RewrittenMemory(made, TABLE, 32);
    const chain = new DescriptorChain(new SegmentTable(SIZE));
    expect(readChain(chain, 0, { table, entries: SIZE, memory, indirect: true })).to.equal(undefined);
    expect([chain.readableBytes, chain.writableBytes, table.reads, memory.rewritten.reads]).to.deep.equal([16, 512, 4, 2 * 4]);
  });
});

describe('hostile ring: how long it keeps us', () => {
  it('a driver that makes a chain available for each one served is left after the budget', () => {
    using made = makeMemory([[0, MEMORY]]);
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    const queue = must(SplitQueue.activate(driver.config, made.memory, new SegmentTable(SIZE)), 'queue');
    for (let head = 0; head < SIZE; head++) driver.describe(head, DATA, 1, 0);
    driver.offer(0);
    let served = 0;
    const loop = new QueueLoop(queue, { handle: () => (driver.offer(++served % SIZE), 0) }, () => {});
    expect([loop.serve(5), served]).to.deep.equal([true, 5]);
  });

  it('and so is one that makes nothing but bad chains available', () => {
    using made = makeMemory([[0, MEMORY]]);
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    const queue = must(SplitQueue.activate(driver.config, made.memory, new SegmentTable(SIZE)), 'queue');
    for (let head = 0; head < SIZE; head++) driver.describe(head, DATA, 1, NEXT, head);
    let refills = 0;
    const refill = (): void => {
      refills++;
      // A loop without a bound would never come back: the test ends it, to fail.
      if (refills < 1000) driver.offer(0, 1, 2, 3, 4, 5, 6, 7);
    };
    refill();
    const loop = new QueueLoop(queue, { handle: () => 0 }, refill);
    expect(loop.serve(32)).to.equal(true);
    expect([queue.dropped, refills, [...queue.chainFaults], queue.fault]).to.deep.equal([32, 5, [['CHAIN_LOOP', 32]], undefined]);
  });

  it('one look takes no more bad chains than the ring has heads, however often they are repeated', () => {
    using made = makeMemory([[0, MEMORY]]);
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    const queue = must(SplitQueue.activate(driver.config, made.memory, new SegmentTable(SIZE)), 'queue');
    for (let head = 0; head < SIZE; head++) driver.describe(head, DATA, 1, NEXT, head);
    driver.offer(0, 1, 2, 3, 4, 5, 6, 7);
    expect([queue.take(), queue.dropped]).to.deep.equal([false, SIZE]);
    driver.offer(0, 1, 2, 3, 4, 5, 6, 7);
    expect([queue.take(), queue.dropped, queue.fault?.code]).to.deep.equal([false, SIZE, 'HEAD_IN_FLIGHT']);
  });

  it('a chain is at most as long as its table, whatever it is made of, and a table has at most 1024 descriptors', () => {
    using made = makeMemory([[0, MEMORY]]);
    const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
    const queue = must(SplitQueue.activate(driver.config, made.memory, new SegmentTable(SIZE)), 'queue');
    for (let index = 0; index < 1024; index++) driver.describe(index, DATA, 1, NEXT, index + 1, TABLE);
    driver.describe(0, TABLE, 1024 * 16, INDIRECT);
    driver.describe(1, TABLE, 1025 * 16, INDIRECT);
    driver.offer(0, 1);
    expect(queue.take()).to.equal(false);
    driver.describe(1023, DATA, 1, 0, 0, TABLE);
    driver.offer(2);
    driver.describe(2, TABLE, 1024 * 16, INDIRECT);
    expect([queue.take(), queue.chain.readable, [...queue.chainFaults]]).to.deep.equal([
      true,
      1024,
      [
        ['NEXT_OUT_OF_RANGE', 1],
        ['INDIRECT_LENGTH', 1],
      ],
    ]);
  });
});

describe('hostile ring: where we write', () => {
  for (const address of DEVICE_REGISTERS) {
    it(`buffers and tables in device registers at 0x${address.toString(16)} are no memory`, () => {
      using made = makeMemory([
        [0, MEMORY],
        [0x1_0000_0000, MEMORY],
      ]);
      const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000 });
      const queue = must(SplitQueue.activate(driver.config, made.memory, new SegmentTable(SIZE)), 'queue');
      driver.describe(0, address, 512, WRITE);
      driver.describe(1, address, 32, INDIRECT);
      driver.offer(0, 1);
      expect(queue.take()).to.equal(false);
      expect([...queue.chainFaults.keys()]).to.deep.equal(['BUFFER_UNMAPPED', 'INDIRECT_UNMAPPED']);
      expect(() => new DriverQueue(made.memory, { size: SIZE, base: address })).to.throw(/RING_UNMAPPED/);
    });
  }

  for (const seed of [1, 2, 3, 4]) {
    it(`to nothing but the used ring, and the neighbour's queue is served (seed ${seed}, 3000 rounds)`, () => {
      using made = makeMemory([[0, MEMORY]]);
      const random = new Random(seed);
      const { memory } = made;
      const hostile = new DriverQueue(memory, { size: SIZE, base: 0x1000, eventIdx: seed % 2 === 0 });
      const good = new DriverQueue(memory, { size: SIZE, base: 0x2000 });
      const neighbour = must(SplitQueue.activate(good.config, memory, new SegmentTable(SIZE)), 'queue');
      const segments = new SegmentTable(SIZE);
      let queue = must(SplitQueue.activate(hostile.config, memory, segments), 'queue');
      let broken = 0;
      let dropped = 0;
      for (let round = 0; round < 3000; round++) {
        disturb(hostile, random);
        const before = copyOf(memory);
        const loop = new QueueLoop(queue, { handle: (chain) => chain.writableBytes }, () => {});
        while (loop.serve(16));
        checkGuards(before, copyOf(memory), hostile, `seed ${seed}, round ${round}`);
        good.describe(round % SIZE, DATA, round % 512, 0);
        good.offer(round % SIZE);
        expect([neighbour.take(), neighbour.chain.readableBytes]).to.deep.equal([true, round % 512]);
        neighbour.push(round % SIZE, 0);
        neighbour.publish();
        if (queue.fault === undefined) continue;
        broken++;
        dropped += queue.dropped;
        queue = must(SplitQueue.activate(hostile.startAt(random.below(0x1_0000)), memory, segments), 'queue');
      }
      expect(broken).to.be.greaterThan(20);
      expect(dropped).to.be.greaterThan(500);
    }).timeout(30_000);
  }
});

/** Random descriptors in the ring and in a table, a random head, and now and then a random index. */
function disturb(driver: DriverQueue, random: Random): void {
  const address = random.oneIn(6) ? random.below(2 ** 24) * 2 ** random.below(40) : DATA + random.below(0x1000);
  const length = random.oneIn(4) ? random.below(2 ** 32) : random.below(600);
  driver.describe(random.below(SIZE), address, length, random.below(8), random.below(SIZE + 1));
  driver.describe(random.below(64), DATA, random.below(600), random.below(4), random.below(20), TABLE);
  if (random.oneIn(3)) driver.describe(random.below(SIZE), TABLE, random.below(5) * 16, INDIRECT);
  driver.offer(random.oneIn(60) ? random.below(0x1_0000) : random.below(SIZE));
  driver.usedEvent = random.below(0x1_0000);
  if (random.oneIn(200)) driver.available = random.below(0x1_0000);
}

function checkGuards(before: Uint8Array, after: Uint8Array, driver: DriverQueue, when: string): void {
  after.set(before.subarray(driver.ring.used, driver.end), driver.ring.used);
  expect(Buffer.compare(before, after), `${when}: bytes outside the used ring`).to.equal(0);
}
