/** A paused vCPU's registers as lines for a person. */
import { type Result, ok } from '#shared/lang/result.ts';
import type { KvmError } from '../kvm/error.ts';
import { KvmRegs, KvmSegment, KvmSregs } from '../kvm/spec.ts';
import type { Vcpu } from '../kvm/vcpu.ts';

const GENERAL = [
  ['rip', 'rflags', 'rsp', 'rbp'],
  ['rax', 'rbx', 'rcx', 'rdx'],
  ['rsi', 'rdi', 'r8', 'r9'],
  ['r10', 'r11', 'r12', 'r13'],
  ['r14', 'r15'],
] as const;
const CONTROL = ['cr0', 'cr2', 'cr3', 'cr4', 'efer'] as const;
const SEGMENTS = ['cs', 'ds', 'es', 'fs', 'gs', 'ss', 'tr', 'ldt'] as const;

export function dumpRegisters(vcpu: Vcpu): Result<readonly string[], KvmError> {
  const regs = vcpu.read('regs');
  if (!regs.ok) return regs;
  const sregs = vcpu.read('sregs');
  if (!sregs.ok) return sregs;
  const general = GENERAL.map((names) => names.map((name) => `${name} ${hex(KvmRegs.get[name](regs.value.view, 0))}`).join('  '));
  const control = CONTROL.map((name) => `${name} ${hex(KvmSregs.get[name](sregs.value.view, 0))}`).join('  ');
  const segments = SEGMENTS.map((name) => {
    const at = KvmSregs.offset[name];
    const { view } = sregs.value;
    return `${name} ${KvmSegment.get.selector(view, at).toString(16)} base ${hex(KvmSegment.get.base(view, at))}`;
  });
  return ok([...general, control, segments.slice(0, 4).join('  '), segments.slice(4).join('  ')]);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
