/**
 * KVM's interface, x86-64: ioctl numbers, struct layouts and constants of <linux/kvm.h> and <asm/kvm.h>, in their C spelling.
 * The kernel's Documentation/virt/kvm/api.rst describes each call. `spec.test.ts` compares everything here with the headers.
 *
 * Register files that are only carried from a save to a restore (events, debug registers, FPU, XSAVE, LAPIC) stay bytes.
 */
import { array, bytes, i32, le16, le32, le64, le64Bits, u8 } from '#shared/layout/fields.ts';
import { nested, struct } from '#shared/layout/struct.ts';
import { _IO, _IOR, _IOW, _IOWR } from '#shared/sys/ioctl.ts';

export const KVM_API_VERSION = 12;

/** struct kvm_regs: the general registers. */
export const KvmRegs = struct('kvm_regs', {
  rax: le64Bits,
  rbx: le64Bits,
  rcx: le64Bits,
  rdx: le64Bits,
  rsi: le64Bits,
  rdi: le64Bits,
  rsp: le64Bits,
  rbp: le64Bits,
  r8: le64Bits,
  r9: le64Bits,
  r10: le64Bits,
  r11: le64Bits,
  r12: le64Bits,
  r13: le64Bits,
  r14: le64Bits,
  r15: le64Bits,
  rip: le64Bits,
  rflags: le64Bits,
});

export const KvmSegment = struct('kvm_segment', {
  base: le64Bits,
  limit: le32,
  selector: le16,
  type: u8,
  present: u8,
  dpl: u8,
  db: u8,
  s: u8,
  l: u8,
  g: u8,
  avl: u8,
  unusable: u8,
  padding: u8,
});

export const KvmDtable = struct('kvm_dtable', { base: le64Bits, limit: le16, padding: array(le16, 3) });

export const KvmSregs = struct('kvm_sregs', {
  cs: nested(KvmSegment),
  ds: nested(KvmSegment),
  es: nested(KvmSegment),
  fs: nested(KvmSegment),
  gs: nested(KvmSegment),
  ss: nested(KvmSegment),
  tr: nested(KvmSegment),
  ldt: nested(KvmSegment),
  gdt: nested(KvmDtable),
  idt: nested(KvmDtable),
  cr0: le64Bits,
  cr2: le64Bits,
  cr3: le64Bits,
  cr4: le64Bits,
  cr8: le64Bits,
  efer: le64Bits,
  apic_base: le64Bits,
  interrupt_bitmap: array(le64Bits, 4),
});

export const KvmFpu = struct('kvm_fpu', {
  fpr: bytes(128),
  fcw: le16,
  fsw: le16,
  ftwx: u8,
  pad1: u8,
  last_opcode: le16,
  last_ip: le64Bits,
  last_dp: le64Bits,
  xmm: bytes(256),
  mxcsr: le32,
  pad2: le32,
});

export const KvmLapicState = struct('kvm_lapic_state', { regs: bytes(1024) });
export const KvmMpState = struct('kvm_mp_state', { mp_state: le32 });

/** Followed by `nmsrs` entries. */
export const KvmMsrs = struct('kvm_msrs', { nmsrs: le32, pad: le32 });
export const KvmMsrEntry = struct('kvm_msr_entry', { index: le32, reserved: le32, data: le64Bits });
/** Followed by `nent` entries. */
export const KvmCpuid2 = struct('kvm_cpuid2', { nent: le32, padding: le32 });
export const KvmCpuidEntry2 = struct('kvm_cpuid_entry2', {
  function: le32,
  index: le32,
  flags: le32,
  eax: le32,
  ebx: le32,
  ecx: le32,
  edx: le32,
  padding: array(le32, 3),
});
export const KVM_CPUID_FLAG_SIGNIFCANT_INDEX = 1;

export const KvmUserspaceMemoryRegion = struct('kvm_userspace_memory_region', {
  slot: le32,
  flags: le32,
  guest_phys_addr: le64,
  memory_size: le64,
  userspace_addr: le64,
});
export const KVM_MEM_LOG_DIRTY_PAGES = 1;
export const KVM_MEM_READONLY = 2;

export const KvmIrqfd = struct('kvm_irqfd', { fd: le32, gsi: le32, flags: le32, resamplefd: le32, pad: bytes(16) });
export const KVM_IRQFD_FLAG_DEASSIGN = 1;
export const KVM_IRQFD_FLAG_RESAMPLE = 2;

export const KvmIoeventfd = struct('kvm_ioeventfd', {
  datamatch: le64,
  addr: le64,
  len: le32,
  fd: i32,
  flags: le32,
  pad: bytes(36),
});
export const KVM_IOEVENTFD_FLAG_DATAMATCH = 1;
export const KVM_IOEVENTFD_FLAG_PIO = 2;
export const KVM_IOEVENTFD_FLAG_DEASSIGN = 4;

