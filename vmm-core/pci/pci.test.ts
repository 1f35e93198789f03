/** Configuration space, BARs, slots: through the ports and the ECAM, on functions without interrupts. */
import { expect } from 'chai';
import type { IoHandler } from '../bus/bus.ts';
import { MmioBus } from '../bus/mmio-bus.ts';
import { PioBus } from '../bus/pio-bus.ts';
import { StateArena } from '../state/arena.ts';
import { hostBridge } from './host-bridge.ts';
import { PciFunction } from './pci-function.ts';
import { PciRoot } from './pci-root.ts';
import { type PlacementRequest, placeDevices } from './placement.ts';

const WINDOW_32 = { start: 0xc000_0000, size: 0x2800_0000 };
const WINDOW_64 = { start: 0x40_0000_0000, size: 0x10_0000_0000 };
const ECAM = 0xe800_0000;
const SMALL_BAR = 0xe000_0000;
const LARGE_BAR = 0x4f_ff80_0000;
const IDS = { vendor: 0x1234, device: 0x5678, revision: 9, classCode: 0x01_8002, subsystemVendor: 0xaaaa, subsystem: 0xbbbb };

/** One byte of state that says which BAR it is. */
function memory(mark: number): IoHandler {
  return { read: (offset) => (mark << 8) | (offset & 0xff), write: () => {} };
}

/** Slot 1 has a 32-bit BAR of 4 KiB, slot 2 a 64-bit one of 512 KiB. */
function machine(buffer = new SharedArrayBuffer(4096)) {
  const arena = new StateArena(buffer);
  const root = new PciRoot({ window32: WINDOW_32, window64: WINDOW_64 }, arena);
  const moves: number[][] = [];
  const bridge = hostBridge(arena);
  const small = { index: 0, bits: 32, size: 0x1000, address: SMALL_BAR, handler: memory(1) } as const;
  const large = { index: 0, bits: 64, size: 0x8_0000, address: LARGE_BAR, handler: memory(2) } as const;
  const first = new PciFunction({ name: 'first', ids: IDS, bars: [{ ...small, moved: (from) => void moves.push([1, from]) }] }, arena);
  const second = new PciFunction({ name: 'second', ids: IDS, bars: [{ ...large, moved: (from) => void moves.push([2, from]) }] }, arena);
  first.config.addCapability(0x09, Uint8Array.of(0x11, 0x22, 0x33));
  first.config.addCapability(0x11, Uint8Array.of(0x44, 0x00, 0x55, 0x66), [{ offset: 3, mask: 0xc0 }]);
  for (const [slot, added] of [
    [0, bridge],
    [1, first],
    [2, second],
  ] as const)
    root.add(slot, added);
  const mmio = new MmioBus();
  const pio = new PioBus();
  for (const index of [0, 1] as const) {
    const { start, size, handler } = root.bars.window(index);
    mmio.add(start, size, handler);
  }
  mmio.add(ECAM, 0x10_0000, root.ecam);
  pio.add(0xcf8, 8, root.ports);
  const powerOn = (): void => {
    for (const each of [bridge, first, second]) each.reset();
    root.reset();
  };
  const at = (slot: number, register: number): number => ECAM + slot * 0x8000 + register;
  return { arena, root, mmio, pio, moves, powerOn, at };
}

function running() {
  const made = machine();
  made.powerOn();
  return made;
}

