/** Drivers of all kinds before back ends of all kinds: through the registers, real rings, real sockets. */
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { DiskLike, NUM_QUEUES_AT, WCE_AT, link } from './testing/linked-device.fixture.ts';

const NEEDS_RESET = 0x40;
/** Of the MSI-X vectors: the first is the configuration's. */
const PENDING_BITS = 0x4_8000;

describe('BackendLink', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  describe('while the back end is well', () => {
    it('gives the back end memory early, and rings, features and eventfds at DRIVER_OK', async () => {
      await using linked = await link();
      check(linked.device.calls).to.deep.equal(['setMemory 1']);
      const queue = await linked.activate();
      check(linked.device.calls).to.deep.equal(['setFeatures', 'startRing 0', 'enable 0', 'startRing 1', 'enable 1']);
      check(linked.device.acked).to.equal(linked.device.features);
      check(linked.device.starts.map(({ size, base }) => [size, base])).to.deep.equal([
        [16, 0],
        [16, 0],
      ]);
      linked.request(queue, 'copied');
      await linked.until(() => queue.usedIdx === 1);
      check(queue.collect()).to.deep.equal([{ head: 0, written: 8 }]);
      check(linked.answer()).to.equal('copied');
      await linked.until(() => drainEventFd(linked.plan.vectorFds[1] ?? -1) > 0);
      check(linked.place.failures).to.deep.equal([]);
    });

    it('finds kicks that came before the rings ran', async () => {
      await using linked = await link();
      linked.negotiate();
      const queue = linked.ring(0);
      linked.enable(0, queue.ring);
      linked.status = 0xf;
      linked.request(queue, 'early');
      await linked.until(() => queue.usedIdx === 1);
      check(linked.answer()).to.equal('early');
    });

    it('reset waits until the rings are stopped, and what was outstanding is not done for the next driver', async () => {
      await using linked = await link();
      linked.device.holdsChains = true;
      const before = await linked.activate();
      linked.request(before, 'held');
      linked.device.poll();
      check(drainEventFd(linked.plan.kickFds[0] ?? -1), 'the device has it').to.equal(0);
      linked.status = 0;
      check(linked.status).to.equal(0xf);
      await linked.until(() => linked.status === 0);
      check(linked.device.calls.filter((call) => call.startsWith('stopRing') || call === 'reset')).to.deep.equal([
        'stopRing 0',
        'stopRing 1',
        'reset',
      ]);
      linked.device.holdsChains = false;
      linked.place.region.bytes.fill(0);
      const queue = await linked.activate();
      linked.request(queue, 'new', 4);
      await linked.until(() => queue.usedIdx > 0);
      check(queue.collect()).to.deep.equal([{ head: 4, written: 8 }]);
    });

    it('an activation taken with its reset is void', async () => {
      await using linked = await link();
      linked.negotiate();
      linked.enable(0, linked.ring(0).ring);
      linked.status = 0xf;
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      check(linked.device.calls).to.deep.equal(['setMemory 1']);
    });

    it('a reset that follows an activation underway is done after it', async () => {
      await using linked = await link();
      linked.negotiate();
      linked.enable(0, linked.ring(0).ring);
      linked.status = 0xf;
      linked.pump();
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      await linked.activate();
      check(linked.device.runningRings).to.equal(2);
    });

    it('each driver has the features that it chose', async () => {
      await using linked = await link();
      await linked.activate(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_EVENT_IDX);
      check(linked.device.acked).to.equal(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_EVENT_IDX);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      await linked.activate(VIRTIO_F_VERSION_1);
      check(linked.device.acked).to.equal(VIRTIO_F_VERSION_1);
      check(linked.device.starts.map(({ eventIdx }) => eventIdx)).to.deep.equal([true, true, false, false]);
    });

    it('interrupts go through the vector chosen last, or none', async () => {
      await using linked = await link();
      const queue = await linked.activate();
      for (const [head, vector, taken] of [
        [0, 2, 2],
        [2, 0xffff, undefined],
        [4, 1, 1],
      ] as const) {
        linked.made.machine.write(0x16, 2, 0);
        linked.made.machine.write(0x1a, 2, vector);
        linked.pump();
        // In the chain behind the new vector: once it stands, so does that.
        expect(await linked.link.suspend(), 'suspend');
        for (const fd of linked.plan.vectorFds) drainEventFd(fd);
        expect(await linked.link.resume([head / 2, 0]), 'resume');
        for (const fd of linked.plan.vectorFds) drainEventFd(fd);
        queue.usedEvent = head / 2;
        linked.request(queue, 'x', head);
        await linked.until(() => queue.usedIdx === head / 2 + 1);
        check(linked.plan.vectorFds.map((fd) => drainEventFd(fd) > 0)).to.deep.equal([false, taken === 1, taken === 2]);
      }
    });

    it('a running ring learns of its new vector', async () => {
      await using linked = await link();
      const queue = await linked.activate();
      linked.made.machine.write(0x16, 2, 0);
      linked.made.machine.write(0x1a, 2, 2);
      // The other ring has signalled it at its start.
      drainEventFd(linked.plan.vectorFds[2] ?? -1);
      let head = 0;
      // Each request may still be answered by the old vector until the back end knows.
      await linked.until(() => {
        if (queue.usedIdx === head) {
          queue.usedEvent = head;
          linked.request(queue, 'again', (head++ % 8) * 2);
        }
        return drainEventFd(linked.plan.vectorFds[2] ?? -1) > 0;
      });
      check(linked.device.calls.filter((call) => call.startsWith('stop'))).to.deep.equal([]);
    });

    it('suspends with the next index of each ring, and goes on from there', async () => {
      await using linked = await link();
      check(expect(await linked.link.suspend(), 'suspend')).to.deep.equal([0, 0]);
      expect(await linked.link.resume([0, 0]), 'resume');
      check(linked.device.runningRings).to.equal(0);
      const queue = await linked.activate();
      linked.request(queue, 'one');
      await linked.until(() => queue.usedIdx === 1);
      check(expect(await linked.link.suspend(), 'suspend')).to.deep.equal([1, 0]);
      check(linked.device.runningRings).to.equal(0);
      linked.request(queue, 'two', 2);
      expect(await linked.link.resume([1, 0]), 'resume');
      await linked.until(() => queue.usedIdx === 2);
      check(linked.answer(2)).to.equal('two');
      linked.status = 0;
      await linked.until(() => linked.status === 0);
    });

    it('continues a restored device on another back end', async () => {
      await using linked = await link();
      const queue = await linked.activate();
      linked.request(queue, 'one');
      await linked.until(() => queue.usedIdx === 1);
      const bases = expect(await linked.link.suspend(), 'suspend');
      linked.link.close();
      const next = await linked.place.connect(new DiskLike());
      if (next.link === undefined) throw new Error(next.error.message);
      next.link.attach(linked.made.machine.device);
      expect(await next.link.resume(bases), 'resume');
      linked.request(queue, 'two', 2);
      await linked.until(() => {
        next.peer.device.poll();
        return queue.usedIdx === 2;
      });
      check(next.peer.device.starts[0]?.base).to.equal(1);
      next.link.close();
      next.peer.close();
    });

    it('does not continue a device on a back end without its features', async () => {
      await using linked = await link();
      await linked.activate();
      class Lesser extends DiskLike {
        override readonly features = VIRTIO_F_VERSION_1;
      }
      const next = await linked.place.connect(new Lesser());
      if (next.link === undefined) throw new Error(next.error.message);
      next.link.attach(linked.made.machine.device);
      const resumed = await next.link.resume([0, 0]);
      check(resumed.ok ? '' : resumed.error.message).to.match(/^device disk0: .* lacks features that the driver uses \(0x30000800\)/);
      next.link.close();
      next.peer.close();
    });

    it('a reset of the machine stops the rings and forgets the driver', async () => {
      await using linked = await link();
      await linked.activate();
      expect(await linked.link.reset(), 'reset');
      check([linked.device.runningRings, linked.device.acked]).to.deep.equal([0, undefined]);
      linked.made.machine.powerOn();
      await linked.activate();
      check(linked.device.runningRings).to.equal(2);
    });
  });

  describe('configuration', () => {
    it('is the back end’s, but for the number of queues', async () => {
      await using linked = await link(new DiskLike(4), { queueCount: 1 });
      const { offer } = linked.link;
      const expected = [...linked.device.config];
      expected[NUM_QUEUES_AT] = 1;
      expected[NUM_QUEUES_AT + 1] = 0;
      check(offer.config).to.deep.equal(expected);
      check([offer.classCode, offer.featuresLow, offer.featuresHigh, offer.queueSizes]).to.deep.equal([0x180, 0x3000_0800, 1, [128]]);
      check(offer.writableConfig).to.deep.equal([{ offset: WCE_AT, length: 1 }]);
    });

    it('is read again when the back end says so, and the driver is told', async () => {
      await using linked = await link();
      await linked.activate();
      linked.device.config[0] = 0x99;
      linked.device.channel?.configChanged();
      await linked.until(() => (linked.made.machine.read(PENDING_BITS, 4) & 1) !== 0);
      check([linked.made.machine.read(0x4000, 1), linked.made.machine.read(0x4000 + NUM_QUEUES_AT, 2)]).to.deep.equal([0x99, 2]);
    });

    it('stays as it has become when the driver or the machine is reset, but for what the back end takes back', async () => {
      await using linked = await link();
      const { machine } = linked.made;
      await linked.activate();
      linked.device.config[0] = 0x99;
      linked.device.channel?.configChanged();
      machine.write(0x4000 + WCE_AT, 1, 0x77);
      await linked.until(() => machine.read(0x4000, 1) === 0x99 && linked.device.config[WCE_AT] === 0x77);
      linked.status = 0;
      linked.device.config[WCE_AT] = 1;
      await linked.until(() => linked.status === 0);
      check([machine.read(0x4000, 1), machine.read(0x4000 + WCE_AT, 1)], 'the driver').to.deep.equal([0x99, 1]);
      await linked.activate();
      linked.device.config[WCE_AT] = 2;
      expect(await linked.link.reset(), 'reset');
      machine.powerOn();
      check([machine.read(0x4000, 1), machine.read(0x4000 + WCE_AT, 1)], 'the machine').to.deep.equal([0x99, 2]);
    });

    it('writes are passed on; a refused one is undone', async () => {
      await using linked = await link();
      const { machine } = linked.made;
      machine.write(0x4000 + WCE_AT, 1, 0x77);
      await linked.until(() => linked.device.config[WCE_AT] === 0x77);
      linked.device.writeConfig = () => false;
      machine.write(0x4000 + WCE_AT, 1, 0);
      check(machine.read(0x4000 + WCE_AT, 1)).to.equal(0);
      await linked.until(() => machine.read(0x4000 + WCE_AT, 1) === 0x77);
      check(linked.place.failures).to.deep.equal([]);
    });
  });

  describe('a bad driver', () => {
    const bad: readonly (readonly [what: string, change: Readonly<Record<string, number>>])[] = [
      ['descriptors outside of memory', { descriptor: 0x7000_0000 }],
      ['an available ring that runs out of memory', { available: 0x1f_fffe }],
      ['a used ring below memory', { used: 0 }],
      ['addresses near 2^52', { used: 2 ** 52 - 4 }],
    ];
    for (const [what, change] of bad) {
      it(`${what} -> NEEDS_RESET, and the next driver is served`, async () => {
        await using linked = await link();
        linked.negotiate();
        linked.enable(0, linked.ring(0).ring);
        linked.enable(1, { ...linked.ring(1).ring, ...change });
        linked.status = 0xf;
        await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
        check(linked.place.failures).to.deep.equal(['disk0 NEEDS_RESET: its driver put queue 1 where no memory is (RING_UNMAPPED)']);
        check(linked.device.calls).to.deep.equal(['setMemory 1']);
        check(expect(await linked.link.suspend(), 'suspend')).to.deep.equal([0, 0]);
        expect(await linked.link.resume([0, 0]), 'resume');
        linked.status = 0;
        await linked.until(() => linked.status === 0);
        await linked.activate();
        check(linked.place.failures.length).to.equal(1);
      });
    }

    it('a ring larger than the back end takes -> NEEDS_RESET', async () => {
      await using linked = await link(new DiskLike(), { queueSize: 1024 });
      linked.negotiate();
      linked.enable(0, { ...linked.ring(0).ring, size: 1024, available: 0x14_0000, used: 0x15_0000 });
      linked.status = 0xf;
      await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
      check(linked.place.failures).to.deep.equal(['disk0 NEEDS_RESET: its device process refuses SET_VRING_NUM']);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      await linked.activate();
    });

    it('a ring that the device cannot run -> NEEDS_RESET, told by the error eventfd, once', async () => {
      await using linked = await link();
      linked.device.refusesRings = true;
      linked.negotiate();
      linked.enable(0, linked.ring(0).ring);
      linked.enable(1, linked.ring(1).ring);
      linked.status = 0xf;
      await linked.until(() => (linked.status & NEEDS_RESET) !== 0);
      check(linked.place.failures).to.deep.equal(['disk0 NEEDS_RESET: its device process found a queue that it cannot read']);
      linked.status = 0;
      await linked.until(() => linked.status === 0);
      linked.device.refusesRings = false;
      await linked.activate();
      check(linked.device.runningRings).to.equal(2);
    });
  });
});
