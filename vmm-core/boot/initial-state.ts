import { BOOT_GDT_ADDRESS, BOOT_IDT_ADDRESS, BOOT_STACK_POINTER, PVH_START_INFO_ADDRESS, ZERO_PAGE_ADDRESS } from '../memory/layout.ts';
import type { GuestBytes } from './pvh-start-info.ts';

/** The boot processor's registers at its first instruction: 32-bit protected mode, no paging. What is not named is 0. */
export interface InitialRegisters {
  readonly rip: number;
  readonly rflags: number;
  readonly rsp: number;
  readonly rbx: number;
  readonly rsi: number;
}

/** A segment register with its descriptor, the way KVM takes it: the limit in bytes, each flag 0 or 1. */
export interface InitialSegment {
  readonly base: number;
  readonly limit: number;
  readonly selector: number;
  readonly type: number;
  readonly present: number;
  readonly dpl: number;
  readonly db: number;
  readonly s: number;
  readonly l: number;
  readonly g: number;
}

export interface InitialSystemRegisters {
  readonly cs: InitialSegment;
  /** Also for es, fs, gs and ss. */
  readonly ds: InitialSegment;
  readonly tr: InitialSegment;
  readonly gdt: { readonly base: number; readonly limit: number };
  readonly idt: { readonly base: number; readonly limit: number };
  readonly cr0: number;
  readonly cr4: number;
}

/** Null, flat 32-bit code, flat 32-bit data, and a busy 32-bit TSS at 0 (Intel SDM volume 3, 3.4.5). */
const GDT: readonly bigint[] = [0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn, 0x0000_8b00_0000_0067n];
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;
const TSS_SELECTOR = 0x18;
const CR0_PE = 1;
/** Bit 1 always reads as one. */
const RFLAGS_RESERVED = 2;
const DESCRIPTOR_SIZE = 8;

/** Both tables in memory: the GDT, and an IDT of one empty gate. */
export function bootDescriptorTables(): readonly GuestBytes[] {
  const gdt = new Uint8Array(GDT.length * DESCRIPTOR_SIZE);
  const view = new DataView(gdt.buffer);
  for (const [index, descriptor] of GDT.entries()) view.setBigUint64(index * DESCRIPTOR_SIZE, descriptor, true);
  return [
    { address: BOOT_GDT_ADDRESS, bytes: gdt },
    { address: BOOT_IDT_ADDRESS, bytes: new Uint8Array(DESCRIPTOR_SIZE) },
  ];
}

/** The x86/HVM direct boot ABI passes start_info in EBX, the Linux boot protocol the zero page in ESI. */
export function initialRegisters(protocol: 'pvh' | 'linux32', entry: number): InitialRegisters {
  if (protocol === 'pvh') return { rip: entry, rflags: RFLAGS_RESERVED, rsp: 0, rbx: PVH_START_INFO_ADDRESS, rsi: 0 };
  return { rip: entry, rflags: RFLAGS_RESERVED, rsp: BOOT_STACK_POINTER, rbx: 0, rsi: ZERO_PAGE_ADDRESS };
}

export function initialSystemRegisters(): InitialSystemRegisters {
  return {
    cs: segmentOf(CODE_SELECTOR),
    ds: segmentOf(DATA_SELECTOR),
    tr: segmentOf(TSS_SELECTOR),
    gdt: { base: BOOT_GDT_ADDRESS, limit: GDT.length * DESCRIPTOR_SIZE - 1 },
    idt: { base: BOOT_IDT_ADDRESS, limit: DESCRIPTOR_SIZE - 1 },
    cr0: CR0_PE,
    cr4: 0,
  };
}

/** What loading `selector` puts into the hidden part of the register: KVM checks that it agrees with itself. */
function segmentOf(selector: number): InitialSegment {
  const descriptor = GDT[selector / DESCRIPTOR_SIZE] ?? 0n;
  const bits = (from: bigint, count: bigint): number => Number((descriptor >> from) & ((1n << count) - 1n));
  const g = bits(55n, 1n);
  const limit = bits(0n, 16n) + bits(48n, 4n) * 0x1_0000;
  return {
    base: bits(16n, 24n) + bits(56n, 8n) * 0x100_0000,
    limit: g === 1 ? limit * 0x1000 + 0xfff : limit,
    selector,
    type: bits(40n, 4n),
    present: bits(47n, 1n),
    dpl: bits(45n, 2n),
    db: bits(54n, 1n),
    s: bits(44n, 1n),
    l: bits(53n, 1n),
    g,
  };
}
