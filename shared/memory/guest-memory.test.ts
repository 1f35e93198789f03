import { expect } from 'chai';
import { FRONTEND_OFFSET, type Layout, makeMemory, region } from '../testing/memory-builder.ts';
import { GuestMemory, checkRegions } from './index.ts';

const GIB = 2 ** 30;
/** A 32-bit hole, two regions that touch, and one high above 4 GiB. */
const LAYOUT: Layout = [
  [0, 0x10_0000],
  [0x10_0000, 0x10_0000],
  [0x1_0000_0000, 0x2000],
];

describe('guest memory translation', () => {
  const rows: readonly (readonly [name: string, address: number, length: number, region: number])[] = [
    ['the first byte', 0, 1, 0],
    ['a whole region', 0, 0x10_0000, 0],
    ['the last byte of a region', 0xf_ffff, 1, 0],
    ['the second region', 0x10_0000, 0x10_0000, 1],
    ['above 4 GiB', 0x1_0000_0000, 0x2000, 2],
    ['across two regions -> unmapped', 0xf_ffff, 2, -1],
    ['one byte past the last region -> unmapped', 0x1_0000_1fff, 2, -1],
    ['in the hole -> unmapped', 0x8000_0000, 1, -1],
    ['from a region far into the hole -> unmapped', 0x1f_f000, 0xffff_ffff, -1],
    ['2^53 -> unmapped', 2 ** 53, 1, -1],
    ['the end of the 64-bit space -> unmapped, not wrapped', 2 ** 64, 0x2000, -1],
    ['2^64 - 4096 and beyond -> unmapped, not wrapped', 2 ** 64 - 4096, 0x2000, -1],
    ['below zero -> unmapped', -1, 2, -1],
  ];
  for (const [name, address, length, index] of rows) {
    it(`hostAddress: ${name}`, () => {
      using made = makeMemory(LAYOUT);
      const owner = made.regions[index];
      const wanted = owner === undefined ? 0 : owner.hostAddress + address - owner.guestStart;
      // In both orders of regions looked at: the last hit is remembered.
      expect(made.memory.hostAddress(address, length)).to.equal(wanted);
      made.memory.hostAddress(0x1_0000_0000, 1);
      expect(made.memory.hostAddress(address, length)).to.equal(wanted);
    });
  }

  it('translates front end addresses by their own table', () => {
    using made = makeMemory(LAYOUT);
    expect(made.memory.frontendToHost(FRONTEND_OFFSET + 0x10_0010, 16)).to.equal((made.regions[1]?.hostAddress ?? 0) + 0x10);
    expect(made.memory.frontendToHost(0x10_0010, 16)).to.equal(0);
    expect(made.memory.frontendToHost(FRONTEND_OFFSET + 0xf_fff0, 17)).to.equal(0);
  });

  it('finds the guest address of memory in this process', () => {
    using made = makeMemory(LAYOUT);
    expect(made.memory.guestAddressOf((made.regions[2]?.hostAddress ?? 0) + 5, 8)).to.equal(0x1_0000_0005);
    expect(made.memory.guestAddressOf(1, 1)).to.equal(undefined);
  });

  it('has nothing mapped in an empty table', () => {
    expect(new GuestMemory([]).hostAddress(0, 1)).to.equal(0);
    expect(new GuestMemory([]).readU8(0)).to.equal(undefined);
  });
});

