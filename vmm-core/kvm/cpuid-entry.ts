/** One CPUID leaf as KVM carries it, and lists of them as struct kvm_cpuid2. Registers are unsigned 32-bit numbers. */
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { KVM_CPUID_FLAG_SIGNIFCANT_INDEX, KvmCpuid2, KvmCpuidEntry2 } from './spec.ts';

export interface CpuidEntry {
  readonly leaf: number;
  readonly subleaf: number;
  /** The answer depends on ECX: only `subleaf` is described. */
  readonly indexed: boolean;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** Reads the entries of a filled struct kvm_cpuid2. */
export function readCpuidEntries(view: DataView): CpuidEntry[] {
  const { get, size } = KvmCpuidEntry2;
  return Array.from({ length: KvmCpuid2.get.nent(view, 0) }, (_, index) => {
    const at = KvmCpuid2.size + index * size;
    return {
      leaf: get.function(view, at),
      subleaf: get.index(view, at),
      indexed: (get.flags(view, at) & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) !== 0,
      eax: get.eax(view, at),
      ebx: get.ebx(view, at),
      ecx: get.ecx(view, at),
      edx: get.edx(view, at),
    };
  });
}

/** A struct kvm_cpuid2 of `entries`. */
export function cpuidBuffer(entries: readonly CpuidEntry[]): NativeBuffer {
  const { set, size } = KvmCpuidEntry2;
  const buffer = allocate(KvmCpuid2.size + entries.length * size);
  KvmCpuid2.set.nent(buffer.view, 0, entries.length);
  for (const [index, entry] of entries.entries()) {
    const at = KvmCpuid2.size + index * size;
    set.function(buffer.view, at, entry.leaf);
    set.index(buffer.view, at, entry.subleaf);
    set.flags(buffer.view, at, entry.indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0);
    set.eax(buffer.view, at, entry.eax);
    set.ebx(buffer.view, at, entry.ebx);
    set.ecx(buffer.view, at, entry.ecx);
    set.edx(buffer.view, at, entry.edx);
  }
  return buffer;
}