/** Followed by `nr` entries. */
export const KvmIrqRouting = struct('kvm_irq_routing', { nr: le32, flags: le32 });
export const KvmIrqRoutingMsi = struct('kvm_irq_routing_msi', { address_lo: le32, address_hi: le32, data: le32, devid: le32 });
/** `u` is a union; the MSI member is the only one used here. */
export const KvmIrqRoutingEntry = struct('kvm_irq_routing_entry', { gsi: le32, type: le32, flags: le32, pad: le32, u: bytes(32) });
export const KVM_IRQ_ROUTING_MSI = 2;

export const KvmMsi = struct('kvm_msi', { address_lo: le32, address_hi: le32, data: le32, flags: le32, devid: le32, pad: bytes(12) });

export const KvmClockData = struct('kvm_clock_data', {
  clock: le64Bits,
  flags: le32,
  pad0: le32,
  realtime: le64Bits,
  host_tsc: le64Bits,
  pad: array(le32, 4),
});
export const KVM_CLOCK_REALTIME = 4;

export const KvmEnableCap = struct('kvm_enable_cap', { cap: le32, flags: le32, args: array(le64, 4), pad: bytes(64) });
export const KVM_X2APIC_API_USE_32BIT_IDS = 1;
export const KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK = 2;

/** Its size counts the header alone: `size` bytes in all, the rest is the vendor's. */
export const KvmNestedState = struct('kvm_nested_state', { flags: le16, format: le16, size: le32, hdr: bytes(120) });

export const KVM_MP_STATE_RUNNABLE = 0;
export const KVM_MP_STATE_UNINITIALIZED = 1;

/** Sizes of register files that are carried as bytes. */
export const SIZE = { kvm_vcpu_events: 64, kvm_debugregs: 128, kvm_xcrs: 392, kvm_xsave: 4096, kvm_run: 2352 } as const;

/** Where the members of struct kvm_run lie that the run loop reads and writes, by their C designators. */
export const KVM_RUN_OFFSET = {
  immediate_exit: 1,
  exit_reason: 8,
  'hw.hardware_exit_reason': 32,
  'fail_entry.hardware_entry_failure_reason': 32,
  'fail_entry.cpu': 40,
  'io.direction': 32,
  'io.size': 33,
  'io.port': 34,
  'io.count': 36,
  'io.data_offset': 40,
  'mmio.phys_addr': 32,
  'mmio.data': 40,
  'mmio.len': 48,
  'mmio.is_write': 52,
  'internal.suberror': 32,
  'internal.ndata': 36,
  'internal.data': 40,
  'emulation_failure.flags': 40,
  'emulation_failure.insn_size': 48,
  'emulation_failure.insn_bytes': 49,
  'system_event.type': 32,
  'eoi.vector': 32,
} as const;

export const KVM_EXIT = {
  KVM_EXIT_UNKNOWN: 0,
  KVM_EXIT_IO: 2,
  KVM_EXIT_DEBUG: 4,
  KVM_EXIT_HLT: 5,
  KVM_EXIT_MMIO: 6,
  KVM_EXIT_SHUTDOWN: 8,
  KVM_EXIT_FAIL_ENTRY: 9,
  KVM_EXIT_INTR: 10,
  KVM_EXIT_INTERNAL_ERROR: 17,
  KVM_EXIT_SYSTEM_EVENT: 24,
  KVM_EXIT_IOAPIC_EOI: 26,
} as const;
export const KVM_EXIT_IO_OUT = 1;
export const KVM_INTERNAL_ERROR_EMULATION = 1;
export const KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES = 1;

export const KVM_CAP = {
  KVM_CAP_IRQCHIP: 0,
  KVM_CAP_USER_MEMORY: 3,
  KVM_CAP_SET_TSS_ADDR: 4,
  KVM_CAP_EXT_CPUID: 7,
  KVM_CAP_NR_VCPUS: 9,
  KVM_CAP_NR_MEMSLOTS: 10,
  KVM_CAP_MP_STATE: 14,
  KVM_CAP_IRQ_ROUTING: 25,
  KVM_CAP_IRQFD: 32,
  KVM_CAP_IOEVENTFD: 36,
  KVM_CAP_SET_IDENTITY_MAP_ADDR: 37,
  KVM_CAP_ADJUST_CLOCK: 39,
  KVM_CAP_VCPU_EVENTS: 41,
  KVM_CAP_DEBUGREGS: 50,
  KVM_CAP_XSAVE: 55,
  KVM_CAP_XCRS: 56,
  KVM_CAP_TSC_CONTROL: 60,
  KVM_CAP_GET_TSC_KHZ: 61,
  KVM_CAP_MAX_VCPUS: 66,
  KVM_CAP_TSC_DEADLINE_TIMER: 72,
  KVM_CAP_SIGNAL_MSI: 77,
  KVM_CAP_SPLIT_IRQCHIP: 121,
  KVM_CAP_X2APIC_API: 129,
  KVM_CAP_IMMEDIATE_EXIT: 136,
  KVM_CAP_NESTED_STATE: 157,
  KVM_CAP_XSAVE2: 208,
} as const;

const KVMIO = 0xae;

