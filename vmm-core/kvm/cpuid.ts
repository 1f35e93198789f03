/**
 * The CPUID leaves of one guest vCPU: what KVM supports on this host, with what depends on the machine and on the vCPU filled in.
 * Leaf numbers and bits: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E; KVM's own leaves: Documentation/virt/kvm/x86/cpuid.rst.
 */
import type { CpuidEntry } from './cpuid-entry.ts';

/** Threads in a core, cores in a die, dies in a package; packages follow from the number of vCPUs. */
export interface Topology {
  readonly threadsPerCore: number;
  readonly coresPerDie: number;
  readonly diesPerPackage: number;
}

export interface CpuidOptions {
  readonly topology: Topology;
  /** The vCPU's x2APIC id: `apicIdOf(topology, index)`. */
  readonly apicId: number;
  /** Physical address bits that the guest may use. */
  readonly physicalBits: number;
  readonly tscKhz: number | undefined;
  /** Whether the guest sees VMX or SVM. */
  readonly nested: boolean;
  /** The processor's name, at most 47 bytes, where KVM leaves it out. */
  readonly brand: string;
}

const LEAF_KVM_SIGNATURE = 0x4000_0000;
const LEAF_TIMING = 0x4000_0010;
const LEAF_BRAND = 0x8000_0002;
const APIC_BUS_KHZ = 1_000_000;
const BRAND_SIZE = 48;

const ECX1_VMX = 1 << 5;
const ECX1_TSC_DEADLINE = 1 << 24;
const ECX1_HYPERVISOR = 1 << 31;
const EDX1_MTRR = 1 << 12;
const EDX1_HTT = 1 << 28;
const EDX7_AMX = (1 << 22) | (1 << 24) | (1 << 25);
const ECX81_SVM = 1 << 2;
const EDX87_INVARIANT_TSC = 1 << 8;

const LEVEL_SMT = 1;
const LEVEL_CORE = 2;
const LEVEL_DIE = 5;

type Registers = Pick<CpuidEntry, 'eax' | 'ebx' | 'ecx' | 'edx'>;

/** The x2APIC id of vCPU `index`: each level of the topology has bits of its own, as many as its count needs. */
export function apicIdOf(topology: Topology, index: number): number {
  const { threadsPerCore, coresPerDie, diesPerPackage } = topology;
  const widths = widthsOf(topology);
  const core = Math.floor(index / threadsPerCore);
  const die = Math.floor(core / coresPerDie);
  const parts = [index % threadsPerCore, core % coresPerDie, die % diesPerPackage, Math.floor(die / diesPerPackage)];
  return parts.reduce((id, part, level) => id | (part << widths.slice(0, level).reduce((sum, width) => sum + width, 0)), 0);
}

/** The leaves to give to KVM_SET_CPUID2. */
export function guestCpuid(supported: readonly CpuidEntry[], options: CpuidOptions): CpuidEntry[] {
  const invariantTsc = supported.some(({ leaf, edx }) => leaf === 0x8000_0007 && (edx & EDX87_INVARIANT_TSC) !== 0);
  const timing = invariantTsc && options.tscKhz !== undefined;
  const kept = supported
    .filter(({ leaf }) => leaf !== 0xb && leaf !== 0x1f && leaf !== LEAF_TIMING)
    .map((entry) => ({ ...entry, ...changed(entry, options, timing) }))
    .map((entry) => ({ ...entry, eax: entry.eax >>> 0, ebx: entry.ebx >>> 0, ecx: entry.ecx >>> 0, edx: entry.edx >>> 0 }));
  const topologyLeaves = supported.some(({ leaf }) => leaf === 0x1f)
    ? [...levels(0xb, options), ...levels(0x1f, options)]
    : levels(0xb, options);
  const timingLeaf = timing ? [entryOf(LEAF_TIMING, 0, false, { eax: options.tscKhz ?? 0, ebx: APIC_BUS_KHZ, ecx: 0, edx: 0 })] : [];
  return [...kept, ...topologyLeaves, ...timingLeaf];
}

/** The registers of `entry` that are not KVM's answer. */
function changed(entry: CpuidEntry, options: CpuidOptions, timing: boolean): Partial<Registers> {
  const { eax, ebx, ecx, edx, leaf } = entry;
  const logical = logicalPerPackage(options.topology);
  switch (leaf) {
    case 0x1: {
      const vmx = options.nested ? ECX1_VMX : 0;
      return {
        ebx: (ebx & 0xffff) | (Math.min(logical, 255) << 16) | ((options.apicId & 0xff) << 24),
        ecx: (ecx & ~ECX1_VMX) | (ecx & vmx) | ECX1_HYPERVISOR | ECX1_TSC_DEADLINE,
        edx: (edx & ~EDX1_HTT) | EDX1_MTRR | (logical > 1 ? EDX1_HTT : 0),
      };
    }
    case 0x4:
      return (eax & 0x1f) === 0
        ? {}
        : { eax: cacheSharing(eax, options.topology) | ((Math.min(coresPerPackage(options.topology), 64) - 1) << 26) };
    case 0x7:
      return entry.subleaf === 0 ? { edx: edx & ~EDX7_AMX } : {};
    case 0x1d:
    case 0x1e:
      return { eax: 0, ebx: 0, ecx: 0, edx: 0 };
    case LEAF_KVM_SIGNATURE:
      return timing ? { eax: Math.max(eax, LEAF_TIMING) } : {};
    default:
      return leaf >= 0x8000_0000 ? extended(entry, options) : {};
  }
}

