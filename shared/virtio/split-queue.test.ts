import { expect } from 'chai';
import { expect as must } from '../lang/result.ts';
import { type Buffer, DriverQueue, type DriverQueueOptions } from '../testing/driver-queue.ts';
import { type TestMemory, makeMemory } from '../testing/memory-builder.ts';
import { type DescriptorChain, QueueLoop, type RingConfig, SegmentTable, SplitQueue, inflightTableSize } from './index.ts';
import { VIRTQ_DESC_F_INDIRECT as INDIRECT, VIRTQ_DESC_F_NEXT as NEXT, VIRTQ_DESC_F_WRITE as WRITE } from './spec.ts';

const SIZE = 8;
const TABLE = 0x8000;
const DATA = 0x1_0000;
const segments = new SegmentTable(16);

interface Rig extends Disposable {
  readonly made: TestMemory;
  readonly driver: DriverQueue;
  start(config?: RingConfig): SplitQueue;
}

/** Two regions that touch at 0x80000, and a hole from 0x100000 on. */
function rig(options: Partial<DriverQueueOptions> = {}): Rig {
  const made = makeMemory([
    [0, 0x8_0000],
    [0x8_0000, 0x8_0000],
  ]);
  const driver = new DriverQueue(made.memory, { size: SIZE, base: 0x1000, ...options });
  return {
    made,
    driver,
    start: (config = driver.config) => must(SplitQueue.activate(config, made.memory, segments), 'activate'),
    [Symbol.dispose]: () => made[Symbol.dispose](),
  };
}

function shape(chain: DescriptorChain): [readable: number[], writable: number[]] {
  const length = (_: unknown, index: number): number => chain.segments.lengthAt(chain.first + index);
  const all = Array.from({ length: chain.readable + chain.writable }, length);
  return [all.slice(0, chain.readable), all.slice(chain.readable)];
}

