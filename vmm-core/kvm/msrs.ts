/** Model-specific registers that a vCPU starts with. Numbers: Intel SDM volume 4. */
import type { MsrValue } from './vcpu.ts';

const MSR_IA32_TSC = 0x10;
const MSR_IA32_SYSENTER_CS = 0x174;
const MSR_IA32_SYSENTER_ESP = 0x175;
const MSR_IA32_SYSENTER_EIP = 0x176;
const MSR_IA32_MISC_ENABLE = 0x1a0;
const MSR_IA32_MTRR_DEF_TYPE = 0x2ff;
const MSR_STAR = 0xc000_0081;
const MSR_LSTAR = 0xc000_0082;
const MSR_CSTAR = 0xc000_0083;
const MSR_SYSCALL_MASK = 0xc000_0084;
const MSR_KERNEL_GS_BASE = 0xc000_0102;

const FAST_STRINGS = 1n;
/** Enabled, and write-back where no range says otherwise. */
const MTRR_WRITE_BACK = 0x806n;

/** MTRRs are not in KVM's list of state but are: the default type and the ranges that a guest may have set. */
export const MTRR_MSRS: readonly number[] = [
  MSR_IA32_MTRR_DEF_TYPE,
  ...Array.from({ length: 16 }, (_, index) => 0x200 + index),
  0x250,
  0x258,
  0x259,
  ...Array.from({ length: 8 }, (_, index) => 0x268 + index),
];

export const BOOT_MSRS: readonly MsrValue[] = [
  ...[
    MSR_IA32_SYSENTER_CS,
    MSR_IA32_SYSENTER_ESP,
    MSR_IA32_SYSENTER_EIP,
    MSR_STAR,
    MSR_CSTAR,
    MSR_KERNEL_GS_BASE,
    MSR_SYSCALL_MASK,
    MSR_LSTAR,
    MSR_IA32_TSC,
  ].map((index) => ({ index, data: 0n })),
  { index: MSR_IA32_MISC_ENABLE, data: FAST_STRINGS },
  { index: MSR_IA32_MTRR_DEF_TYPE, data: MTRR_WRITE_BACK },
];
