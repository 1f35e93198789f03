import { expect } from 'chai';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { InterruptTarget } from '../bus/testing/interrupt-target.ts';
import { StateArena } from '../state/arena.ts';
import { Ioapic } from './ioapic.ts';

const MASKED = 0x1_0000;
const LEVEL = 0x8000;

describe('Ioapic', function () {
  before(function () {
    if (!InterruptTarget.available) this.skip();
  });

  function machine(): { target: InterruptTarget; ioapic: Ioapic; pin4: number; arena: StateArena } {
    const target = new InterruptTarget();
    const pin4 = target.eventFd();
    const arena = new StateArena(new SharedArrayBuffer(1024));
    const ioapic = new Ioapic({ pinFds: [undefined, undefined, undefined, undefined, pin4] }, arena, target.ioctls);
    ioapic.reset();
    return { target, ioapic, pin4, arena };
  }

  function get(ioapic: Ioapic, register: number): number {
    ioapic.write(0, 4, register);
    return ioapic.read(0x10, 4) >>> 0;
  }

  function set(ioapic: Ioapic, register: number, value: number): void {
    ioapic.write(0, 4, register);
    ioapic.write(0x10, 4, value);
  }

  it('shows its version, 24 masked pins and all ones beyond', () => {
    const { target, ioapic } = machine();
    using _ = target;
    expect([0, 1, 2].map((register) => get(ioapic, register))).to.deep.equal([0, 0x17_0011, 0]);
    expect(Array.from({ length: 48 }, (_unused, index) => get(ioapic, 0x10 + index))).to.deep.equal(
      Array.from({ length: 48 }, (_unused, index) => (index % 2 === 0 ? MASKED : 0)),
    );
    expect([0x0f, 0x40, 0xff].map((register) => get(ioapic, register))).to.deep.equal([0xffff_ffff, 0xffff_ffff, 0xffff_ffff]);
  });

  for (const [register, written, read] of [
    [0x00, 0xffff_ffff, 0x0f00_0000],
    [0x01, 0, 0x17_0011],
    [0x10, 0xffff_ffff, 0x1_afff],
    [0x11, 0xffff_ffff, 0xfffe_0000],
    [0x3e, 0x5000, 0],
    [0x40, 0, 0xffff_ffff],
  ] as const) {
    it(`register ${register.toString(16)}: ${written.toString(16)} written, ${read.toString(16)} read`, () => {
      const { target, ioapic } = machine();
      using _ = target;
      set(ioapic, register, written);
      expect(get(ioapic, register)).to.equal(read);
    });
  }

  it('ignores accesses of other sizes and offsets', () => {
    const { target, ioapic } = machine();
    using _ = target;
    set(ioapic, 0x18, 0x31);
    ioapic.write(0x10, 1, 0xff);
    ioapic.write(0x14, 4, 0xff);
    expect([ioapic.read(0x10, 1), ioapic.read(0x12, 2), ioapic.read(4, 4), get(ioapic, 0x18)]).to.deep.equal([
      0xff, 0xffff, 0xffff_ffff, 0x31,
    ]);
  });

  it('delivers an unmasked pin, holds a masked one back and delivers it once when unmasked', () => {
    const { target, ioapic, pin4 } = machine();
    using _ = target;
    set(ioapic, 0x18, 0x31);
    ioapic.line(4).raise();
    expect(target.takeInterrupts()).to.deep.equal([0x31]);
    set(ioapic, 0x18, MASKED | 0x32);
    ioapic.raise(4);
    ioapic.raise(4);
    expect(target.takeInterrupts()).to.deep.equal([]);
    set(ioapic, 0x18, 0x32);
    expect(target.takeInterrupts()).to.deep.equal([0x32]);
    expect(drainEventFd(pin4)).to.equal(0);
  });

  it('follows a change of vector while unmasked', () => {
    const { target, ioapic } = machine();
    using _ = target;
    set(ioapic, 0x18, 0x31);
    set(ioapic, 0x18, 0x45);
    ioapic.raise(4);
    expect(target.takeInterrupts()).to.deep.equal([0x45]);
  });

  it('interrupts again at the end of a level-triggered interrupt while its line is high', () => {
    const { target, ioapic } = machine();
    using _ = target;
    set(ioapic, 0x18, LEVEL | 0x51);
    ioapic.setLevel(4, true);
    expect([target.takeInterrupts(), get(ioapic, 0x18)]).to.deep.equal([[0x51], LEVEL | 0x4000 | 0x51]);
    ioapic.setLevel(4, true);
    expect(target.takeInterrupts()).to.deep.equal([]);
    ioapic.endOfInterrupt(0x52);
    expect(target.takeInterrupts()).to.deep.equal([]);
    ioapic.endOfInterrupt(0x51);
    expect(target.takeInterrupts()).to.deep.equal([0x51]);
    ioapic.setLevel(4, false);
    ioapic.endOfInterrupt(0x51);
    expect([target.takeInterrupts(), get(ioapic, 0x18)]).to.deep.equal([[], LEVEL | 0x51]);
  });

  it('forgets remote IRR when an entry becomes edge-triggered', () => {
    const { target, ioapic } = machine();
    using _ = target;
    set(ioapic, 0x18, LEVEL | 0x51);
    ioapic.raise(4);
    set(ioapic, 0x18, 0x51);
    expect(get(ioapic, 0x18)).to.equal(0x51);
  });

  it('goes on in another machine, with the signal that waited', () => {
    const first = machine();
    set(first.ioapic, 0x18, MASKED | 0x61);
    first.ioapic.raise(4);
    first.ioapic.saving();
    const saved = first.arena.save();
    first.target[Symbol.dispose]();

    const second = machine();
    using _ = second.target;
    expect(second.arena.restore(saved).ok).to.equal(true);
    second.ioapic.restored();
    expect(get(second.ioapic, 0x18)).to.equal(MASKED | 0x61);
    set(second.ioapic, 0x18, 0x61);
    expect(second.target.takeInterrupts()).to.deep.equal([0x61]);
  });
});
