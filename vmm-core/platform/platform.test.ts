import { expect } from 'chai';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { GIB } from '../memory/layout.ts';
import { StateArena } from '../state/arena.ts';
import { Effects } from '../state/effects.ts';
import { BAR_ADDRESS, WINDOW_64, blockPlan } from '../virtio-pci/testing/virtio-machine.ts';
import { Platform } from './platform.ts';
import { POWER_EFFECT } from './power.ts';
import { SERIAL_EFFECT } from './serial.ts';

const GED_REGISTER = 2 ** 46 - 0x1_1000;

function machine(buffer: SharedArrayBuffer, target: InterruptTarget) {
  const arena = new StateArena(buffer);
  const effects = new Effects(arena.slice('effects', 1, 12), target.eventFd());
  const fds = (count: number): number[] => Array.from({ length: count }, () => target.eventFd());
  const plan = {
    ramBelow4G: 3 * GIB,
    ramAbove4G: 0,
    gedRegister: GED_REGISTER,
    pciWindow32: { start: 0xc000_0000, size: 0x2800_0000 },
    pciWindow64: WINDOW_64,
    powerEffectIndex: 0,
    serial: { effectIndex: 2, discardOutput: false, pinFd: target.eventFd() },
    gedPinFd: target.eventFd(),
    devices: [blockPlan({ kickFds: fds(2), vectorFds: fds(3) })],
  };
  return { arena, effects, platform: new Platform(plan, arena, effects, target.ioctls) };
}

describe('Platform', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  function running(target: InterruptTarget) {
    const made = machine(new SharedArrayBuffer(0x4_0000), target);
    made.platform.reset();
    return made;
  }

  for (const [bus, address, size, value] of [
    ['pio', 0x61, 1, 0x20],
    ['pio', 0x60, 1, 0xff],
    ['pio', 0x80, 1, 0xff],
    ['pio', 0x3fd, 1, 0x60],
    ['pio', 0x3f7, 1, 0xff],
    ['pio', 0x600, 1, 0],
    ['pio', 0x604, 1, 0xff],
    ['pio', 0xcf8, 4, 0],
    ['mmio', 0xfec0_0000, 4, 0],
    ['mmio', 0xe800_0000, 4, 0x0d57_8086],
    ['mmio', 0xe801_8000, 4, 0x1042_1af4],
    ['mmio', BAR_ADDRESS + 0x12, 2, 2],
    ['mmio', 0xfee0_0000, 4, 0xffff_ffff],
    ['mmio', GED_REGISTER, 1, 0],
  ] as const) {
    it(`${bus} ${address.toString(16)} reads 0x${value.toString(16)}`, () => {
      using target = new InterruptTarget();
      expect(running(target).platform[bus].read(address, size)).to.equal(value);
    });
  }

  it('carries bytes, the power button and the end of the machine between two threads of one arena', () => {
    using target = new InterruptTarget();
    const buffer = new SharedArrayBuffer(0x4_0000);
    const vcpu = machine(buffer, target);
    vcpu.platform.reset();
    const link = machine(buffer, target);
    link.effects.take(2);
    vcpu.platform.pio.write(0x3f8, 1, 0x41);
    const bytes = new Uint8Array(4);
    expect([link.effects.take(2), link.platform.serial?.takeOutput(bytes), bytes[0]]).to.deep.equal([SERIAL_EFFECT.output, 1, 0x41]);
    link.platform.ged.pressPowerButton();
    expect(vcpu.platform.mmio.read(GED_REGISTER, 1)).to.equal(8);
    vcpu.platform.pio.write(0x600, 1, 0x34);
    expect([link.effects.take(0), vcpu.platform.power.isHeld, link.platform.power.isHeld]).to.deep.equal([
      POWER_EFFECT.powerOff,
      true,
      true,
    ]);
  });

  it('reset of a machine that ran makes it as new', () => {
    using target = new InterruptTarget();
    const { platform, arena } = running(target);
    const fresh = arena.save();
    platform.pio.write(0x3f9, 1, 1);
    platform.pio.write(0x600, 1, 1);
    for (const [address, value] of [
      [0xe801_8004, 2],
      [0xe801_8010, 0xc800_0000],
      [0xfec0_0000, 0x18],
      [0xfec0_0010, 0x31],
    ] as const)
      platform.mmio.write(address, 4, value);
    platform.mmio.write(0xc800_0014, 1, 1);
    platform.reset();
    const changed = arena.save().filter((slice, index) => Buffer.compare(slice.bytes, fresh[index]?.bytes ?? new Uint8Array()) !== 0);
    // The host's time, the count of BAR moves, and the effects that nobody took.
    expect(changed.map(({ name }) => name).sort()).to.deep.equal(['effects', 'pci-root', 'pm-timer']);
  });
});