describe('PCI configuration space', () => {
  for (const [slot, register, size, value] of [
    [0, 0x00, 4, 0x0d57_8086],
    [0, 0x08, 4, 0x0600_0000],
    [0, 0x34, 1, 0],
    [1, 0x00, 2, 0x1234],
    [1, 0x02, 2, 0x5678],
    [1, 0x04, 4, 0x10_0000],
    [1, 0x08, 4, 0x0180_0209],
    [1, 0x0a, 2, 0x0180],
    [1, 0x2c, 4, 0xbbbb_aaaa],
    [1, 0x34, 1, 0x40],
    [1, 0x40, 4, 0x2211_4809],
    [1, 0x48, 4, 0x0044_0011],
    [1, 0x03, 2, 0x0056],
    [1, 0x100, 4, 0],
    [1, 0xffc, 4, 0],
    [1, 0xffe, 4, 0xffff_ffff],
    [3, 0x00, 4, 0xffff_ffff],
    [31, 0x00, 2, 0xffff],
  ] as const) {
    it(`ECAM: slot ${slot}, register ${register.toString(16)}, ${size} bytes -> ${value.toString(16)}`, () => {
      const { mmio, at } = running();
      expect(mmio.read(at(slot, register), size)).to.equal(value);
    });
  }

  it('other functions of a slot are not there', () => {
    const { mmio, at } = running();
    expect([0x1000, 0x7000].map((functionAt) => mmio.read(at(1, functionAt), 4))).to.deep.equal([0xffff_ffff, 0xffff_ffff]);
  });

  for (const [register, size, written, read] of [
    [0x00, 4, 0xffff_ffff, 0x5678_1234],
    [0x04, 2, 0x0505, 0x0505],
    [0x04, 4, 0xffff_0000, 0x0010_0000],
    [0x08, 4, 0, 0x0180_0209],
    [0x0c, 4, 0xffff_ffff, 0x0000_00ff],
    [0x14, 4, 0xffff_ffff, 0],
    [0x2c, 4, 0, 0xbbbb_aaaa],
    [0x34, 1, 0xff, 0x40],
    [0x3c, 4, 0xffff_ffff, 0x0000_00ff],
    [0x40, 4, 0xffff_ffff, 0x2211_4809],
    [0x48, 4, 0xffff_ffff, 0xc044_0011],
    [0x4b, 1, 0xff, 0xc0],
    [0x4b, 2, 0xffff, 0x55c0],
    [0xfc, 4, 0xffff_ffff, 0],
    [0x100, 4, 0xffff_ffff, 0],
  ] as const) {
    it(`register ${register.toString(16)}: ${size} bytes ${written.toString(16)} written, ${read.toString(16)} read`, () => {
      const { mmio, at } = running();
      mmio.write(at(1, register), size, written);
      expect(mmio.read(at(1, register), size)).to.equal(read);
    });
  }

  it('ports: address register, data by byte and word, and names of nothing', () => {
    const { pio } = running();
    const data = (address: number, port: number, size: number): number => {
      pio.write(0xcf8, 4, address);
      return pio.read(port, size);
    };
    pio.write(0xcf8, 4, 0xffff_ffff);
    expect(pio.read(0xcf8, 4)).to.equal(0x80ff_fffc);
    pio.write(0xcfb, 1, 1);
    expect(pio.read(0xcf8, 4)).to.equal(0x80ff_fffc);
    expect([pio.read(0xcf8, 1), pio.read(0xcf9, 1), pio.read(0xcfa, 2)]).to.deep.equal([0xff, 0xff, 0xffff]);
    expect(data(0x8000_0800, 0xcfc, 4)).to.equal(0x5678_1234);
    expect([data(0x8000_0800, 0xcfd, 1), data(0x8000_0800, 0xcfe, 2)]).to.deep.equal([0x12, 0x5678]);
    expect(data(0x8000_0000, 0xcfc, 4)).to.equal(0x0d57_8086);
    for (const address of [0x0000_0800, 0x8001_0800, 0x8000_0900, 0x8000_1800]) expect(data(address, 0xcfc, 4)).to.equal(0xffff_ffff);
    pio.write(0xcf8, 4, 0x8000_0804);
    pio.write(0xcfd, 1, 4);
    expect(pio.read(0xcfc, 4)).to.equal(0x10_0400);
  });
});