describe('split queue: chains', () => {
  const good: readonly (readonly [name: string, buffers: readonly Buffer[], shape: [number[], number[]]])[] = [
    ['one readable buffer', [{ address: DATA, length: 5 }], [[5], []]],
    [
      'readable, then writable',
      [
        { address: DATA, length: 16 },
        { address: DATA + 16, length: 512, writable: true },
        { address: DATA, length: 1, writable: true },
      ],
      [[16], [512, 1]],
    ],
    [
      'buffers of no bytes are nothing',
      [
        { address: 0x7fff_ffff, length: 0 },
        { address: DATA, length: 3 },
        { address: DATA, length: 0, writable: true },
      ],
      [[3], []],
    ],
    [
      'as many descriptors as the ring has',
      Array.from({ length: SIZE }, () => ({ address: DATA, length: 1 })),
      [[1, 1, 1, 1, 1, 1, 1, 1], []],
    ],
    ['a buffer across two regions that touch -> two segments', [{ address: 0x7_fff0, length: 32, writable: true }], [[], [16, 16]]],
  ];
  for (const [name, buffers, wanted] of good) {
    for (const indirect of [false, true]) {
      it(`${indirect ? 'indirect' : 'direct'}: ${name}`, () => {
        using r = rig();
        const queue = r.start();
        r.driver.chain(0, buffers, indirect ? TABLE : undefined);
        if (indirect) r.driver.describe(0, TABLE, buffers.length * 16, INDIRECT);
        r.driver.offer(0);
        expect(queue.take()).to.equal(true);
        expect(shape(queue.chain)).to.deep.equal(wanted);
        expect(queue.take()).to.equal(false);
      });
    }
  }

  it('moves a chain of more segments than the small area holds, whole and in order', () => {
    using r = rig();
    const queue = r.start();
    r.driver.chain(
      0,
      Array.from({ length: 100 }, (_, index) => ({ address: DATA + index * 512, length: 100 + index })),
      TABLE,
    );
    r.driver.describe(3, TABLE, 1600, INDIRECT);
    r.driver.offer(3);
    expect(queue.take()).to.equal(true);
    expect(shape(queue.chain)[0]).to.deep.equal(Array.from({ length: 100 }, (_, index) => 100 + index));
    expect(queue.chain.segments.guestAt(queue.chain.first + 99)).to.equal(DATA + 99 * 512);
    expect(queue.chain.segments.hostAt(queue.chain.first + 99)).to.equal(r.made.memory.hostAddress(DATA + 99 * 512, 1));
  });

  it('reads an indirect table at any alignment and across two regions', () => {
    using r = rig();
    const queue = r.start();
    for (const table of [TABLE + 3, 0x8_0000 - 24]) {
      r.driver.chain(
        0,
        [
          { address: DATA, length: 1 },
          { address: DATA, length: 2 },
          { address: DATA, length: 3 },
        ],
        table,
      );
      r.driver.describe(0, table, 48, INDIRECT);
      r.driver.offer(0);
      expect(queue.take()).to.equal(true);
      expect(shape(queue.chain)[0]).to.deep.equal([1, 2, 3]);
      queue.push(0, 0);
      queue.publish();
    }
  });

  const bad: readonly (readonly [fault: string, name: string, write: (d: DriverQueue) => void])[] = [
    ['NEXT_OUT_OF_RANGE', 'next is the size', (d) => d.describe(0, DATA, 1, NEXT, SIZE)],
    ['NEXT_OUT_OF_RANGE', 'next is 65535', (d) => d.describe(0, DATA, 1, NEXT, 0xffff)],
    ['CHAIN_LOOP', 'A -> A', (d) => d.describe(0, DATA, 1, NEXT, 0)],
    ['CHAIN_LOOP', 'A -> B -> A', (d) => (d.describe(0, DATA, 1, NEXT, 1), d.describe(1, DATA, 1, NEXT, 0))],
    ['CHAIN_LOOP', 'of buffers without bytes', (d) => d.describe(0, DATA, 0, NEXT, 0)],
    ['READABLE_AFTER_WRITABLE', 'order', (d) => (d.describe(0, DATA, 1, WRITE | NEXT, 1), d.describe(1, DATA, 1, 0))],
    ['BUFFER_UNMAPPED', 'in a hole', (d) => d.describe(0, 0x20_0000, 1, 0)],
    ['BUFFER_UNMAPPED', 'mapped in part', (d) => d.describe(0, 0xf_fff0, 32, 0)],
    ['BUFFER_UNMAPPED', 'address + length beyond 2^64', (d) => d.describe(0, 2n ** 64n - 16n, 4096, 0)],
    ['BUFFER_UNMAPPED', 'address 2^63', (d) => d.describe(0, 2n ** 63n, 1, 0)],
    ['BUFFER_UNMAPPED', 'all of 4 GiB', (d) => d.describe(0, 0, 0xffff_ffff, WRITE)],
    ['INDIRECT_NESTED', 'a table in a table', (d) => (d.describe(0, TABLE, 16, INDIRECT), d.describe(0, TABLE, 16, INDIRECT, 0, TABLE))],
    ['INDIRECT_WITH_NEXT', 'both flags', (d) => d.describe(0, TABLE, 16, INDIRECT | NEXT, 1)],
    ['INDIRECT_LENGTH', 'no bytes', (d) => d.describe(0, TABLE, 0, INDIRECT)],
    ['INDIRECT_LENGTH', 'not of whole descriptors', (d) => d.describe(0, TABLE, 17, INDIRECT)],
    ['INDIRECT_LENGTH', 'huge', (d) => d.describe(0, TABLE, 0xffff_fff0, INDIRECT)],
    ['INDIRECT_UNMAPPED', 'in a hole', (d) => d.describe(0, 0x20_0000, 16, INDIRECT)],
    ['INDIRECT_UNMAPPED', 'mapped in part', (d) => d.describe(0, 0xf_fff8, 16, INDIRECT)],
    ['NEXT_OUT_OF_RANGE', 'of its own table', (d) => (d.describe(0, TABLE, 32, INDIRECT), d.describe(0, DATA, 1, NEXT, 2, TABLE))],
    ['CHAIN_LOOP', 'in a table', (d) => (d.describe(0, TABLE, 32, INDIRECT), d.describe(0, DATA, 1, NEXT, 0, TABLE))],
  ];
  for (const [fault, name, write] of bad) {
    it(`${fault}: ${name} -> returned unserved, and the next chain is served`, () => {
      using r = rig();
      const queue = r.start();
      write(r.driver);
      r.driver.describe(7, DATA, 9, 0);
      r.driver.offer(0, 7);
      expect(queue.take()).to.equal(true);
      expect(queue.chain.head).to.equal(7);
      queue.publish();
      expect(r.driver.collect()).to.deep.equal([{ head: 0, written: 0 }]);
      expect([...queue.chainFaults]).to.deep.equal([[fault, 1]]);
      expect(queue.fault).to.equal(undefined);
    });
  }

  it('refuses an indirect table that was not negotiated', () => {
    using r = rig({ indirect: false });
    const queue = r.start();
    r.driver.chain(0, [{ address: DATA, length: 1 }], TABLE);
    r.driver.describe(0, TABLE, 16, INDIRECT);
    r.driver.offer(0);
    expect(queue.take()).to.equal(false);
    expect([...queue.chainFaults.keys()]).to.deep.equal(['INDIRECT_NOT_NEGOTIATED']);
  });
});

