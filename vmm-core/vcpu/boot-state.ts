/** What a new vCPU is given before its first instruction; the boot processor's registers besides. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EINVAL } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { InitialRegisters, InitialSegment, InitialSystemRegisters } from '../boot/initial-state.ts';
import type { CpuidEntry } from '../kvm/cpuid-entry.ts';
import { type KvmError, kvmCallError } from '../kvm/error.ts';
import { BOOT_MSRS } from '../kvm/msrs.ts';
import { KvmDtable, KvmFpu, KvmRegs, KvmSegment, KvmSregs } from '../kvm/spec.ts';
import type { Vcpu } from '../kvm/vcpu.ts';

const FCW_AFTER_INIT = 0x37f;
const MXCSR_AFTER_RESET = 0x1f80;
const LAPIC_LVT_LINT0 = 0x350;
const LAPIC_LVT_LINT1 = 0x360;
const DELIVERY_MODE_MASK = 0x700;
const DELIVERY_NMI = 0x400;
const DELIVERY_EXTINT = 0x700;

/** The boot processor's first registers; general ones that are not named are 0. */
export interface BootRegisters {
  readonly registers: InitialRegisters;
  readonly systemRegisters: InitialSystemRegisters;
}

/** CPUID, MSRs, FPU and the LAPIC's pins: the same for every vCPU, also those that wait for their start-up message. */
export function configureVcpu(vcpu: Vcpu, cpuid: readonly CpuidEntry[]): Result<void, KvmError> {
  const identified = vcpu.setCpuid(cpuid);
  if (!identified.ok) return identified;
  const refused = vcpu.setMsrs(BOOT_MSRS);
  if (!refused.ok) return refused;
  const first = refused.value[0];
  if (first !== undefined) return err(kvmCallError(`KVM_SET_MSRS of vCPU ${vcpu.id}, MSR 0x${first.toString(16)}`, EINVAL));
  const fpu = setFpu(vcpu);
  return fpu.ok ? setLapicPins(vcpu) : fpu;
}

/** The registers of the boot processor. The guest's memory holds the descriptor tables that they name. */
export function setBootRegisters(vcpu: Vcpu, boot: BootRegisters): Result<void, KvmError> {
  const sregs = vcpu.read('sregs');
  if (!sregs.ok) return sregs;
  const { view, bytes } = sregs.value;
  const { systemRegisters: system } = boot;
  const { offset } = KvmSregs;
  writeSegment(view, offset.cs, system.cs);
  for (const name of ['ds', 'es', 'fs', 'gs', 'ss'] as const) writeSegment(view, offset[name], system.ds);
  writeSegment(view, offset.tr, system.tr);
  for (const name of ['gdt', 'idt'] as const) {
    KvmDtable.set.base(view, offset[name], BigInt(system[name].base));
    KvmDtable.set.limit(view, offset[name], system[name].limit);
  }
  KvmSregs.set.cr0(view, 0, BigInt(system.cr0));
  KvmSregs.set.cr4(view, 0, BigInt(system.cr4));
  const written = vcpu.write('sregs', bytes);
  return written.ok ? vcpu.write('regs', generalRegisters(boot.registers)) : written;
}

function generalRegisters(registers: BootRegisters['registers']): Uint8Array {
  const regs = allocate(KvmRegs.size);
  for (const name of ['rip', 'rflags', 'rsp', 'rbx', 'rsi'] as const) KvmRegs.set[name](regs.view, 0, BigInt(registers[name]));
  return regs.bytes;
}

function writeSegment(view: DataView, at: number, segment: InitialSegment): void {
  KvmSegment.set.base(view, at, BigInt(segment.base));
  for (const field of ['limit', 'selector', 'type', 'present', 'dpl', 'db', 's', 'l', 'g'] as const) {
    KvmSegment.set[field](view, at, segment[field]);
  }
  KvmSegment.set.unusable(view, at, 0);
}

function setFpu(vcpu: Vcpu): Result<void, KvmError> {
  const fpu = allocate(KvmFpu.size);
  KvmFpu.set.fcw(fpu.view, 0, FCW_AFTER_INIT);
  KvmFpu.set.mxcsr(fpu.view, 0, MXCSR_AFTER_RESET);
  return vcpu.write('fpu', fpu.bytes);
}

/** LINT0 brings the interrupts of a PIC, LINT1 NMIs: the wiring that firmware would have programmed. */
function setLapicPins(vcpu: Vcpu): Result<void, KvmError> {
  const lapic = vcpu.read('lapic');
  if (!lapic.ok) return lapic;
  const { view, bytes } = lapic.value;
  for (const [register, mode] of [
    [LAPIC_LVT_LINT0, DELIVERY_EXTINT],
    [LAPIC_LVT_LINT1, DELIVERY_NMI],
  ] as const) {
    view.setUint32(register, (view.getUint32(register, true) & ~DELIVERY_MODE_MASK) | mode, true);
  }
  const written = vcpu.write('lapic', bytes);
  return written.ok ? ok() : written;
}
