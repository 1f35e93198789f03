/** The small platform devices: power, keyboard controller stub, CMOS, PM timer, debug port, generic event device, GSI allocator. */
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { GIB, MIB } from '../memory/layout.ts';
import { StateArena } from '../state/arena.ts';
import { Effects } from '../state/effects.ts';
import { Cmos } from './cmos.ts';
import { DEBUG_MARKS, DebugPort } from './debug-port.ts';
import { GenericEventDevice } from './ged.ts';
import { GsiAllocator } from './gsi-allocator.ts';
import { PmTimer } from './pm-timer.ts';
import { AcpiPowerPort, I8042Stub, POWER_EFFECT, PowerControl } from './power.ts';

function newArena(): StateArena {
  return new StateArena(new SharedArrayBuffer(16_384));
}

function poweredMachine(now = 0) {
  const wake = must(createEventFd(), 'test');
  const arena = newArena();
  const effects = new Effects(arena.slice('effects', 1, 8), wake.fd);
  const power = new PowerControl(0, arena, effects);
  const cmos = new Cmos({ ramBelow4G: 3 * GIB, ramAbove4G: 3 * GIB + MIB, now: () => now }, arena, power);
  cmos.reset();
  return { power, effects, cmos, acpi: new AcpiPowerPort(power), i8042: new I8042Stub(power), [Symbol.dispose]: () => wake.close() };
}

describe('ACPI power port and keyboard controller', () => {
  for (const [device, offset, size, value, effect] of [
    ['acpi', 0, 1, 1, POWER_EFFECT.reset],
    ['acpi', 0, 1, 0x34, POWER_EFFECT.powerOff],
    ['acpi', 0, 1, 0x24, 0],
    ['acpi', 0, 1, 0x14, 0],
    ['acpi', 1, 1, 1, 0],
    ['acpi', 0, 4, 1, 0],
    ['i8042', 3, 1, 0xfe, POWER_EFFECT.reset],
    ['i8042', 3, 2, 0xfe, 0],
    ['i8042', 3, 1, 0xd1, 0],
    ['i8042', 0, 1, 0xfe, 0],
  ] as const) {
    it(`${device}: write of ${size} at +${offset} of 0x${value.toString(16)} -> effect ${effect}`, () => {
      using made = poweredMachine();
      made[device].write(offset, size, value);
      expect([made.effects.take(0), made.power.isHeld]).to.deep.equal([effect, effect !== 0]);
    });
  }

  it('reads: never woken, nothing in the keyboard buffers, timer 2 risen', () => {
    using made = poweredMachine();
    expect([made.acpi.read(0, 1), made.acpi.read(1, 1), made.acpi.read(0, 4)]).to.deep.equal([0, 0xff, 0xffff_ffff]);
    expect([0, 1, 2, 3].map((offset) => made.i8042.read(offset, 1))).to.deep.equal([0x20, 0xff, 0xff, 0]);
  });

  it('holds the vCPU until it is released', () => {
    using made = poweredMachine();
    made.acpi.write(0, 1, 1);
    expect(made.power.isHeld).to.equal(true);
    made.power.release();
    expect(made.power.isHeld).to.equal(false);
  });
});

describe('Cmos', () => {
  function read(cmos: Cmos, index: number): number {
    cmos.write(0, 1, index);
    return cmos.read(1, 1);
  }

  for (const [time, expected] of [
    ['1970-01-01T00:00:00.000Z', [0x00, 0x00, 0x00, 5, 0x01, 0x01, 0x70, 0x19, 0x26]],
    ['2000-02-29T23:59:59.999Z', [0x59, 0x59, 0x23, 3, 0x29, 0x02, 0x00, 0x20, 0xa6]],
    ['2024-12-31T12:34:56.500Z', [0x56, 0x34, 0x12, 3, 0x31, 0x12, 0x24, 0x20, 0x26]],
    ['2026-11-22T09:05:07.000Z', [0x07, 0x05, 0x09, 1, 0x22, 0x11, 0x26, 0x20, 0x26]],
    ['2100-03-01T00:00:00.000Z', [0x00, 0x00, 0x00, 2, 0x01, 0x03, 0x00, 0x21, 0x26]],
  ] as const) {
    it(`tells ${time} in BCD`, () => {
      using made = poweredMachine(Date.parse(time));
      expect([0, 2, 4, 6, 7, 8, 9, 0x32, 0x0a].map((index) => read(made.cmos, index))).to.deep.equal(expected);
    });
  }

  it('gives the date of every day of 400 years as Date does', () => {
    for (let day = 0; day < 146_097; day += 13) {
      const date = new Date(day * 86_400_000);
      using made = poweredMachine(date.getTime());
      const parts = [7, 8, 9].map((index) => read(made.cmos, index).toString(16).padStart(2, '0'));
      expect(`${parts[2]}-${parts[1]}-${parts[0]}`).to.equal(date.toISOString().slice(2, 10));
    }
  });

  it('tells memory sizes in units of 64 KiB, and status', () => {
    using made = poweredMachine();
    const values = [0x34, 0x35, 0x5b, 0x5c, 0x5d, 0x0b, 0x0c, 0x0d].map((index) => read(made.cmos, index));
    expect(values).to.deep.equal([0x00, 0xbf, 0x10, 0xc0, 0, 2, 0, 0x80]);
  });

  it('keeps what is written to its memory, ignores the clock being set and other sizes', () => {
    using made = poweredMachine();
    for (const [index, value] of [
      [0x40, 0x77],
      [0x00, 0x33],
      [0xc1, 0x55],
    ] as const) {
      made.cmos.write(0, 1, index);
      made.cmos.write(1, 1, value);
    }
    made.cmos.write(0, 2, 0x40);
    expect([made.cmos.read(0, 1), made.cmos.read(1, 2)]).to.deep.equal([0xc1, 0xffff]);
    expect([0x40, 0x00, 0x41].map((index) => read(made.cmos, index))).to.deep.equal([0x77, 0, 0x55]);
  });

  it('resets by the shutdown status with NMI off and value 0 alone', () => {
    using made = poweredMachine();
    for (const [index, value] of [
      [0x0f, 0],
      [0x8f, 1],
      [0x8e, 0],
    ] as const) {
      made.cmos.write(0, 1, index);
      made.cmos.write(1, 1, value);
    }
    expect(made.effects.take(0)).to.equal(0);
    made.cmos.write(0, 1, 0x8f);
    made.cmos.write(1, 1, 0);
    expect(made.effects.take(0)).to.equal(POWER_EFFECT.reset);
  });
});

