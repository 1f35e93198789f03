/**
 * A hostile driver on one virtio-pci device, and a second device beside it: whatever is written to the first, the second keeps its
 * registers, its notifications and its interrupts, and nothing grows. What each register does with bad values is in
 * `common-config.test.ts`.
 */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { Random } from '#shared/testing/random.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { type Made, isKickInKvm, make, setVector } from './testing/made-machine.ts';
import { BAR_ADDRESS, ECAM_DEVICE, blockPlan } from './testing/virtio-machine.ts';
import { VIRTIO_EFFECT, type VirtioPciDevice, type VirtioPciPlan } from './virtio-pci-device.ts';

const NEIGHBOUR_SLOT = 5;
const NEIGHBOUR_BAR = BAR_ADDRESS - 0x10_0000;
const NEIGHBOUR_ECAM = ECAM_DEVICE + (NEIGHBOUR_SLOT - 3) * 0x8000;
const NEIGHBOUR_VECTOR = 0x51;
const MSIX_CONTROL = 0x9a;
const NEEDS_RESET = 0x40;

/** A machine whose second device is in use, and what it looks like to its driver. */
class Neighbours implements Disposable {
  readonly made: Made;
  readonly plan: VirtioPciPlan;
  readonly device: VirtioPciDevice;
  readonly #seen: readonly number[];

  constructor() {
    const made = make();
    const { machine, target } = made;
    const fds = (count: number): number[] => Array.from({ length: count }, () => target.eventFd());
    const place = { name: 'disk1', slot: NEIGHBOUR_SLOT, effectIndex: 2, bar: { bits: 32, address: NEIGHBOUR_BAR } } as const;
    this.made = made;
    this.plan = blockPlan({ kickFds: fds(2), vectorFds: fds(3) }, place);
    this.device = machine.add(this.plan);
    machine.powerOn();
    this.#bringUp();
    machine.effects.take(2);
    this.#seen = this.#look();
  }

  /** The neighbour is as it was: registers, effects, notifications in KVM and none pending, interrupts. */
  check(what: string): void {
    const { made, plan, device } = this;
    made.target.takeInterrupts();
    signalEventFd(plan.vectorFds[1] ?? -1);
    expect(made.target.takeInterrupts(), what).to.include(NEIGHBOUR_VECTOR);
    expect(this.#look(), what).to.deep.equal(this.#seen);
    const kicks = [0, 1].map((queue) => isKickInKvm({ ...made, plan }, queue, NEIGHBOUR_BAR));
    expect([device.isActive, ...kicks, made.machine.effects.take(2)], what).to.deep.equal([true, true, true, 0]);
    expect(
      plan.kickFds.map((fd) => drainEventFd(fd)),
      what,
    ).to.deep.equal([0, 0]);
  }

  [Symbol.dispose](): void {
    this.made[Symbol.dispose]();
  }

  #write(offset: number, size: number, value: number): void {
    this.made.machine.mmio.write(NEIGHBOUR_BAR + offset, size, value);
  }

  #bringUp(): void {
    const { mmio } = this.made.machine;
    for (const status of [1, 3]) this.#write(0x14, 1, status);
    this.#write(0x08, 4, 1);
    this.#write(0x0c, 4, 1);
    this.#write(0x14, 1, 0xb);
    for (const queue of [0, 1]) {
      this.#write(0x16, 2, queue);
      this.#write(0x1a, 2, 1);
      for (const [index, register] of [0x20, 0x28, 0x30].entries()) this.#write(register, 4, 0x40_0000 + queue * 0x4000 + index * 0x1000);
      this.#write(0x1c, 2, 1);
    }
    this.#write(0x14, 1, 0xf);
    mmio.write(NEIGHBOUR_ECAM + MSIX_CONTROL, 2, 0x8000);
    for (const [index, word] of [0xfee0_0000, 0, NEIGHBOUR_VECTOR, 0].entries()) this.#write(0x8010 + index * 4, 4, word);
  }

  #look(): number[] {
    const { mmio } = this.made.machine;
    const config = Array.from({ length: 64 }, (_, index) => mmio.read(NEIGHBOUR_ECAM + index * 4, 4));
    const table = Array.from({ length: 12 }, (_, index) => mmio.read(NEIGHBOUR_BAR + 0x8000 + index * 4, 4));
    const common = [0x10, 0x12, 0x16, 0x18, 0x1a, 0x1c, 0x1e].map((offset) => mmio.read(NEIGHBOUR_BAR + offset, 2));
    const addresses = [0x20, 0x24, 0x28, 0x30, 0x4000, 0x4004].map((offset) => mmio.read(NEIGHBOUR_BAR + offset, 4));
    return [...config, ...table, ...common, ...addresses, mmio.read(NEIGHBOUR_BAR + 0x14, 1)];
  }
}

/** Sets every queue up at `address` and sets DRIVER_OK. */
function activateAt(made: Made, address: number): void {
  const { machine } = made;
  machine.negotiate();
  machine.write(0x10, 2, 0);
  for (const queue of [0, 1]) {
    machine.write(0x16, 2, queue);
    for (const register of [0x20, 0x28, 0x30]) machine.write(register, 8, address);
    machine.write(0x1c, 2, 1);
  }
  machine.write(0x14, 1, 0xf);
}