/** Request words of ioctls on /dev/kvm, a VM and a vCPU. */
export const IOCTL = {
  KVM_GET_API_VERSION: _IO(KVMIO, 0x00),
  KVM_CREATE_VM: _IO(KVMIO, 0x01),
  KVM_GET_MSR_INDEX_LIST: _IOWR(KVMIO, 0x02, 4),
  KVM_CHECK_EXTENSION: _IO(KVMIO, 0x03),
  KVM_GET_VCPU_MMAP_SIZE: _IO(KVMIO, 0x04),
  KVM_GET_SUPPORTED_CPUID: _IOWR(KVMIO, 0x05, KvmCpuid2.size),
  KVM_CREATE_VCPU: _IO(KVMIO, 0x41),
  KVM_SET_USER_MEMORY_REGION: _IOW(KVMIO, 0x46, KvmUserspaceMemoryRegion.size),
  KVM_SET_TSS_ADDR: _IO(KVMIO, 0x47),
  KVM_SET_IDENTITY_MAP_ADDR: _IOW(KVMIO, 0x48, 8),
  KVM_SET_GSI_ROUTING: _IOW(KVMIO, 0x6a, KvmIrqRouting.size),
  KVM_IRQFD: _IOW(KVMIO, 0x76, KvmIrqfd.size),
  KVM_IOEVENTFD: _IOW(KVMIO, 0x79, KvmIoeventfd.size),
  KVM_SET_CLOCK: _IOW(KVMIO, 0x7b, KvmClockData.size),
  KVM_GET_CLOCK: _IOR(KVMIO, 0x7c, KvmClockData.size),
  KVM_RUN: _IO(KVMIO, 0x80),
  KVM_GET_REGS: _IOR(KVMIO, 0x81, KvmRegs.size),
  KVM_SET_REGS: _IOW(KVMIO, 0x82, KvmRegs.size),
  KVM_GET_SREGS: _IOR(KVMIO, 0x83, KvmSregs.size),
  KVM_SET_SREGS: _IOW(KVMIO, 0x84, KvmSregs.size),
  KVM_GET_MSRS: _IOWR(KVMIO, 0x88, KvmMsrs.size),
  KVM_SET_MSRS: _IOW(KVMIO, 0x89, KvmMsrs.size),
  KVM_SET_SIGNAL_MASK: _IOW(KVMIO, 0x8b, 4),
  KVM_GET_FPU: _IOR(KVMIO, 0x8c, KvmFpu.size),
  KVM_SET_FPU: _IOW(KVMIO, 0x8d, KvmFpu.size),
  KVM_GET_LAPIC: _IOR(KVMIO, 0x8e, KvmLapicState.size),
  KVM_SET_LAPIC: _IOW(KVMIO, 0x8f, KvmLapicState.size),
  KVM_SET_CPUID2: _IOW(KVMIO, 0x90, KvmCpuid2.size),
  KVM_GET_CPUID2: _IOWR(KVMIO, 0x91, KvmCpuid2.size),
  KVM_GET_MP_STATE: _IOR(KVMIO, 0x98, KvmMpState.size),
  KVM_SET_MP_STATE: _IOW(KVMIO, 0x99, KvmMpState.size),
  KVM_GET_VCPU_EVENTS: _IOR(KVMIO, 0x9f, SIZE.kvm_vcpu_events),
  KVM_SET_VCPU_EVENTS: _IOW(KVMIO, 0xa0, SIZE.kvm_vcpu_events),
  KVM_GET_DEBUGREGS: _IOR(KVMIO, 0xa1, SIZE.kvm_debugregs),
  KVM_SET_DEBUGREGS: _IOW(KVMIO, 0xa2, SIZE.kvm_debugregs),
  KVM_SET_TSC_KHZ: _IO(KVMIO, 0xa2),
  KVM_GET_TSC_KHZ: _IO(KVMIO, 0xa3),
  KVM_ENABLE_CAP: _IOW(KVMIO, 0xa3, KvmEnableCap.size),
  KVM_GET_XSAVE: _IOR(KVMIO, 0xa4, SIZE.kvm_xsave),
  KVM_SET_XSAVE: _IOW(KVMIO, 0xa5, SIZE.kvm_xsave),
  KVM_SIGNAL_MSI: _IOW(KVMIO, 0xa5, KvmMsi.size),
  KVM_GET_XCRS: _IOR(KVMIO, 0xa6, SIZE.kvm_xcrs),
  KVM_SET_XCRS: _IOW(KVMIO, 0xa7, SIZE.kvm_xcrs),
  KVM_KVMCLOCK_CTRL: _IO(KVMIO, 0xad),
  KVM_GET_NESTED_STATE: _IOWR(KVMIO, 0xbe, KvmNestedState.size),
  KVM_SET_NESTED_STATE: _IOW(KVMIO, 0xbf, KvmNestedState.size),
  KVM_GET_XSAVE2: _IOR(KVMIO, 0xcf, SIZE.kvm_xsave),
} as const;
