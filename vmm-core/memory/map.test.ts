import { expect } from 'chai';
import { expect as value } from '#shared/lang/result.ts';
import { GIB, LOW_RAM_END, MIB, PCI_ECAM } from './layout.ts';
import { E820_RAM, E820_RESERVED, type MemoryMapError, describeMemoryMapError, endOf, planMemory } from './map.ts';

function plan(ramSize: number, physicalBits = 46) {
  return value(planMemory({ ramSize, physicalBits }), 'planMemory');
}

function refusal(ramSize: number, physicalBits = 46): MemoryMapError {
  const result = planMemory({ ramSize, physicalBits });
  if (result.ok) throw new Error('was not refused');
  return result.error;
}

describe('memory map', () => {
  it('512 MiB -> one range and the device window from 4 GiB', () => {
    const map = plan(512 * MIB);
    expect(map.ram).to.deep.equal([{ start: 0, size: 512 * MIB }]);
    expect(map.e820).to.deep.equal([
      { start: 0, size: 0xa0000, type: E820_RAM },
      { start: MIB, size: 511 * MIB, type: E820_RAM },
      { start: 0xe8000000, size: 0x10000000, type: E820_RESERVED },
    ]);
    expect(map.pciWindow64.start).to.equal(4 * GIB);
  });

  it('6 GiB -> 3 GiB below the hole, 3 GiB from 4 GiB, devices from 7 GiB', () => {
    const map = plan(6 * GIB);
    expect(map.ram).to.deep.equal([
      { start: 0, size: LOW_RAM_END },
      { start: 4 * GIB, size: 3 * GIB },
    ]);
    expect(map.e820).to.deep.equal([
      { start: 0, size: 0xa0000, type: E820_RAM },
      { start: MIB, size: 3 * GIB - MIB, type: E820_RAM },
      { start: 4 * GIB, size: 3 * GIB, type: E820_RAM },
      { start: 0xe8000000, size: 0x10000000, type: E820_RESERVED },
    ]);
    expect(map.pciWindow64.start).to.equal(7 * GIB);
  });

  for (const mebibytes of [2, 3, 127, 129, 1023, 3071, 3072, 3073, 4095, 4097, 6145]) {
    it(`${mebibytes} MiB -> all of it is mapped, nothing in the hole, nothing overlaps`, () => {
      const map = plan(mebibytes * MIB);
      expect(map.ram.reduce((sum, range) => sum + range.size, 0)).to.equal(mebibytes * MIB);
      const usable = map.e820.filter((entry) => entry.type === E820_RAM).reduce((sum, entry) => sum + entry.size, 0);
      expect(usable).to.equal(mebibytes * MIB - (MIB - 0xa0000));
      const ranges = [...map.ram, map.pciWindow32, map.ecam, map.pciWindow64, map.platform].sort((a, b) => a.start - b.start);
      for (const [index, range] of ranges.entries()) {
        expect(range.size).to.be.greaterThan(0);
        expect(range.start).to.be.at.least(endOf(ranges[index - 1]));
      }
    });
  }

  it('exactly 3 GiB -> nothing above 4 GiB', () => {
    expect(plan(3 * GIB).ram).to.have.lengthOf(1);
    expect(plan(3 * GIB + 4096).ram[1]).to.deep.equal({ start: 4 * GIB, size: 4096 });
  });

  for (const [bits, end] of [
    [36, 0xf_ffff_0000],
    [39, 0x7f_ffff_0000],
    [46, 0x3fff_ffff_0000],
    [52, 0xf_ffff_ffff_0000],
  ] as const) {
    it(`${bits} address bits -> the platform area ends at 0x${end.toString(16)}, the GED register is its last page`, () => {
      const map = plan(GIB, bits);
      expect(endOf(map.platform)).to.equal(end);
      expect(map.platform.size).to.equal(MIB);
      expect(endOf(map.pciWindow64)).to.equal(map.platform.start);
      expect(map.gedRegister).to.equal(end - 0x1000);
    });
  }

  it('the reserved ECAM does not touch the 32-bit window', () => {
    expect(endOf(plan(GIB).pciWindow32)).to.equal(PCI_ECAM.start);
  });

  for (const [size, code] of [
    [0, 'RAM_TOO_SMALL'],
    [-4096, 'RAM_TOO_SMALL'],
    [MIB, 'RAM_TOO_SMALL'],
    [2 * MIB - 4096, 'RAM_TOO_SMALL'],
    [NaN, 'RAM_SIZE_NOT_A_NUMBER'],
    [Infinity, 'RAM_SIZE_NOT_A_NUMBER'],
    [2 ** 60, 'RAM_SIZE_NOT_A_NUMBER'],
    [3 * MIB + 0.5, 'RAM_SIZE_NOT_A_NUMBER'],
    [3 * MIB + 1, 'RAM_NOT_PAGES'],
    [3 * MIB + 2048, 'RAM_NOT_PAGES'],
    [2 ** 46, 'RAM_TOO_LARGE'],
  ] as const) {
    it(`${size} bytes -> ${code}`, () => {
      const error = refusal(size);
      expect(error.code).to.equal(code);
      expect(describeMemoryMapError(error)).to.contain(code === 'RAM_TOO_LARGE' ? '65536G' : String(size));
    });
  }

  it('the most that fits fits, one page more does not', () => {
    const error = refusal(2 ** 40, 39);
    if (error.code !== 'RAM_TOO_LARGE') throw new Error(error.code);
    const most = error.most - (error.most % 4096);
    expect(plan(most, 39).pciWindow64.size).to.be.at.least(4 * GIB);
    expect(refusal(most + 4096, 39).code).to.equal('RAM_TOO_LARGE');
  });

  for (const bits of [0, 32, 35, 53, 64, 46.5, NaN]) {
    it(`${bits} address bits -> PHYSICAL_BITS_OUT_OF_RANGE`, () => {
      expect(refusal(GIB, bits).code).to.equal('PHYSICAL_BITS_OUT_OF_RANGE');
    });
  }
});
