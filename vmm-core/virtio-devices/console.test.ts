import { readSync, writeSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import { until } from '#shared/testing/quiet-watcher.ts';
import { VIRTQ_DESC_F_INDIRECT, VIRTQ_DESC_F_NEXT, VIRTQ_DESC_F_WRITE } from '#shared/virtio/spec.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { DEVICE_CONFIG_OFFSET, ISR_OFFSET, VIRTIO_PCI_ISR_CONFIG } from '../virtio-pci/spec.ts';
import { ConsoleLink, type TerminalSize } from './console.ts';
import { CONSOLE_RECEIVEQ as RX, CONSOLE_TRANSMITQ as TX } from './spec.ts';
import { DATA, DrivenDevice, HOLE } from './testing/driven-device.fixture.ts';

const NO_SIZE = { columns: 0, rows: 0 };

/** A console on one end of a socket; the test has the other end. */
class ConsoleBench extends DrivenDevice<ConsoleLink> {
  readonly near: OwnedFd;
  readonly far: OwnedFd;
  #received = Buffer.alloc(0);

  constructor(size: TerminalSize = NO_SIZE) {
    const [near, far] = expect(socketPair(SOCK_STREAM), 'pair');
    super((context) => {
      const channel = { input: expect(near.duplicate(), 'pair'), output: near, neverStall: false };
      return new ConsoleLink({ id: 'console0', ...size, channel }, context);
    });
    this.near = near;
    this.far = far;
  }

  /** Everything that has come out so far. */
  get received(): string {
    const piece = Buffer.alloc(65536);
    while ((pollNow(this.far.fd, EPOLLIN) & EPOLLIN) !== 0) {
      this.#received = Buffer.concat([this.#received, piece.subarray(0, readSync(this.far.fd, piece))]);
    }
    return this.#received.toString('latin1');
  }

  type(text: string): void {
    writeSync(this.far.fd, text);
  }

  /** Makes a chain of one buffer per text available for output, from descriptor `head` on, and kicks. */
  print(head: number, ...texts: readonly string[]): void {
    let address = DATA + head * 0x100;
    const buffers = texts.map((text) => {
      const bytes = Buffer.from(text, 'latin1');
      this.memory.memory.writeBytes(address, bytes);
      address += bytes.length;
      return { address: address - bytes.length, length: bytes.length };
    });
    this.queue(TX).chain(head, buffers);
    this.queue(TX).offer(head);
    this.kick(TX);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.far.close();
  }
}

describe('virtio-console', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  it('is what Cloud Hypervisor shows, and has a size where one is known', async () => {
    await using sized = new ConsoleBench({ columns: 132, rows: 43 });
    const { offer } = sized.link;
    check([offer.deviceType, offer.classCode, offer.queueSizes]).to.deep.equal([3, 0xffff, [256, 256]]);
    check([offer.featuresLow, offer.featuresHigh]).to.deep.equal([0x3000_0001, 1]);
    check(offer.config).to.deep.equal([132, 0, 43, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    await using unsized = new ConsoleBench();
    check(unsized.link.offer.featuresLow).to.equal(0x3000_0000);
  });

  for (const eventIdx of [true, false]) {
    it(`writes what the guest writes, in order${eventIdx ? '' : ', without the event index'}`, async () => {
      await using bench = new ConsoleBench();
      bench.activate({ eventIdx });
      bench.print(0, 'one ');
      bench.print(1, 'two ', '', 'three ');
      await until(() => bench.received === 'one two three ');
      check(bench.queue(TX).collect()).to.deep.equal([
        { head: 0, written: 0 },
        { head: 1, written: 0 },
      ]);
      bench.print(5, 'four');
      await until(() => bench.received === 'one two three four');
      check(drainEventFd(bench.made.plan.kickFds[TX] ?? -1), 'kicks are taken').to.equal(0);
      check(bench.interrupts(TX + 1)).to.be.greaterThan(0);
      check(bench.failures).to.deep.equal([]);
    });
  }

  it('writes the buffers of an indirect table', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    const table = DATA + 0x8000;
    const texts = ['in', 'di', 'rect'];
    for (const [index, text] of texts.entries()) bench.memory.memory.writeBytes(DATA + index * 64, Buffer.from(text));
    bench.queue(TX).chain(
      0,
      texts.map((text, index) => ({ address: DATA + index * 64, length: text.length })),
      table,
    );
    bench.queue(TX).describe(7, table, 48, VIRTQ_DESC_F_INDIRECT);
    bench.queue(TX).offer(7);
    bench.kick(TX);
    await until(() => bench.received === 'indirect');
    check(bench.queue(TX).collect()).to.deep.equal([{ head: 7, written: 0 }]);
  });

  it('gives input to the buffers that the driver offers, each piece at once', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    bench.type('abc');
    await bench.settle();
    // No buffer yet: nothing is lost.
    bench.queue(RX).chain(0, [
      { address: DATA, length: 2, writable: true },
      { address: DATA + 16, length: 62, writable: true },
    ]);
    bench.queue(RX).chain(2, [{ address: DATA + 0x100, length: 4, writable: true }]);
    bench.queue(RX).offer(0, 2);
    bench.kick(RX);
    await until(() => bench.queue(RX).usedIdx === 1);
    check(bench.bytes(DATA, 2).toString() + bench.bytes(DATA + 16, 1).toString()).to.equal('abc');
    bench.type('defghi');
    await until(() => bench.queue(RX).usedIdx === 2);
    check(bench.bytes(DATA + 0x100, 5)).to.deep.equal(Buffer.from('defg\0'));
    check(bench.queue(RX).collect()).to.deep.equal([
      { head: 0, written: 3 },
      { head: 2, written: 4 },
    ]);
    bench.queue(RX).offer(2);
    bench.kick(RX);
    await until(() => bench.queue(RX).usedIdx === 3);
    check(bench.bytes(DATA + 0x100, 2).toString()).to.equal('hi');
    check(bench.interrupts(RX + 1)).to.be.greaterThan(0);
  });

  it('lets a slow reader stall the guest, and loses nothing', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    const text = Buffer.alloc(0x10_0000, 'abcdefghijklmnopqrstuvwxyz\n');
    bench.memory.memory.writeBytes(DATA, text);
    bench.queue(TX).chain(0, [{ address: DATA, length: text.length }]);
    bench.queue(TX).chain(1, [{ address: DATA, length: 26 }]);
    bench.queue(TX).offer(0, 1);
    bench.kick(TX);
    await bench.settle();
    check(bench.queue(TX).usedIdx, 'the rest waits in the ring').to.equal(0);
    await until(() => bench.received.length === text.length + 26);
    check(bench.received === text.toString('latin1') + text.subarray(0, 26).toString('latin1')).to.equal(true);
    await until(() => bench.queue(TX).usedIdx === 2);
  });

  it('forgets a driver that resets it in the middle, and serves the next', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    bench.queue(TX).chain(0, [{ address: DATA, length: 0x10_0000 }]);
    bench.queue(TX).offer(0);
    bench.kick(TX);
    await bench.settle();
    check(bench.resetByDriver()).to.equal(true);
    check(bench.queue(TX).usedIdx).to.equal(0);
    const before = bench.received.length;
    check(before).to.be.greaterThan(0);
    bench.activate({ eventIdx: false });
    bench.print(3, 'anew');
    await until(() => bench.received.endsWith('anew'));
    check(bench.queue(TX).collect()).to.deep.equal([{ head: 3, written: 0 }]);
    check(bench.failures).to.deep.equal([]);
  });

  it('takes an activation that comes together with a reset for void', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    check(bench.resetByDriver()).to.equal(true);
    bench.print(0, 'unheard');
    bench.link.take(1 | 2);
    await bench.settle();
    check(bench.received).to.equal('');
  });

  it('goes on after a suspension where it was, in the middle of a chain too', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    const text = Buffer.alloc(0x8_0000, '0123456789abcdef\n');
    bench.memory.memory.writeBytes(DATA, text);
    bench.queue(TX).chain(4, [
      { address: DATA, length: 1000 },
      { address: DATA + 1000, length: text.length - 1000 },
    ]);
    bench.queue(TX).offer(4);
    bench.queue(RX).chain(9, [{ address: DATA + 0x10_0000, length: 8, writable: true }]);
    bench.queue(RX).offer(9);
    bench.kick(TX);
    bench.kick(RX);
    await bench.settle();
    check(expect(await bench.link.suspend(), 'suspend')).to.deep.equal([0, 0]);
    bench.type('typed');
    bench.kick(TX);
    const early = bench.received.length;
    await bench.settle();
    check(bench.queue(RX).usedIdx, 'nothing runs meanwhile').to.equal(0);
    expect(await bench.link.resume([0, 0]), 'resume');
    await until(() => bench.received.length === text.length && bench.queue(RX).usedIdx === 1);
    check(early).to.be.lessThan(text.length);
    check(bench.received === text.toString('latin1')).to.equal(true);
    check(bench.bytes(DATA + 0x10_0000, 5).toString()).to.equal('typed');
    check(expect(await bench.link.suspend(), 'suspend')).to.deep.equal([1, 1]);
    check((await bench.link.resume([1])).ok).to.equal(false);
  });

  it('goes on in another process from where the first was', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    bench.print(0, 'first ');
    await until(() => bench.received === 'first ');
    const bases = expect(await bench.link.suspend(), 'suspend');
    check(bases).to.deep.equal([0, 1]);
    const channel = { output: expect(bench.near.duplicate(), 'pair'), neverStall: false };
    const failed = (): void => void bench.failures.push('second');
    const context = { watcher: bench.watcher, memory: bench.memory.memory, regions: [], failed, told: () => {} };
    const second = new ConsoleLink({ id: 'console0', ...NO_SIZE, channel }, context);
    second.attach(bench.made.machine.device);
    bench.print(1, 'second');
    expect(await second.resume(bases), 'resume');
    await until(() => bench.received === 'first second');
    check(bench.queue(TX).collect().length).to.equal(2);
    check(bench.failures).to.deep.equal([]);
    second.close();
  });

  it('interrupts through the vector that the driver has chosen last', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    await bench.settle();
    bench.interrupts(2);
    bench.made.machine.write(0x16, 2, TX);
    bench.made.machine.write(0x1a, 2, 0);
    bench.takeEffects();
    check(bench.interrupts(0), 'a signal may have gone to the old one').to.equal(1);
    bench.print(0, 'x');
    await until(() => bench.queue(TX).usedIdx === 1);
    check([bench.interrupts(0), bench.interrupts(2)]).to.deep.equal([1, 0]);
  });

  it('tells the driver its size when it begins and when it changes', async () => {
    await using bench = new ConsoleBench({ columns: 80, rows: 24 });
    const readIsr = (): number => bench.made.machine.read(ISR_OFFSET, 1);
    bench.activate();
    check(readIsr()).to.equal(VIRTIO_PCI_ISR_CONFIG);
    bench.link.resize(200, 70_000);
    check(readIsr()).to.equal(VIRTIO_PCI_ISR_CONFIG);
    check([0, 2].map((at) => bench.made.machine.read(DEVICE_CONFIG_OFFSET + at, 2))).to.deep.equal([200, 65_535]);
    expect(await bench.link.reset(), 'reset');
    bench.made.machine.device.reset();
    check(bench.made.machine.read(DEVICE_CONFIG_OFFSET, 2)).to.equal(200);
  });

  it('writes last words before their kick was seen, and waits for a reader no longer than it may', async () => {
    await using bench = new ConsoleBench();
    bench.activate();
    await bench.settle();
    bench.print(0, 'good', 'bye');
    bench.link.drain(1000);
    check(bench.received).to.equal('goodbye');
    bench.queue(TX).chain(1, [{ address: DATA, length: 0x10_0000 }]);
    bench.queue(TX).offer(1);
    bench.link.drain(20);
    check(bench.queue(TX).usedIdx).to.equal(1);
  });

  it('drops output without a channel', async () => {
    await using bench = new DrivenDevice((context) => new ConsoleLink({ id: 'null', ...NO_SIZE, channel: undefined }, context));
    bench.activate();
    bench.queue(TX).chain(0, [{ address: DATA, length: 0x10_0000 }]);
    bench.queue(TX).offer(0);
    bench.kick(TX);
    await until(() => bench.queue(TX).usedIdx === 1);
  });

  it('lets others have their turn while a driver makes output available without end', async () => {
    await using bench = new DrivenDevice((context) => new ConsoleLink({ id: 'null', ...NO_SIZE, channel: undefined }, context));
    bench.activate();
    const queue = bench.queue(TX);
    for (let head = 0; head < 256; head++) queue.describe(head, DATA, 0x10_0000, VIRTQ_DESC_F_NEXT, head + 1 < 256 ? head + 1 : 255);
    queue.describe(255, DATA, 0x10_0000, 0);
    queue.offer(0);
    bench.kick(TX);
    let turns = 0;
    await until(() => ++turns > 50);
    check(queue.usedIdx, 'a chain of 256 MiB').to.equal(0);
    check(bench.resetByDriver()).to.equal(true);
  });

  describe('a hostile driver', () => {
    const tx: readonly (readonly [name: string, offer: (bench: ConsoleBench) => void])[] = [
      ['a loop', (bench) => bench.queue(TX).describe(0, DATA, 16, VIRTQ_DESC_F_NEXT, 0)],
      ['a next out of range', (bench) => bench.queue(TX).describe(0, DATA, 16, VIRTQ_DESC_F_NEXT, 256)],
      ['only writable buffers', (bench) => bench.queue(TX).describe(0, DATA, 16, VIRTQ_DESC_F_WRITE)],
      ['no bytes', (bench) => bench.queue(TX).describe(0, DATA, 0, 0)],
      ['a buffer in a hole', (bench) => bench.queue(TX).describe(0, HOLE, 16, 0)],
      ['a buffer half in a hole', (bench) => bench.queue(TX).describe(0, HOLE - 8, 16, 0)],
      ['a buffer that wraps', (bench) => bench.queue(TX).describe(0, 0xffff_ffff_ffff_fff0n, 0x20, 0)],
      ['an indirect table in a hole', (bench) => bench.queue(TX).describe(0, HOLE, 32, VIRTQ_DESC_F_INDIRECT)],
    ];
    for (const [name, offer] of tx) {
      it(`${name} goes back unwritten, and the next chain is served`, async () => {
        await using bench = new ConsoleBench();
        bench.activate();
        offer(bench);
        bench.queue(TX).offer(0);
        bench.print(1, 'fine');
        await until(() => bench.queue(TX).usedIdx === 2);
        check(bench.queue(TX).collect()).to.deep.equal([
          { head: 0, written: 0 },
          { head: 1, written: 0 },
        ]);
        check(bench.received).to.equal('fine');
        check([bench.failures, bench.status]).to.deep.equal([[], 0xf]);
      });
    }

    it('input is written into writable buffers alone', async () => {
      await using bench = new ConsoleBench();
      bench.activate();
      bench.memory.memory.writeBytes(DATA, Buffer.from('untouched'));
      bench.queue(RX).chain(0, [{ address: DATA, length: 9 }]);
      bench.queue(RX).chain(1, [
        { address: DATA, length: 9 },
        { address: DATA + 32, length: 9, writable: true },
      ]);
      bench.queue(RX).offer(0, 1);
      bench.kick(RX);
      bench.type('xyz');
      await until(() => bench.queue(RX).usedIdx === 2);
      check(bench.queue(RX).collect()).to.deep.equal([
        { head: 0, written: 0 },
        { head: 1, written: 3 },
      ]);
      check(bench.bytes(DATA, 9).toString() + bench.bytes(DATA + 32, 3).toString()).to.equal('untouchedxyz');
    });

    it('a ring that cannot be believed asks for a reset, once, and the other queue goes on', async () => {
      await using bench = new ConsoleBench();
      bench.activate();
      bench.queue(TX).offer(256);
      for (let round = 0; round < 3; round++) {
        bench.kick(TX);
        await bench.settle();
      }
      await until(() => bench.failures.length > 0);
      check(bench.failures).to.deep.equal(['console0 NEEDS_RESET: the driver broke queue 1: {"code":"HEAD_OUT_OF_RANGE","head":256}']);
      check(bench.status).to.equal(0x4f);
      bench.queue(RX).chain(0, [{ address: DATA, length: 8, writable: true }]);
      bench.queue(RX).offer(0);
      bench.kick(RX);
      bench.type('still');
      await until(() => bench.queue(RX).usedIdx === 1);
      check(bench.resetByDriver()).to.equal(true);
      bench.activate();
      bench.print(0, 'well again');
      await until(() => bench.received === 'well again');
      check(bench.failures.length).to.equal(1);
    });

    it('rings outside of memory ask for a reset, and nothing runs', async () => {
      await using bench = new ConsoleBench();
      bench.activate();
      bench.resetByDriver();
      const { machine } = bench.made;
      machine.activate();
      machine.write(0x14, 1, 0);
      bench.takeEffects();
      machine.negotiate();
      machine.write(0x16, 2, TX);
      for (const register of [0x20, 0x28, 0x30]) {
        machine.write(register, 4, HOLE);
        machine.write(register + 4, 4, 0);
      }
      machine.write(0x1c, 2, 1);
      machine.write(0x14, 1, 0xf);
      bench.takeEffects();
      check(bench.failures).to.deep.equal(['console0 NEEDS_RESET: queue 1 cannot run: its descriptor ring at 0x200000 is not in memory']);
      check(bench.status).to.equal(0x4f);
      check(expect(await bench.link.suspend(), 'suspend')).to.deep.equal([0, 0]);
      expect(await bench.link.resume([0, 0]), 'resume');
      check(bench.resetByDriver()).to.equal(true);
    });
  });
});
