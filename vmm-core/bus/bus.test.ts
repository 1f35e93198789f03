import { expect } from 'chai';
import { AssertionError } from '#shared/lang/assert.ts';
import type { Bus, IoHandler } from './bus.ts';
import { MmioBus } from './mmio-bus.ts';
import { PioBus } from './pio-bus.ts';

type Access = readonly [name: string, offset: number, size: number, value?: number];

/** Registers that note what they were asked and answer with more bits than were asked for. */
class Recorder implements IoHandler {
  readonly name: string;
  readonly seen: Access[];

  constructor(name: string, seen: Access[]) {
    this.name = name;
    this.seen = seen;
  }

  read(offset: number, size: number): number {
    this.seen.push([this.name, offset, size]);
    return 0x8899_aabb;
  }

  write(offset: number, size: number, value: number): void {
    this.seen.push([this.name, offset, size, value]);
  }
}

for (const [kind, make] of [
  ['PioBus', (): Bus => new PioBus()],
  ['MmioBus', (): Bus => new MmioBus()],
] as const) {
  describe(kind, () => {
    function filled(): { bus: Bus; seen: Access[] } {
      const seen: Access[] = [];
      const bus = make();
      for (const [base, length] of [
        [0x60c, 4],
        [0x3f8, 8],
        [0x400, 4],
        [0x100, 1],
      ] as const) {
        bus.add(base, length, new Recorder(base.toString(16), seen));
      }
      return { bus, seen };
    }

    for (const [address, size, value, ...access] of [
      [0x3f8, 1, 0xbb, '3f8', 0, 1],
      [0x3ff, 1, 0xbb, '3f8', 7, 1],
      [0x3fc, 4, 0x8899_aabb, '3f8', 4, 4],
      [0x402, 2, 0xaabb, '400', 2, 2],
      [0x100, 1, 0xbb, '100', 0, 1],
      [0x60f, 1, 0xbb, '60c', 3, 1],
    ] as const) {
      it(`read of ${size} at 0x${address.toString(16)} reaches ${access[0]}`, () => {
        const { bus, seen } = filled();
        expect(bus.read(address, size)).to.equal(value);
        expect(seen).to.deep.equal([access]);
      });
    }

    for (const [address, size, ones] of [
      [0, 1, 0xff],
      [0x3f7, 1, 0xff],
      [0x3f7, 2, 0xffff],
      [0x3ff, 2, 0xffff],
      [0x3fd, 4, 0xffff_ffff],
      [0x404, 1, 0xff],
      [0x101, 4, 0xffff_ffff],
      [0xffff, 4, 0xffff_ffff],
    ] as const) {
      it(`access of ${size} at 0x${address.toString(16)} finds nobody: reads all ones, writes go nowhere`, () => {
        const { bus, seen } = filled();
        expect(bus.read(address, size)).to.equal(ones);
        bus.write(address, size, 0);
        expect(seen).to.deep.equal([]);
      });
    }

    it('writes reach the handler with their offset in it', () => {
      const { bus, seen } = filled();
      bus.write(0x3f9, 1, 7);
      bus.write(0x400, 4, 0xffff_ffff);
      expect(seen).to.deep.equal([
        ['3f8', 1, 1, 7],
        ['400', 0, 4, 0xffff_ffff],
      ]);
    });

    it('forgets a removed range, also the one hit last', () => {
      const { bus, seen } = filled();
      bus.read(0x400, 1);
      bus.remove(0x400);
      expect(bus.read(0x400, 1)).to.equal(0xff);
      bus.add(0x400, 2, new Recorder('new', seen));
      bus.read(0x401, 1);
      expect(seen.at(-1)).to.deep.equal(['new', 1, 1]);
    });

    it('refuses ranges that overlap and ones that are none', () => {
      const { bus } = filled();
      for (const [base, length] of [
        [0x3f8, 1],
        [0x3f0, 9],
        [0x3ff, 1],
        [0x3f0, 0x100],
        [0x500, 0],
        [-1, 1],
      ] as const) {
        expect(() => bus.add(base, length, new Recorder('', [])), `${base}`).to.throw(AssertionError);
      }
      expect(() => bus.remove(0x3f9)).to.throw(AssertionError);
    });
  });
}

describe('MmioBus beyond 32 bits', () => {
  it('finds ranges near the end of a 46-bit space and splits accesses of 8', () => {
    const seen: Access[] = [];
    const bus = new MmioBus();
    const base = 2 ** 46 - 0x1000;
    bus.add(base, 0x10, new Recorder('high', seen));
    bus.write(base + 8, 8, 0x12_3456_789a);
    expect(bus.read(base, 8)).to.equal(0x8899_aabb * 0x1_0000_0000 + 0x8899_aabb);
    expect(seen).to.deep.equal([
      ['high', 8, 4, 0x3456_789a],
      ['high', 12, 4, 0x12],
      ['high', 0, 4],
      ['high', 4, 4],
    ]);
  });
});
