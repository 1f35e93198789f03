import { expect } from 'chai';
import { ok, expect as must } from '#shared/lang/result.ts';
import { asFd, closeFd } from '#shared/sys/owned-fd.ts';
import { Vm } from '../kvm/vm.ts';
import type { DeviceLink, DeviceOffer } from '../link/device-link.ts';
import type { MachinePlan } from '../machine.ts';
import { GIB, MIB } from '../memory/layout.ts';
import { planMemory } from '../memory/map.ts';
import { type PlannedDevice, planMachine } from './machine-plan.ts';

const VM_FD = 1000;
const WAKE_FD = 1001;
const BLOCK = 2;
const RNG = 4;

function offer(deviceType: number, queues: number): DeviceOffer {
  const queueSizes = new Array<number>(queues).fill(128);
  return { deviceType, classCode: 0x180, featuresLow: 0, featuresHigh: 1, queueSizes, config: [1, 2], writableConfig: [] };
}

/** A device that is only planned. */
function device(id: string, deviceType: number, queues = 1, slot?: number): PlannedDevice {
  const link: DeviceLink = {
    id,
    offer: offer(deviceType, queues),
    attach: () => {},
    take: () => {},
    suspend: async () => ok([]),
    resume: async () => ok(),
    reset: async () => ok(),
    close: () => {},
  };
  return { link, slot };
}

describe('planMachine', () => {
  const opened: number[] = [];
  afterEach(() => {
    for (const fd of opened.splice(0)) closeFd(asFd(fd));
  });

  function plan(devices: readonly PlannedDevice[], hasSerial = true, ramSize = 512 * MIB): ReturnType<typeof planMachine> {
    const map = must(planMemory({ ramSize, physicalBits: 40 }), 'test');
    const serial = hasSerial ? { discardOutput: true } : undefined;
    const planned = planMachine({ host: { vm: new Vm(asFd(VM_FD)), map }, wakeFd: WAKE_FD, serial, devices });
    if (planned.ok) opened.push(...fdsOf(planned.value));
    return planned;
  }

  it('a machine without devices', () => {
    const { vmFd, wakeFd, effectCount, platform } = must(plan([], false), 'test');
    expect({ vmFd, wakeFd, effectCount }).to.deep.equal({ vmFd: VM_FD, wakeFd: WAKE_FD, effectCount: 2 });
    expect([platform.serial, platform.devices]).to.deep.equal([undefined, []]);
  });

  it('memory is told below and above 4 GiB', () => {
    const { platform } = must(plan([], true, 6 * GIB), 'test');
    expect([platform.ramBelow4G, platform.ramAbove4G]).to.deep.equal([3 * GIB, 3 * GIB]);
  });

  it('each device has an effect word, a slot, a BAR and eventfds of its own', () => {
    const planned = must(plan([device('disk', BLOCK, 2), device('rng', RNG)]), 'test');
    const [disk, rng] = planned.platform.devices;
    expect(planned.effectCount).to.equal(4);
    expect([disk?.name, disk?.slot, disk?.effectIndex, disk?.bar.bits]).to.deep.equal(['disk', 1, 2, 32]);
    expect([rng?.name, rng?.slot, rng?.effectIndex, rng?.bar.bits]).to.deep.equal(['rng', 2, 3, 64]);
    expect([disk?.kickFds.length, disk?.vectorFds.length, rng?.kickFds.length, rng?.vectorFds.length]).to.deep.equal([2, 3, 1, 2]);
    expect(new Set(fdsOf(planned)).size).to.equal(fdsOf(planned).length);
    const { pciWindow32, pciWindow64 } = planned.platform;
    expect(disk?.bar.address).to.be.within(pciWindow32.start, pciWindow32.start + pciWindow32.size - 1);
    expect(rng?.bar.address).to.be.within(pciWindow64.start, pciWindow64.start + pciWindow64.size - 1);
  });

  it('a slot that was named is kept for its device', () => {
    const planned = must(plan([device('a', RNG), device('b', RNG, 1, 1), device('c', RNG, 1, 7)]), 'test');
    expect(planned.platform.devices.map(({ slot }) => slot)).to.deep.equal([2, 1, 7]);
  });

  it('the plan is plain data: a thread gets it as it is', () => {
    const planned = must(plan([device('disk', BLOCK)]), 'test');
    expect(structuredClone(planned)).to.deep.equal(planned);
  });

  const REFUSED: readonly (readonly [name: string, devices: readonly PlannedDevice[], line: RegExp])[] = [
    ['a slot taken twice', [device('a', RNG, 1, 3), device('b', RNG, 1, 3)], /b: PCI slot 3 belongs to a/],
    ['a slot that is none', [device('a', RNG, 1, 32)], /a: there is no PCI slot 32/],
    ['two devices of one name', [device('a', RNG), device('a', BLOCK)], /^two devices have the id a; give each its own$/],
    ['more devices than slots', Array.from({ length: 32 }, (_, index) => device(`d${index}`, RNG)), /no PCI slot is left/],
  ];
  for (const [name, devices, line] of REFUSED) {
    it(`${name} -> one line`, () => {
      const planned = plan(devices);
      expect(planned.ok ? '' : planned.error).to.match(line);
    });
  }
});

function fdsOf({ platform }: MachinePlan): number[] {
  const own = [platform.gedPinFd, ...(platform.serial === undefined ? [] : [platform.serial.pinFd])];
  return [...own, ...platform.devices.flatMap(({ kickFds, vectorFds }) => [...kickFds, ...vectorFds])];
}