describe('PCI base address registers', () => {
  const MARK_1 = 0x100;
  const MARK_2 = 0x200;

  it('are reachable where the machine put them, before anybody switches decoding on', () => {
    const { mmio } = running();
    expect([mmio.read(SMALL_BAR, 2), mmio.read(SMALL_BAR + 0xffe, 2), mmio.read(LARGE_BAR + 0x7_fffc, 2)]).to.deep.equal([
      MARK_1,
      MARK_1 | 0xfe,
      MARK_2 | 0xfc,
    ]);
    expect([mmio.read(SMALL_BAR + 0xffe, 4), mmio.read(SMALL_BAR + 0x1000, 4), mmio.read(LARGE_BAR - 1, 1)]).to.deep.equal([
      0xffff_ffff, 0xffff_ffff, 0xff,
    ]);
  });

  for (const command of [0, 2] as const) {
    it(`tell their size, decoding ${command === 0 ? 'off' : 'on'}, and stay where they are`, () => {
      const { mmio, at, moves } = running();
      mmio.write(at(1, 4), 2, command);
      mmio.write(at(2, 4), 2, command);
      for (const [slot, register] of [
        [1, 0x10],
        [2, 0x10],
        [2, 0x14],
      ] as const) {
        const before = mmio.read(at(slot, register), 4);
        mmio.write(at(slot, register), 4, 0xffff_ffff);
        expect(mmio.read(at(slot, register), 4)).to.equal(
          { 0x110: 0xffff_f000, 0x210: 0xfff8_0004, 0x214: 0xffff_ffff }[(slot << 8) | register],
        );
        mmio.write(at(slot, register), 4, before);
      }
      expect([mmio.read(SMALL_BAR, 2), mmio.read(LARGE_BAR, 2), moves]).to.deep.equal([MARK_1, MARK_2, []]);
    });
  }

  it('move at once while decoding is on', () => {
    const { mmio, at, moves } = running();
    mmio.write(at(1, 4), 2, 2);
    mmio.write(at(1, 0x10), 4, 0xc000_1000);
    expect([mmio.read(0xc000_1000, 2), mmio.read(SMALL_BAR, 2), moves]).to.deep.equal([MARK_1, 0xffff, [[1, SMALL_BAR]]]);
  });

  it('move when decoding is switched on, if written while it was off', () => {
    const { mmio, at } = running();
    mmio.write(at(1, 0x10), 4, 0xc000_1fff);
    expect([mmio.read(at(1, 0x10), 4), mmio.read(SMALL_BAR, 2)]).to.deep.equal([0xc000_1000, MARK_1]);
    mmio.write(at(1, 4), 2, 2);
    expect([mmio.read(0xc000_1000, 2), mmio.read(SMALL_BAR, 2)]).to.deep.equal([MARK_1, 0xffff]);
  });

  it('of 64 bits move by halves, through a place that cannot be had', () => {
    const { mmio, at } = running();
    mmio.write(at(2, 4), 2, 2);
    mmio.write(at(2, 0x10), 4, 0xfff8_0000);
    expect(mmio.read(LARGE_BAR, 2)).to.equal(0xffff);
    mmio.write(at(2, 0x10), 4, 0x0008_0000);
    mmio.write(at(2, 0x14), 4, 0x41);
    expect([mmio.read(0x41_0008_0000, 2), mmio.read(at(2, 0x10), 4), mmio.read(at(2, 0x14), 4)]).to.deep.equal([MARK_2, 0x0008_0004, 0x41]);
  });

  for (const [what, slot, low, high] of [
    ['below the windows', 1, 0x1000, undefined],
    ['on the ECAM', 1, 0xe800_0000, undefined],
    ['on another BAR', 2, SMALL_BAR & ~0x7_ffff, 0],
    ['beyond the windows', 2, 0, 0x50],
    ['past 2^53', 2, 0xfff8_0000, 0xffff_fffe],
  ] as const) {
    it(`${what}: the register shows the old place again and the BAR stays`, () => {
      const { mmio, at, moves } = running();
      const before = [mmio.read(at(slot, 0x10), 4), mmio.read(at(slot, 0x14), 4)];
      mmio.write(at(slot, 0x10), 4, low);
      if (high !== undefined) mmio.write(at(slot, 0x14), 4, high);
      mmio.write(at(slot, 4), 2, 2);
      expect([mmio.read(at(slot, 0x10), 4), mmio.read(at(slot, 0x14), 4)]).to.deep.equal(before);
      expect([mmio.read(SMALL_BAR, 2), mmio.read(LARGE_BAR, 2), moves]).to.deep.equal([MARK_1, MARK_2, []]);
    });
  }

  it('that moved on one thread have moved for the other', () => {
    const buffer = new SharedArrayBuffer(4096);
    const one = machine(buffer);
    const other = machine(buffer);
    one.powerOn();
    expect(other.mmio.read(SMALL_BAR, 2)).to.equal(MARK_1);
    one.mmio.write(one.at(1, 4), 2, 2);
    one.mmio.write(one.at(1, 0x10), 4, 0xd000_0000);
    expect([other.mmio.read(SMALL_BAR, 2), other.mmio.read(0xd000_0000, 2)]).to.deep.equal([0xffff, MARK_1]);
  });

  it('are where the saved machine had them after a restore', () => {
    const before = running();
    before.mmio.write(before.at(1, 4), 2, 2);
    before.mmio.write(before.at(1, 0x10), 4, 0xd000_0000);
    before.mmio.write(before.at(1, 0x3c), 1, 0x17);
    const after = running();
    expect([after.mmio.read(SMALL_BAR, 2), after.arena.restore(before.arena.save()).ok]).to.deep.equal([MARK_1, true]);
    after.root.restored();
    expect([after.mmio.read(SMALL_BAR, 2), after.mmio.read(0xd000_0000, 2)]).to.deep.equal([0xffff, MARK_1]);
    for (let register = 0; register < 256; register += 4) {
      expect(after.mmio.read(after.at(1, register), 4)).to.equal(before.mmio.read(before.at(1, register), 4));
    }
  });
});