describe('PmTimer', () => {
  it('starts near 0, never steps back and follows the host clock', () => {
    const timer = new PmTimer(newArena());
    timer.reset();
    const hostBefore = process.hrtime.bigint();
    const first = timer.read(0, 4);
    let last = first;
    for (let reads = 0; reads < 100_000; reads++) {
      const value = timer.read(0, 4);
      expect(value >= last, `${value} after ${last}`).to.equal(true);
      last = value;
    }
    const ticks = (Number(process.hrtime.bigint() - hostBefore) * 3.579545) / 1000;
    expect(last - first).to.be.at.most(Math.ceil(ticks));
    expect(last).to.be.greaterThan(first);
  });

  it('answers accesses of 4 only', () => {
    const timer = new PmTimer(newArena());
    expect([timer.read(0, 1), timer.read(1, 4), timer.read(0, 2)]).to.deep.equal([0xff, 0xffff_ffff, 0xffff]);
  });

  it('goes on from the last value read after a restore', () => {
    const arena = newArena();
    const timer = new PmTimer(arena);
    timer.reset();
    const last = timer.read(0, 4);
    const restored = newArena();
    const later = new PmTimer(restored);
    expect(restored.restore(arena.save()).ok).to.equal(true);
    later.restored();
    expect(later.read(0, 4)).to.be.at.least(last);
  });
});

describe('DebugPort', () => {
  it('keeps marks with their range and time, the last ones of many', () => {
    const port = new DebugPort(newArena());
    for (const code of [0x00, 0x1f, 0x20, 0x40, 0x41, 0x7f, 0x80]) port.write(0, 1, code);
    port.write(0, 2, 0x55);
    const marks = port.marks();
    expect(marks.map(({ code, range }) => `${code.toString(16)} ${range}`)).to.deep.equal([
      '0 firmware',
      '1f firmware',
      '20 bootloader',
      '40 kernel',
      '41 kernel',
      '7f user',
      '80 custom',
    ]);
    expect(marks.every((mark, index) => index === 0 || mark.atMs >= (marks[index - 1]?.atMs ?? 0))).to.equal(true);
    for (let mark = 0; mark < DEBUG_MARKS + 3; mark++) port.write(0, 1, mark & 0xff);
    expect(port.marks().map(({ code }) => code)).to.deep.equal(Array.from({ length: DEBUG_MARKS }, (_, index) => (index + 3) & 0xff));
    expect(port.read(0, 1)).to.equal(0xff);
  });
});

describe('GenericEventDevice', () => {
  it('interrupts for the power button and forgets it when read', () => {
    const edges = { count: 0 };
    const ged = new GenericEventDevice(newArena(), { raise: () => void edges.count++ });
    ged.pressPowerButton();
    ged.notify(1);
    expect([edges.count, ged.read(0, 4), ged.read(1, 1), ged.read(0, 1), ged.read(0, 1)]).to.deep.equal([2, 0xffff_ffff, 0xff, 9, 0]);
  });
});

describe('GsiAllocator', () => {
  it('gives 24 to 4095, each once, the lowest free one first', () => {
    const arena = newArena();
    const allocator = new GsiAllocator(arena);
    const given = Array.from({ length: 4072 }, () => allocator.allocate());
    expect(given).to.deep.equal(Array.from({ length: 4072 }, (_, index) => index + 24));
    expect(allocator.allocate()).to.equal(undefined);
    allocator.free(100);
    expect([allocator.allocate(), allocator.allocate()]).to.deep.equal([100, undefined]);
  });
});