describe('memory tables', () => {
  const rows: readonly (readonly [name: string, layout: Layout, code: string | undefined])[] = [
    [
      'regions that touch -> good',
      [
        [0, 4096],
        [4096, 4096],
      ],
      undefined,
    ],
    ['a region of no bytes -> REGION_EMPTY', [[0, 0]], 'REGION_EMPTY'],
    ['a region past 2^53 -> REGION_WRAPS', [[2 ** 52, 2 ** 53 - 2 ** 52]], 'REGION_WRAPS'],
    [
      'the same region twice -> REGIONS_OVERLAP',
      [
        [0, 4096],
        [0, 4096],
      ],
      'REGIONS_OVERLAP',
    ],
    [
      'one byte shared -> REGIONS_OVERLAP',
      [
        [8191, 4096],
        [0, 8192],
      ],
      'REGIONS_OVERLAP',
    ],
  ];
  for (const [name, layout, code] of rows) {
    it(name, () => {
      const checked = checkRegions(layout.map(([start, size]) => region(start, size, 0x1000)));
      expect(checked.ok ? undefined : checked.error.code).to.equal(code);
    });
  }

  it('refuses regions that share front end addresses alone', () => {
    const a = region(0, 4096, 0x1000);
    expect(checkRegions([a, { ...region(8192, 4096, 0x1000), frontendStart: a.frontendStart }]).ok).to.equal(false);
  });

  it('is our own mistake where it was not checked', () => {
    expect(() => new GuestMemory([region(0, 4096, 0x1000), region(0, 4096, 0x1000)])).to.throw(RangeError);
  });
});

describe('guest memory access', () => {
  it('reads back at every alignment what it wrote', () => {
    using made = makeMemory(LAYOUT);
    for (let shift = 0; shift < 8; shift++) {
      const address = 0x1_0000_0100 + shift;
      expect(made.memory.writeU32(address, 0xdeadbeef)).to.equal(true);
      expect(made.memory.readU32(address)).to.equal(0xdeadbeef);
      expect(made.memory.writeU16(address, 0xcafe)).to.equal(true);
      expect(made.memory.readU16(address)).to.equal(0xcafe);
      expect(made.memory.writeU8(address, 0x5a)).to.equal(true);
      expect(made.memory.readU8(address)).to.equal(0x5a);
    }
  });

  it('reads and writes across regions that touch', () => {
    using made = makeMemory(LAYOUT);
    for (let before = 1; before < 4; before++) {
      expect(made.memory.writeU32(0x10_0000 - before, 0x1234_5678)).to.equal(true);
      expect(made.memory.readU32(0x10_0000 - before)).to.equal(0x1234_5678);
    }
    expect(made.memory.writeU16(0xf_ffff, 0xa55a)).to.equal(true);
    expect([made.memory.readU8(0xf_ffff), made.memory.readU8(0x10_0000)]).to.deep.equal([0x5a, 0xa5]);
    expect(made.memory.peek(0xf_fff8, 16)).to.equal(true);
    expect(made.memory.view.getUint8(made.memory.at + 7)).to.equal(0x5a);
  });

  it('reads and writes across two windows of one region', () => {
    using made = makeMemory([[0, GIB + 0x1000]]);
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => index + 1);
    const back = new Uint8Array(64);
    expect(made.memory.writeBytes(GIB - 32, bytes)).to.equal(true);
    expect(made.memory.readBytes(GIB - 32, back)).to.equal(true);
    expect(back).to.deep.equal(bytes);
    expect(made.memory.readU32(GIB - 2)).to.equal(0x22_21_20_1f);
  });

  it('writes nothing where a part is not mapped', () => {
    using made = makeMemory(LAYOUT);
    expect(made.memory.writeBytes(0x1_0000_1ffe, Uint8Array.of(1, 2, 3))).to.equal(false);
    expect(made.memory.readU16(0x1_0000_1ffe)).to.equal(0);
    expect(made.memory.writeU8(0x8000_0000, 1)).to.equal(false);
    expect(made.memory.peek(0x1_0000_1ff1, 16)).to.equal(false);
  });

  it('tells its listener of every write, and nobody else', () => {
    using made = makeMemory(LAYOUT);
    const seen: number[][] = [];
    made.memory.onWrite((address, length) => seen.push([address, length]));
    made.memory.writeU8(1, 1);
    made.memory.writeU16(0xf_ffff, 2);
    made.memory.writeU32(8, 3);
    made.memory.writeBytes(16, new Uint8Array(5));
    made.memory.wrote(100, 200);
    made.memory.readU32(8);
    made.memory.onWrite(undefined);
    made.memory.writeU8(1, 1);
    expect(seen).to.deep.equal([
      [1, 1],
      [0xf_ffff, 2],
      [8, 4],
      [16, 5],
      [100, 200],
    ]);
  });
});