describe('placeDevices', () => {
  const windows = { window32: WINDOW_32, window64: WINDOW_64 };
  const small = { bits: 32, size: 0x8_0000, alignment: 0x8_0000 } as const;
  const large = { bits: 64, size: 0x8_0000, alignment: 0x80_0000 } as const;

  it('keeps named slots, gives the lowest free ones, and BARs from the top down', () => {
    const requests: PlacementRequest[] = [
      { name: 'console', bar: large },
      { name: 'disk0', bar: small },
      { name: 'disk1', bar: small, slot: 1 },
      { name: 'rng', bar: large },
    ];
    const placed = placeDevices(requests, windows);
    expect(placed.ok && placed.value).to.deep.equal([
      { slot: 2, barAddress: 0x4f_ff80_0000 },
      { slot: 3, barAddress: 0xe7f8_0000 },
      { slot: 1, barAddress: 0xe7f0_0000 },
      { slot: 4, barAddress: 0x4f_ff00_0000 },
    ]);
  });

  const many = Array.from({ length: 32 }, (_, index) => ({ name: `disk${index}`, bar: small }));
  const huge = { bits: 32, size: 0x2000_0000, alignment: 0x2000_0000 } as const;
  for (const [code, requests] of [
    ['PCI_SLOT_OUT_OF_RANGE', [{ name: 'disk0', bar: small, slot: 32 }]],
    ['PCI_SLOT_OUT_OF_RANGE', [{ name: 'disk0', bar: small, slot: 1.5 }]],
    ['PCI_SLOT_TAKEN', [{ name: 'disk0', bar: small, slot: 0 }]],
    [
      'PCI_SLOT_TAKEN',
      [
        { name: 'disk0', bar: small, slot: 4 },
        { name: 'disk1', bar: small, slot: 4 },
      ],
    ],
    ['PCI_SLOTS_EXHAUSTED', many],
    [
      'PCI_WINDOW_EXHAUSTED',
      [
        { name: 'disk0', bar: huge },
        { name: 'disk1', bar: huge },
      ],
    ],
  ] as const) {
    it(`refuses: ${code}`, () => {
      const placed = placeDevices(requests, windows);
      expect(placed.ok ? undefined : placed.error.code).to.equal(code);
    });
  }
});
