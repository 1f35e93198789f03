/** The transport as a driver sees it, through the buses, with KVM's own irqfds, ioeventfds and local APIC behind it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { isKickInKvm, make, setVector } from './testing/made-machine.ts';
import { BAR_ADDRESS, ECAM_DEVICE, type VirtioMachine } from './testing/virtio-machine.ts';
import { VIRTIO_EFFECT } from './virtio-pci-device.ts';

const MSIX_CONTROL = 0x9a;
const PCI_ACCESS = 0x84;

describe('virtio-pci', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  describe('configuration space', () => {
    it('names the device and lists its capabilities in order', () => {
      using made = make();
      const { machine } = made;
      expect([0x00, 0x08, 0x2c].map((register) => machine.config(register, 4))).to.deep.equal([0x1042_1af4, 0x0180_0001, 0x1042_1af4]);
      const found: number[][] = [];
      for (let at = machine.config(0x34, 1); at !== 0 && found.length < 10; at = machine.config(at + 1, 1)) {
        const words = [0, 4, 8, 12].map((offset) => machine.config(at + offset, 4));
        found.push([
          at,
          machine.config(at, 1),
          ...(machine.config(at, 1) === 9 ? [machine.config(at + 3, 1), machine.config(at + 2, 1), ...words.slice(1)] : words.slice(0, 3)),
        ]);
      }
      expect(found).to.deep.equal([
        [0x40, 9, 1, 16, 0, 0, 56],
        [0x50, 9, 3, 16, 0, 0x2000, 1],
        [0x60, 9, 4, 16, 0, 0x4000, 0x1000],
        [0x70, 9, 2, 20, 0, 0x6000, 0x1000],
        [0x84, 9, 5, 20, 0, 0, 0],
        [0x98, 0x11, 0x0002_0011, 0x8000, 0x4_8000],
      ]);
      expect(machine.config(0x80, 4)).to.equal(4);
    });

    it('has no device capability where there is no configuration', () => {
      using made = make({ config: [] });
      expect([0x43, 0x53, 0x63].map((at) => made.machine.config(at, 1))).to.deep.equal([1, 3, 2]);
    });

    it('accesses BAR 0 through its window, and only what is in it', () => {
      using made = make();
      const { machine } = made;
      const access = (bar: number, offset: number, length: number): void => {
        machine.setConfig(PCI_ACCESS + 4, 1, bar);
        machine.setConfig(PCI_ACCESS + 8, 4, offset);
        machine.setConfig(PCI_ACCESS + 12, 4, length);
      };
      access(0, 0x12, 2);
      expect(machine.config(PCI_ACCESS + 16, 4)).to.equal(2);
      access(0, 0x14, 1);
      machine.setConfig(PCI_ACCESS + 16, 4, 0xffff_ff01);
      expect(machine.read(0x14, 1)).to.equal(1);
      machine.setConfig(PCI_ACCESS + 16, 4, 0x5555_5555);
      for (const [bar, offset, length] of [
        [1, 0x12, 2],
        [0, 0x13, 2],
        [0, 0x12, 0],
        [0, 0x10, 8],
        [0, 0x8_0000, 4],
        [0, 0xffff_fffc, 4],
      ] as const) {
        access(bar, offset, length);
        machine.setConfig(PCI_ACCESS + 16, 4, 0x5555_5555);
        expect(machine.config(PCI_ACCESS + 16, 4), `${bar} ${offset} ${length}`).to.equal(0x5555_5555);
      }
    });
  });

  describe('activation and reset', () => {
    it('DRIVER_OK asks the main thread and gives KVM the enabled queues', () => {
      using made = make();
      const { machine } = made;
      machine.negotiate();
      machine.enableQueue(1, 2);
      expect([isKickInKvm(made, 1), machine.effects.take(1), machine.device.isActive]).to.deep.equal([false, 0, false]);
      machine.write(0x14, 1, 0xf);
      expect([isKickInKvm(made, 0), isKickInKvm(made, 1)]).to.deep.equal([false, true]);
      expect([machine.effects.take(1), machine.device.isActive, machine.read(0x14, 1)]).to.deep.equal([VIRTIO_EFFECT.activate, true, 0xf]);
    });

    it('a notification that still comes as an exit reaches its eventfd; others go nowhere', () => {
      using made = make();
      const { machine, plan } = made;
      for (const [offset, size] of [
        [0x6000, 2],
        [0x6004, 4],
        [0x6004, 1],
        [0x6002, 2],
        [0x6008, 4],
        [0x6ffc, 4],
        [0x6ffe, 4],
      ] as const)
        machine.write(offset, size, 0);
      expect(plan.kickFds.map((fd) => drainEventFd(fd))).to.deep.equal([1, 2]);
    });

    it('reset before DRIVER_OK is done at once', () => {
      using made = make();
      const { machine } = made;
      machine.negotiate();
      machine.enableQueue(0, 1);
      machine.write(0x14, 1, 0);
      expect([machine.read(0x14, 1), machine.effects.take(1), machine.device.queue(0).enabled, machine.device.ackedFeatures]).to.deep.equal(
        [0, 0, false, 0n],
      );
    });

    it('reset of a running device reads as not finished until it is, and takes nothing meanwhile', () => {
      using made = make();
      const { machine } = made;
      machine.activate();
      machine.effects.take(1);
      machine.write(0x14, 1, 0);
      expect([machine.effects.take(1), machine.read(0x14, 1), machine.device.isActive]).to.deep.equal([VIRTIO_EFFECT.reset, 0xf, false]);
      expect([isKickInKvm(made, 0), isKickInKvm(made, 1)]).to.deep.equal([false, false]);
      for (const value of [0, 1, 0xf]) machine.write(0x14, 1, value);
      machine.write(0x10, 2, 2);
      machine.device.needsReset();
      expect([machine.read(0x14, 1), machine.read(0x10, 2), machine.effects.take(1)]).to.deep.equal([0xf, 0, 0]);
      machine.device.completeReset();
      expect([machine.read(0x14, 1), machine.read(0x10, 2), machine.read(0x1c, 2), machine.device.callFdOf(0)]).to.deep.equal([
        0,
        0xffff,
        0,
        undefined,
      ]);
      machine.activate();
      expect([machine.read(0x14, 1), machine.effects.take(1), isKickInKvm(made, 0)]).to.deep.equal([0xf, VIRTIO_EFFECT.activate, true]);
    });

    it('completeReset of a device that nobody reset changes nothing', () => {
      using made = make();
      made.machine.activate();
      made.machine.device.completeReset();
      expect([made.machine.read(0x14, 1), made.machine.device.isActive]).to.deep.equal([0xf, true]);
    });

    it('a vector changed while active is told to the main thread, once a change', () => {
      using made = make();
      const { machine, plan } = made;
      machine.activate();
      machine.effects.take(1);
      machine.write(0x16, 2, 0);
      machine.write(0x1a, 2, 1);
      expect(machine.effects.take(1)).to.equal(0);
      machine.write(0x1a, 2, 2);
      expect([machine.effects.take(1), machine.device.callFdOf(0), machine.device.callFdOf(1)]).to.deep.equal([
        VIRTIO_EFFECT.callChanged,
        plan.vectorFds[2],
        plan.vectorFds[2],
      ]);
      machine.write(0x1a, 2, 0xffff);
      expect([machine.effects.take(1), machine.device.callFdOf(0)]).to.deep.equal([VIRTIO_EFFECT.callChanged, undefined]);
    });

    it('notifications follow the BAR when it moves', () => {
      using made = make();
      const { machine } = made;
      machine.activate();
      machine.setConfig(4, 2, 2);
      machine.setConfig(0x10, 4, 0xc800_0000);
      expect([isKickInKvm(made, 0), isKickInKvm(made, 0, 0xc800_0000), isKickInKvm(made, 1, 0xc800_0000)]).to.deep.equal([
        false,
        true,
        true,
      ]);
      expect([machine.read(0x12, 2), machine.mmio.read(0xc800_0012, 2)]).to.deep.equal([0xffff, 2]);
    });

    it('power-on takes notifications away from where the guest has moved the BAR', () => {
      using made = make();
      const { machine } = made;
      machine.activate();
      machine.setConfig(4, 2, 2);
      machine.setConfig(0x10, 4, 0xc800_0000);
      machine.powerOn();
      expect([isKickInKvm(made, 0), isKickInKvm(made, 0, 0xc800_0000)]).to.deep.equal([false, false]);
      machine.activate();
      expect([machine.config(0x10, 4), isKickInKvm(made, 0), isKickInKvm(made, 1)]).to.deep.equal([BAR_ADDRESS, true, true]);
    });
  });

  describe('interrupts', () => {
    it('are delivered while enabled and unmasked, else pending, and then once', () => {
      using made = make();
      const { machine, target, plan } = made;
      const fd = plan.vectorFds[1] ?? -1;
      const pending = (): number => machine.read(0x4_8000, 4);
      setVector(made, 1, 0x41);
      signalEventFd(fd);
      expect([target.takeInterrupts(), pending()]).to.deep.equal([[], 0b10]);
      machine.setConfig(MSIX_CONTROL, 2, 0xc000);
      expect([target.takeInterrupts(), pending()]).to.deep.equal([[], 0b10]);
      machine.setConfig(MSIX_CONTROL, 2, 0x8000);
      expect([target.takeInterrupts(), pending(), drainEventFd(fd)]).to.deep.equal([[0x41], 0, 0]);
      signalEventFd(fd);
      expect([target.takeInterrupts(), pending()]).to.deep.equal([[0x41], 0]);
      machine.write(0x8000 + 16 + 12, 4, 0xffff_ffff);
      signalEventFd(fd);
      signalEventFd(fd);
      expect([target.takeInterrupts(), pending(), machine.read(0x801c, 4)]).to.deep.equal([[], 0b10, 1]);
      machine.write(0x8000 + 16 + 8, 4, 0x42);
      machine.write(0x8000 + 16 + 12, 4, 0);
      expect([target.takeInterrupts(), pending()]).to.deep.equal([[0x42], 0]);
    });

    it('of several vectors have routes of their own', () => {
      using made = make();
      made.machine.setConfig(MSIX_CONTROL, 2, 0x8000);
      for (const vector of [0, 1, 2]) setVector(made, vector, 0x50 + vector);
      for (const fd of made.plan.vectorFds) signalEventFd(fd);
      expect(made.target.takeInterrupts()).to.deep.equal([0x50, 0x51, 0x52]);
    });

    it('take hostile messages: any address and data', () => {
      using made = make();
      const { machine } = made;
      machine.setConfig(MSIX_CONTROL, 2, 0x8000);
      for (const word of [0xffff_ffff, 0, 0x8000_0000, 0xfee0_0ff0, 0xfee0_0fff]) {
        for (const offset of [0, 4, 8]) machine.write(0x8000 + offset, 4, word);
        machine.write(0x800c, 4, 0);
        signalEventFd(made.plan.vectorFds[0] ?? -1);
        machine.write(0x800c, 4, 1);
      }
      expect(machine.read(0x8000, 4) & 3).to.equal(0);
    });

    it('for the configuration: changed bytes, generation, ISR, vector', () => {
      using made = make();
      const { machine, target } = made;
      machine.setConfig(MSIX_CONTROL, 2, 0x8000);
      setVector(made, 0, 0x61);
      machine.device.configChanged();
      expect([target.takeInterrupts(), machine.read(0x2000, 1)]).to.deep.equal([[], 0]);
      machine.activate();
      machine.device.setConfig(Uint8Array.of(0xaa, 0xbb), 5);
      machine.device.configChanged();
      expect([machine.read(0x15, 1), machine.read(0x4004, 4), target.takeInterrupts()]).to.deep.equal([1, 0xaa55, [0x61]]);
      expect([machine.read(0x2000, 1), machine.read(0x2000, 1)]).to.deep.equal([2, 0]);
    });

    it('are raised without waiting, whatever a device process has done to the eventfds that it shares', async () => {
      const url = new URL('./testing/full-eventfds.fixture.ts', import.meta.url);
      const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(url)], { timeout: 20_000 });
      expect(JSON.parse(stdout)).to.deep.equal([
        ['masked', [], 1, 2],
        ['unmasked', [0x41], 0, 0],
        ['again', [0x41], 0, 2],
        ['restored', [], 1, 2],
        ['unmasked', [0x41], 0, 0],
        ['forgotten', [], 0, 0],
      ]);
    }).timeout(30_000);

    it('say that the device needs a reset', () => {
      using made = make();
      const { machine, target } = made;
      machine.setConfig(MSIX_CONTROL, 2, 0x8000);
      setVector(made, 0, 0x62);
      machine.device.needsReset();
      expect(machine.read(0x14, 1)).to.equal(0);
      machine.activate();
      machine.device.needsReset();
      expect([machine.read(0x14, 1), target.takeInterrupts()]).to.deep.equal([0x4f, [0x62]]);
      machine.write(0x14, 1, 0x8f);
      expect(machine.read(0x14, 1)).to.equal(0xcf);
    });
  });

  describe('device configuration', () => {
    it('writes to writable fields change the copy and are replayed in order', () => {
      using made = make();
      const { machine } = made;
      machine.write(0x4004, 1, 0x77);
      machine.write(0x4004, 1, 0x78);
      expect([machine.read(0x4004, 1), machine.effects.take(1)]).to.deep.equal([0x78, VIRTIO_EFFECT.configWrite]);
      const take = (): unknown => machine.device.takeConfigWrite();
      expect([take(), take(), take()]).to.deep.equal([
        { offset: 4, bytes: Uint8Array.of(0x77) },
        { offset: 4, bytes: Uint8Array.of(0x78) },
        undefined,
      ]);
    });

    for (const [offset, size] of [
      [0x4000, 4],
      [0x4004, 2],
      [0x4003, 2],
      [0x4005, 1],
      [0x4ffc, 4],
    ] as const) {
      it(`a write of ${size} at 0x${offset.toString(16)} is none`, () => {
        using made = make();
        made.machine.write(offset, size, 0xffff_ffff);
        expect([made.machine.read(0x4000, 4), made.machine.read(0x4004, 2), made.machine.effects.take(1)]).to.deep.equal([
          0x4433_2211, 0x6655, 0,
        ]);
      });
    }

    it('keeps a bounded number of writes', () => {
      using made = make();
      for (let write = 0; write < 1000; write++) made.machine.write(0x4004, 1, write & 0xff);
      let taken = 0;
      while (made.machine.device.takeConfigWrite() !== undefined) taken++;
      expect([taken, made.machine.read(0x4004, 1)]).to.deep.equal([64, 999 & 0xff]);
    });
  });

  it('goes on in another machine: same registers, irqfds, ioeventfds and pending interrupts', () => {
    const before = make();
    before.machine.activate();
    before.machine.setConfig(MSIX_CONTROL, 2, 0x8000);
    setVector(before, 1, 0x71);
    before.machine.write(0x4004, 1, 9);
    signalEventFd(before.plan.vectorFds[2] ?? -1);
    before.machine.device.saving();
    const saved = before.machine.arena.save();
    const registers = (machine: VirtioMachine): number[] => [
      ...Array.from({ length: 64 }, (_, index) => machine.config(index * 4, 4)),
      ...[0x10, 0x12, 0x16, 0x18, 0x1a, 0x1c, 0x1e].map((offset) => machine.read(offset, 2)),
      ...[0x00, 0x04, 0x08, 0x0c, 0x20, 0x28, 0x30, 0x4000, 0x8010, 0x8018, 0x4_8000].map((offset) => machine.read(offset, 4)),
      machine.read(0x14, 1),
    ];
    const expected = registers(before.machine);
    before[Symbol.dispose]();

    using after = make();
    const { machine, target, plan } = after;
    expect(machine.arena.restore(saved).ok).to.equal(true);
    machine.restored();
    expect(registers(machine)).to.deep.equal(expected);
    expect([machine.device.isActive, isKickInKvm(after, 0), isKickInKvm(after, 1)]).to.deep.equal([true, true, true]);
    signalEventFd(plan.vectorFds[1] ?? -1);
    expect(target.takeInterrupts()).to.deep.equal([0x71]);
    setVector(after, 2, 0x72);
    expect([target.takeInterrupts(), machine.device.takeConfigWrite()]).to.deep.equal([[0x72], { offset: 4, bytes: Uint8Array.of(9) }]);
  });

  it('stays whole while another thread moves its BAR and both serve it', async () => {
    using made = make();
    const { machine, plan, buffer, wakeFd, target } = made;
    machine.activate();
    machine.setConfig(4, 2, 2);
    const url = new URL('./testing/bar-mover.fixture.ts', import.meta.url);
    const worker = new Worker(url, { workerData: { buffer, vmFd: target.vm.fd, wakeFd, plan } });
    const ended = once(worker, 'exit').then(() => true);
    const seen = new Set<number>();
    const pause = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)));
    while (!(await Promise.race([ended, pause()]))) {
      for (const base of [BAR_ADDRESS, 0xc800_0000]) seen.add(machine.mmio.read(base + 0x12, 2));
      expect(machine.mmio.read(ECAM_DEVICE, 4)).to.equal(0x1042_1af4);
    }
    expect(seen).to.deep.equal(new Set([2, 0xffff]));
    expect([machine.config(0x10, 4), machine.read(0x12, 2), isKickInKvm(made, 0), isKickInKvm(made, 0, 0xc800_0000)]).to.deep.equal([
      BAR_ADDRESS,
      2,
      true,
      false,
    ]);
  });

  it('survives 60,000 random accesses of the BAR and the configuration space', () => {
    using made = make({ queueSizes: [256, 128, 1] });
    const { machine } = made;
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * below);
    };
    const places = [0, 0x10, 0x14, 0x16, 0x20, 0x2000, 0x4000, 0x6000, 0x8000, 0x4_8000, 0x7_fff0] as const;
    const values = [0, 1, 2, 3, 0xb, 0xf, 0x40, 0x8f, 0xffff, 0xffff_ffff, 0x8000_0000] as const;
    for (let access = 0; access < 60_000; access++) {
      const size = [1, 2, 4, 4][random(4)] ?? 4;
      const inBar = random(4) !== 0;
      const base = inBar ? (machine.config(0x10, 4) & ~0xf) >>> 0 : ECAM_DEVICE;
      const offset = inBar ? (places[random(places.length)] ?? 0) + random(32) : random(random(8) === 0 ? 4096 : 256);
      const value = random(2) === 0 ? (values[random(values.length)] ?? 0) : random(0x1_0000_0000);
      if (random(2) === 0) machine.mmio.write(base + offset, size, size === 4 ? value : value % 2 ** (size * 8));
      else expect(machine.mmio.read(base + offset, size)).to.be.within(0, 2 ** (size * 8) - 1);
      if (random(20) === 0 && (machine.effects.take(1) & VIRTIO_EFFECT.reset) !== 0) machine.device.completeReset();
      if (random(500) === 0) machine.device.needsReset();
    }
    expect(machine.config(0, 4)).to.equal(0x1042_1af4);
  });
});