describe('virtio-pci: a hostile driver beside another device', function () {
  this.timeout(30_000);
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  for (const [where, address] of [
    ['past all memory', 2 ** 51],
    ["in its own device's registers", BAR_ADDRESS],
    ["in the neighbour's registers", NEIGHBOUR_BAR],
    ['in the local APIC', 0xfee0_0000],
    ['at 0', 0],
  ] as const) {
    it(`queues ${where}: it is told to reset, and comes back after one`, () => {
      using both = new Neighbours();
      const { made } = both;
      const { machine, target } = made;
      machine.setConfig(MSIX_CONTROL, 2, 0x8000);
      setVector(made, 0, 0x61);
      activateAt(made, address);
      expect([machine.effects.take(1), machine.device.queue(1).descriptorAddress]).to.deep.equal([VIRTIO_EFFECT.activate, address]);
      machine.device.needsReset();
      expect([machine.read(0x14, 1), target.takeInterrupts()]).to.deep.equal([0xf | NEEDS_RESET, [0x61]]);
      // Nothing but a reset ends it.
      for (const status of [1, 3, 0xb, 0xf, 0x4f, 0x8f]) machine.write(0x14, 1, status);
      expect(machine.read(0x14, 1) & NEEDS_RESET).to.equal(NEEDS_RESET);
      both.check('needs reset');
      machine.write(0x14, 1, 0);
      expect(machine.effects.take(1)).to.equal(VIRTIO_EFFECT.reset);
      machine.device.completeReset();
      machine.activate();
      expect([machine.read(0x14, 1), machine.effects.take(1), isKickInKvm(made, 0)]).to.deep.equal([0xf, VIRTIO_EFFECT.activate, true]);
      both.check('active again');
    });
  }

  it("a BAR laid over the neighbour's stays where it was, also by halves of it", () => {
    using both = new Neighbours();
    const { machine } = both.made;
    machine.activate();
    machine.setConfig(4, 2, 2);
    for (const address of [NEIGHBOUR_BAR, 0xe800_0000, 0xfee0_0000, 0, 0x1000]) {
      machine.setConfig(0x10, 4, address);
      expect([machine.config(0x10, 4), machine.read(0x12, 2), isKickInKvm(both.made, 0)]).to.deep.equal([BAR_ADDRESS, 2, true]);
      both.check(`a BAR at ${address}`);
    }
  });

  it('a hundred activations and resets, finished or not, leave nothing behind', () => {
    using both = new Neighbours();
    const { machine } = both.made;
    const fds = readdirSync('/proc/self/fd').length;
    for (let count = 0; count < 100; count++) {
      activateAt(both.made, count * 0x1000);
      machine.write(0x14, 1, 0);
      machine.write(0x14, 1, 0);
      expect(machine.effects.take(1) & VIRTIO_EFFECT.reset).to.equal(VIRTIO_EFFECT.reset);
      if (count % 3 === 0) machine.write(0x14, 1, 0xf);
      machine.device.completeReset();
      expect([machine.read(0x14, 1), isKickInKvm(both.made, 0)]).to.deep.equal([0, false]);
    }
    expect(readdirSync('/proc/self/fd').length).to.equal(fds);
    both.check('after the resets');
  });

  it('notifications of every value at every place reach its own eventfds alone', () => {
    using both = new Neighbours();
    const { machine, plan } = both.made;
    for (let offset = 0x6000; offset < 0x7000; offset++)
      for (const size of [1, 2, 4] as const) machine.write(offset, size, 0xffff_ffff % 2 ** (size * 8));
    expect(plan.kickFds.map((fd) => drainEventFd(fd))).to.deep.equal([3, 3]);
    both.check('notifications');
  });

  for (const seed of [1, 2, 3]) {
    it(`30,000 random accesses (seed ${seed})`, () => {
      using both = new Neighbours();
      const { made } = both;
      const random = new Random(seed);
      for (let access = 0; access < 30_000; access++) {
        accessAnything(made, random);
        if (access % 1000 === 999) both.check(`seed ${seed}, access ${access}`);
      }
    });
  }
});

const PLACES = [0, 0x10, 0x14, 0x16, 0x18, 0x20, 0x2000, 0x4000, 0x6000, 0x8000, 0x4_8000, 0x7_fff0] as const;
const VALUES = [0, 1, 2, 3, 0xb, 0xf, 0x40, 0x8f, 0xffff, 0xffff_ffff, 0x8000_0000, 0xfee0_0000, 0x8000, NEIGHBOUR_BAR] as const;

function accessAnything({ machine }: Made, random: Random): void {
  const size = random.pick([1, 2, 4, 4]);
  const isInBar = !random.oneIn(4);
  const base = isInBar ? (machine.config(0x10, 4) & ~0xf) >>> 0 : ECAM_DEVICE;
  const offset = isInBar ? random.pick(PLACES) + random.below(32) : random.below(random.oneIn(8) ? 4096 : 256);
  const value = random.oneIn(2) ? random.pick(VALUES) : random.below(2 ** 32);
  // A size request of the BAR reads back as an address that it does not have.
  const isOurs = !isInBar || machine.mmio.read(base + 0x12, 2) === 2;
  if (isOurs && random.oneIn(2)) machine.mmio.write(base + offset, size, value % 2 ** (size * 8));
  else if (isOurs) expect(machine.mmio.read(base + offset, size)).to.be.within(0, 2 ** (size * 8) - 1);
  if (random.oneIn(20) && (machine.effects.take(1) & VIRTIO_EFFECT.reset) !== 0) machine.device.completeReset();
  if (random.oneIn(500)) machine.device.needsReset();
  if (random.oneIn(100)) while (machine.device.takeConfigWrite() !== undefined);
}