/** Leaves from 0x80000001 on, most of them AMD's. */
function extended(entry: CpuidEntry, options: CpuidOptions): Partial<Registers> {
  const { eax, ebx, ecx, leaf } = entry;
  const { topology, apicId, physicalBits } = options;
  switch (leaf) {
    case 0x8000_0001:
      return { ecx: options.nested ? ecx : ecx & ~ECX81_SVM };
    case LEAF_BRAND:
    case LEAF_BRAND + 1:
    case LEAF_BRAND + 2:
      return brandPart(entry, options.brand);
    case 0x8000_0008: {
      // Guest-physical bits (EAX 23:16) are AMD's, and 0 elsewhere; ECX counts threads and the bits of their ids.
      const guestBits = ((eax >>> 16) & 0xff) === 0 ? 0 : physicalBits << 16;
      const idBits = widthsOf(topology).reduce((sum, width) => sum + width, 0);
      const threads = ecx === 0 ? 0 : ((logicalPerPackage(topology) - 1) & 0xff) | (idBits << 12);
      return { eax: (eax & ~0xff_00ff) | guestBits | physicalBits, ecx: threads };
    }
    case 0x8000_001d:
      return (eax & 0x1f) === 0 ? {} : { eax: cacheSharing(eax, topology) };
    case 0x8000_001e: {
      const core = apicId >>> (widthsOf(topology)[0] ?? 0);
      return { eax: apicId, ebx: (ebx & ~0xffff) | (core & 0xff) | ((topology.threadsPerCore - 1) << 8), ecx: 0 };
    }
    default:
      return {};
  }
}

/** Levels 1 and 2 belong to a core; the last one to a die. EAX 25:14 is the number of sharing threads, less one. */
function cacheSharing(eax: number, topology: Topology): number {
  const level = (eax >>> 5) & 7;
  const sharing = level <= 2 ? topology.threadsPerCore : topology.threadsPerCore * topology.coresPerDie;
  return (eax & 0x3fff) | ((Math.min(sharing, 4096) - 1) << 14);
}

/** Leaf 0xb knows threads and all above them; leaf 0x1f has dies too. */
function levels(leaf: number, { topology, apicId }: CpuidOptions): CpuidEntry[] {
  const [smt = 0, core = 0, die = 0] = widthsOf(topology);
  const { threadsPerCore, coresPerDie } = topology;
  const withDies: [number, number, number][] = [
    [smt, threadsPerCore, LEVEL_SMT],
    [smt + core, threadsPerCore * coresPerDie, LEVEL_CORE],
    [smt + core + die, logicalPerPackage(topology), LEVEL_DIE],
  ];
  const flat: [number, number, number][] = [
    [smt, threadsPerCore, LEVEL_SMT],
    [smt + core + die, logicalPerPackage(topology), LEVEL_CORE],
  ];
  const rows = [...(leaf === 0x1f ? withDies : flat), [0, 0, 0] as const];
  return rows.map(([eax, ebx, type], subleaf) => entryOf(leaf, subleaf, true, { eax, ebx, ecx: subleaf | (type << 8), edx: apicId }));
}

function brandPart({ leaf, eax, ebx, ecx, edx }: CpuidEntry, brand: string): Partial<Registers> {
  if ((eax | ebx | ecx | edx) !== 0) return {};
  const text = Buffer.alloc(BRAND_SIZE);
  text.write(brand.slice(0, BRAND_SIZE - 1), 'latin1');
  const at = (leaf - LEAF_BRAND) * 16;
  return { eax: text.readUInt32LE(at), ebx: text.readUInt32LE(at + 4), ecx: text.readUInt32LE(at + 8), edx: text.readUInt32LE(at + 12) };
}

function entryOf(leaf: number, subleaf: number, indexed: boolean, registers: Registers): CpuidEntry {
  return { leaf, subleaf, indexed, ...registers };
}

function widthsOf({ threadsPerCore, coresPerDie, diesPerPackage }: Topology): number[] {
  return [threadsPerCore, coresPerDie, diesPerPackage].map((count) => Math.ceil(Math.log2(count)));
}

function coresPerPackage({ coresPerDie, diesPerPackage }: Topology): number {
  return coresPerDie * diesPerPackage;
}

function logicalPerPackage(topology: Topology): number {
  return topology.threadsPerCore * coresPerPackage(topology);
}