describe('split queue: the ring', () => {
  const broken: readonly (readonly [code: string, name: string, write: (d: DriverQueue) => void])[] = [
    ['AVAILABLE_JUMPED', 'ahead by more than the size', (d) => (d.available = SIZE + 1)],
    ['AVAILABLE_JUMPED', 'backwards', (d) => (d.available = 0xffff)],
    ['HEAD_OUT_OF_RANGE', 'head is the size', (d) => d.offer(SIZE)],
    ['HEAD_OUT_OF_RANGE', 'head is 65535', (d) => d.offer(0xffff)],
    ['HEAD_IN_FLIGHT', 'the same head twice', (d) => d.offer(2, 2)],
  ];
  for (const [code, name, write] of broken) {
    it(`${code}: ${name} -> the ring takes nothing any more`, () => {
      using r = rig();
      const queue = r.start();
      r.driver.describe(2, DATA, 1, 0);
      write(r.driver);
      while (queue.take());
      expect(queue.fault?.code).to.equal(code);
      r.driver.available = 1;
      r.driver.offer(3);
      expect([queue.take(), queue.hasMore(), queue.enableNotification()]).to.deep.equal([false, false, true]);
    });
  }

  it('keeps a returned head its own until the driver could see it (HEAD_IN_FLIGHT before publish, good after)', () => {
    using r = rig();
    const queue = r.start();
    r.driver.describe(0, DATA, 1, 0);
    r.driver.offer(0);
    queue.take();
    queue.push(0, 0);
    queue.publish();
    r.driver.offer(0);
    expect(queue.take()).to.equal(true);
    queue.push(0, 0);
    r.driver.offer(0);
    expect(queue.take()).to.equal(false);
    expect(queue.fault?.code).to.equal('HEAD_IN_FLIGHT');
  });

  it('wraps at 65535 -> 0', () => {
    using r = rig();
    const queue = r.start(r.driver.startAt(0xfffe));
    for (let head = 0; head < 5; head++) {
      r.driver.describe(head, DATA, 1, 0);
      r.driver.offer(head);
      expect(queue.take()).to.equal(true);
      queue.push(head, head);
      queue.publish();
    }
    expect(r.driver.collect().map((used) => used.written)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(queue.nextAvailable).to.equal(3);
  });

  const refused: readonly (readonly [code: string, change: Partial<RingConfig>])[] = [
    ['RING_SIZE', { size: 0 }],
    ['RING_SIZE', { size: 6 }],
    ['RING_SIZE', { size: 32 }],
    ['RING_MISALIGNED', { descriptor: 8 }],
    ['RING_MISALIGNED', { available: 1 }],
    ['RING_MISALIGNED', { used: 2 }],
  ];
  for (const [code, change] of refused) {
    it(`${JSON.stringify(change)} -> ${code}`, () => {
      using r = rig();
      const result = SplitQueue.activate({ ...r.driver.config, ...change }, r.made.memory, segments);
      expect(result.ok ? 'ok' : result.error.code).to.equal(code);
    });
  }
});

describe('split queue: notifications', () => {
  function serveOne(r: Rig, queue: SplitQueue): boolean {
    r.driver.describe(0, DATA, 1, 0);
    r.driver.offer(0);
    queue.take();
    queue.push(0, 0);
    return queue.publish();
  }

  it('signals once at the start whatever the driver asked for, then by used_event', () => {
    using r = rig({ eventIdx: true });
    const queue = r.start();
    r.driver.usedEvent = 1000;
    expect([queue.publish(), queue.publish()]).to.deep.equal([true, false]);
    expect(serveOne(r, queue)).to.equal(false);
    r.driver.usedEvent = 1;
    expect(serveOne(r, queue)).to.equal(true);
    expect(serveOne(r, queue)).to.equal(false);
    // Scribbled: behind, and far ahead. Neither harms.
    r.driver.usedEvent = 0xffff;
    expect(serveOne(r, queue)).to.equal(false);
  });

  it('signals by the flag without event indices', () => {
    using r = rig();
    const queue = r.start();
    queue.publish();
    expect(serveOne(r, queue)).to.equal(true);
    r.driver.flags = 1;
    expect(serveOne(r, queue)).to.equal(false);
  });

  it('asks for the next kick by avail_event, and by the flag without event indices', () => {
    using events = rig({ eventIdx: true });
    const first = events.start();
    serveOne(events, first);
    expect([first.enableNotification(), events.driver.availEvent, events.driver.usedFlags]).to.deep.equal([true, 1, 0]);
    using flags = rig();
    const second = flags.start();
    second.disableNotification();
    expect(flags.driver.usedFlags).to.equal(1);
    flags.driver.offer(0);
    expect([second.enableNotification(), flags.driver.usedFlags]).to.deep.equal([false, 0]);
  });

  it('takes back a suppression that a dead process left', () => {
    using r = rig({ eventIdx: true });
    r.made.memory.writeU16(r.driver.ring.used, 1);
    r.start();
    expect(r.driver.usedFlags).to.equal(0);
  });

  it('serves within its budget, and says that there is more', () => {
    using r = rig({ eventIdx: true });
    const queue = r.start();
    let signals = 0;
    const loop = new QueueLoop(queue, { handle: () => 0 }, () => signals++);
    for (let head = 0; head < 5; head++) r.driver.describe(head, DATA, 1, 0);
    r.driver.offer(0, 1, 2, 3, 4);
    expect([loop.serve(3), r.driver.collect().length]).to.deep.equal([true, 3]);
    expect([loop.serve(3), r.driver.collect().length, signals]).to.deep.equal([false, 2, 1]);
  });
});

describe('split queue: in-flight table', () => {
  const INFLIGHT = 0x4000;
  function inflightOf(made: TestMemory, queueSize = SIZE): { hostAddress: number; length: number; queueSize: number } {
    return { hostAddress: made.memory.hostAddress(INFLIGHT, 1), length: inflightTableSize(queueSize), queueSize };
  }
  function offerAll(r: Rig, heads: readonly number[]): void {
    for (const head of heads) r.driver.describe(head, DATA, head + 1, 0);
    r.driver.offer(...heads);
  }

  it("hands a dead process's requests on in the order they were taken, marked, and returns none twice", () => {
    using r = rig();
    const config = { ...r.driver.config, inflight: inflightOf(r.made) };
    const dead = r.start(config);
    offerAll(r, [5, 1, 3, 0]);
    for (let index = 0; index < 4; index++) dead.take();
    dead.push(1, 0);
    dead.publish();
    expect(r.driver.collect()).to.deep.equal([{ head: 1, written: 0 }]);
    // Wrong on purpose: the table knows better.
    const heir = r.start({ ...config, base: 77 });
    const taken: [number, boolean][] = [];
    expect(heir.hasMore()).to.equal(true);
    while (heir.take()) taken.push([heir.chain.head, heir.chain.replayed]);
    expect(taken).to.deep.equal([
      [5, true],
      [3, true],
      [0, true],
    ]);
    expect(heir.nextAvailable).to.equal(4);
    offerAll(r, [1]);
    expect([heir.take(), heir.chain.replayed]).to.deep.equal([true, false]);
  });

  it('clears the last batch where the dead process had published it and not yet said so', () => {
    using r = rig();
    const config = { ...r.driver.config, inflight: inflightOf(r.made) };
    const dead = r.start(config);
    offerAll(r, [2, 6]);
    dead.take();
    dead.take();
    dead.push(6, 0);
    dead.push(2, 0);
    dead.publish();
    // As if it had died right after used.idx: both still marked, the table's used_idx behind.
    for (const head of [2, 6]) r.made.memory.writeU8(INFLIGHT + 16 + head * 16, 1);
    r.made.memory.writeU16(INFLIGHT + 14, 0);
    const heir = r.start(config);
    expect([heir.take(), heir.inFlight, heir.nextAvailable]).to.deep.equal([false, 0, 2]);
  });

  const refused: readonly (readonly [code: string, write: (r: Rig) => { hostAddress: number; length: number; queueSize: number }])[] = [
    ['INFLIGHT_TOO_SMALL', (r) => ({ ...inflightOf(r.made), length: inflightTableSize(SIZE) - 1 })],
    ['INFLIGHT_SIZE', (r) => inflightOf(r.made, SIZE / 2)],
    ['INFLIGHT_SIZE', (r) => (r.made.memory.writeU16(INFLIGHT + 8, 1), r.made.memory.writeU16(INFLIGHT + 10, 4), inflightOf(r.made))],
    ['INFLIGHT_VERSION', (r) => (r.made.memory.writeU16(INFLIGHT + 8, 2), inflightOf(r.made))],
  ];
  for (const [code, write] of refused) {
    it(`${code} -> the ring is not started`, () => {
      using r = rig();
      const result = SplitQueue.activate({ ...r.driver.config, inflight: write(r) }, r.made.memory, segments);
      expect(result.ok ? 'ok' : result.error.code).to.equal(code);
    });
  }

  it('survives a table of garbage', () => {
    using r = rig();
    r.made.memory.writeBytes(INFLIGHT, new Uint8Array(inflightTableSize(SIZE)).fill(0xff));
    r.made.memory.writeU16(INFLIGHT + 8, 1);
    r.made.memory.writeU16(INFLIGHT + 10, SIZE);
    const queue = r.start({ ...r.driver.config, inflight: inflightOf(r.made) });
    let taken = 0;
    while (queue.take()) taken++;
    expect(taken).to.be.lessThan(SIZE + 1);
  });
});

describe('split queue: fuzz', () => {
  it('harms nothing but itself, whatever the driver writes (10000 rounds, seed 7)', () => {
    using r = rig({ eventIdx: true });
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    let queue = r.start();
    let served = 0;
    let restarts = 0;
    for (let round = 0; round < 10_000; round++) {
      const address = random(8) === 0 ? random(2 ** 24) * 2 ** random(40) : DATA + random(0x1000);
      r.driver.describe(random(SIZE), address, random(4) === 0 ? random(2 ** 24) * 256 : random(600), random(8), random(SIZE + 1));
      r.driver.describe(random(64), DATA, random(600), random(4), random(20), TABLE);
      if (random(3) === 0) r.driver.describe(random(SIZE), TABLE, random(5) * 16, INDIRECT);
      r.driver.offer(random(100) === 0 ? random(0x1_0000) : random(SIZE));
      if (random(500) === 0) r.driver.available = random(0x1_0000);
      const loop = new QueueLoop(queue, { handle: (chain) => (served++, chain.writableBytes) }, () => {});
      loop.serve(16);
      if (queue.fault !== undefined) {
        restarts++;
        queue = r.start(r.driver.startAt(random(0x1_0000)));
      }
    }
    expect(served).to.be.greaterThan(500);
    expect(restarts).to.be.greaterThan(10);
  });
});
