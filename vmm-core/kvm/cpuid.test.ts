import { expect } from 'chai';
import { type CpuidEntry, cpuidBuffer, readCpuidEntries } from './cpuid-entry.ts';
import { type CpuidOptions, apicIdOf, guestCpuid } from './cpuid.ts';

function entry(leaf: number, registers: Partial<CpuidEntry> = {}): CpuidEntry {
  return { leaf, subleaf: 0, indexed: false, eax: 0, ebx: 0, ecx: 0, edx: 0, ...registers };
}

const OPTIONS: CpuidOptions = {
  topology: { threadsPerCore: 2, coresPerDie: 3, diesPerPackage: 1 },
  apicId: 5,
  physicalBits: 46,
  tscKhz: 2_000_000,
  nested: false,
  brand: 'Some Processor',
};

function leafOf(supported: readonly CpuidEntry[], leaf: number, change: Partial<CpuidOptions> = {}, subleaf = 0): CpuidEntry | undefined {
  return guestCpuid(supported, { ...OPTIONS, ...change }).find((found) => found.leaf === leaf && found.subleaf === subleaf);
}

describe('apicIdOf', () => {
  for (const [threadsPerCore, coresPerDie, diesPerPackage, ids] of [
    [1, 4, 1, [0, 1, 2, 3, 4, 5, 6, 7]],
    [2, 3, 1, [0, 1, 2, 3, 4, 5, 8, 9]],
    [1, 2, 2, [0, 1, 2, 3, 4, 5, 6, 7]],
    [3, 1, 1, [0, 1, 2, 4, 5, 6, 8, 9]],
  ] as const) {
    it(`packs ${threadsPerCore} threads, ${coresPerDie} cores, ${diesPerPackage} dies`, () => {
      const topology = { threadsPerCore, coresPerDie, diesPerPackage };
      expect(ids.map((_, index) => apicIdOf(topology, index))).to.deep.equal(ids);
    });
  }
});

describe('guestCpuid', () => {
  it('leaf 1: APIC id, threads, hypervisor, TSC deadline; VMX only when nested', () => {
    const supported = [entry(1, { ebx: 0xff_ff_08_12, ecx: 1 << 5 })];
    const { ebx, ecx, edx } = leafOf(supported, 1) ?? entry(0);
    expect(ebx).to.equal(0x0506_0812);
    expect(ecx).to.equal(0x8100_0000);
    expect(edx).to.equal(0x1000_1000);
    expect((leafOf(supported, 1, { nested: true })?.ecx ?? 0) & (1 << 5)).to.equal(1 << 5);
  });

  it('leaf 4: who shares each cache, and cores in the package', () => {
    const supported = [entry(4, { eax: 0xffff_c021, indexed: true }), entry(4, { subleaf: 1, eax: 0xffff_c063, indexed: true })];
    expect(leafOf(supported, 4)?.eax).to.equal((2 << 26) | (1 << 14) | 0x21);
    expect(leafOf(supported, 4, {}, 1)?.eax).to.equal((2 << 26) | (5 << 14) | 0x63);
  });

  it('leaf 0xb: widths, counts and the x2APIC id, ended by an invalid level', () => {
    const rows = [0, 1, 2].map((subleaf) => leafOf([entry(0xb)], 0xb, {}, subleaf));
    expect(rows.map((row) => [row?.eax, row?.ebx, row?.ecx, row?.edx])).to.deep.equal([
      [1, 2, 0x100, 5],
      [3, 6, 0x201, 5],
      [0, 0, 2, 5],
    ]);
  });

  it('leaf 0x1f only where the host has it', () => {
    expect(leafOf([entry(0xb)], 0x1f)).to.equal(undefined);
    expect(leafOf([entry(0x1f)], 0x1f, {}, 2)?.ecx).to.equal(0x502);
  });

  it('leaf 7 loses AMX, 0x80000001 SVM', () => {
    expect(leafOf([entry(7, { edx: 0xffff_ffff })], 7)?.edx).to.equal((0xffff_ffff & ~0x0340_0000) >>> 0);
    expect(leafOf([entry(0x8000_0001, { ecx: 0x404 })], 0x8000_0001)?.ecx).to.equal(0x400);
  });

  it('leaf 0x80000008: physical bits, and guest-physical ones where the host says them', () => {
    expect(leafOf([entry(0x8000_0008, { eax: 0x3030 })], 0x8000_0008)?.eax).to.equal(0x302e);
    expect(leafOf([entry(0x8000_0008, { eax: 0x30_3030, ecx: 0x7001 })], 0x8000_0008)).to.include({ eax: 0x2e_302e, ecx: 0x3005 });
  });

  it('timing leaf with an invariant TSC alone', () => {
    const invariant = [entry(0x4000_0000, { eax: 0x4000_0001 }), entry(0x8000_0007, { edx: 0x100 })];
    expect(leafOf(invariant, 0x4000_0010)).to.include({ eax: 2_000_000, ebx: 1_000_000 });
    expect(leafOf(invariant, 0x4000_0000)?.eax).to.equal(0x4000_0010);
    expect(leafOf([entry(0x4000_0000, { eax: 0x4000_0001 })], 0x4000_0010)).to.equal(undefined);
  });

  it('the brand only where KVM says none', () => {
    const empty = [0x8000_0002, 0x8000_0003, 0x8000_0004].map((leaf) => entry(leaf));
    expect(leafOf(empty, 0x8000_0002)?.eax).to.equal(Buffer.from('Some').readUInt32LE());
    expect(leafOf([entry(0x8000_0002, { eax: 1 })], 0x8000_0002)?.eax).to.equal(1);
  });
});

describe('cpuidBuffer', () => {
  it('comes back as it was', () => {
    const entries = [entry(1, { eax: 0xffff_ffff }), entry(4, { subleaf: 3, indexed: true, edx: 7 })];
    expect(readCpuidEntries(cpuidBuffer(entries).view)).to.deep.equal(entries);
  });
});
