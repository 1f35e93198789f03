import { le32, le64 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';
import {
  type AddressRange,
  COMMAND_LINE_ADDRESS,
  PVH_MEMORY_MAP_ADDRESS,
  PVH_MODULE_LIST_ADDRESS,
  PVH_START_INFO_ADDRESS,
} from '../memory/layout.ts';
import type { E820Entry } from '../memory/map.ts';

/** The x86/HVM direct boot ABI (Xen public headers, arch-x86/hvm/start_info.h), version 1: with a memory map. */
export const HvmStartInfo = struct('hvm_start_info', {
  magic: le32,
  version: le32,
  flags: le32,
  nr_modules: le32,
  modlist_paddr: le64,
  cmdline_paddr: le64,
  rsdp_paddr: le64,
  memmap_paddr: le64,
  memmap_entries: le32,
  reserved: le32,
});

export const HvmModlistEntry = struct('hvm_modlist_entry', { paddr: le64, size: le64, cmdline_paddr: le64, reserved: le64 });

export const HvmMemmapTableEntry = struct('hvm_memmap_table_entry', { addr: le64, size: le64, type: le32, reserved: le32 });

const START_MAGIC = 0x336e_c578;
const VERSION_WITH_MEMORY_MAP = 1;

export interface PvhStart {
  readonly initramfs: AddressRange | undefined;
  readonly rsdpAddress: number;
  readonly e820: readonly E820Entry[];
}

export interface GuestBytes {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The start_info structure with its module list and memory map, each for its own place. */
export function buildPvhStart(start: PvhStart): readonly GuestBytes[] {
  const info = new Uint8Array(HvmStartInfo.size);
  const view = new DataView(info.buffer);
  const { set } = HvmStartInfo;
  set.magic(view, 0, START_MAGIC);
  set.version(view, 0, VERSION_WITH_MEMORY_MAP);
  set.nr_modules(view, 0, start.initramfs === undefined ? 0 : 1);
  set.modlist_paddr(view, 0, start.initramfs === undefined ? 0 : PVH_MODULE_LIST_ADDRESS);
  set.cmdline_paddr(view, 0, COMMAND_LINE_ADDRESS);
  set.rsdp_paddr(view, 0, start.rsdpAddress);
  set.memmap_paddr(view, 0, PVH_MEMORY_MAP_ADDRESS);
  set.memmap_entries(view, 0, start.e820.length);
  return [
    { address: PVH_START_INFO_ADDRESS, bytes: info },
    { address: PVH_MODULE_LIST_ADDRESS, bytes: buildModule(start.initramfs) },
    { address: PVH_MEMORY_MAP_ADDRESS, bytes: buildMemoryMap(start.e820) },
  ];
}

function buildModule(module: AddressRange | undefined): Uint8Array {
  const bytes = new Uint8Array(HvmModlistEntry.size);
  if (module === undefined) return bytes;
  const view = new DataView(bytes.buffer);
  HvmModlistEntry.set.paddr(view, 0, module.start);
  HvmModlistEntry.set.size(view, 0, module.size);
  return bytes;
}

function buildMemoryMap(e820: readonly E820Entry[]): Uint8Array {
  const bytes = new Uint8Array(HvmMemmapTableEntry.size * e820.length);
  const view = new DataView(bytes.buffer);
  for (const [index, entry] of e820.entries()) {
    const at = index * HvmMemmapTableEntry.size;
    HvmMemmapTableEntry.set.addr(view, at, entry.start);
    HvmMemmapTableEntry.set.size(view, at, entry.size);
    HvmMemmapTableEntry.set.type(view, at, entry.type);
  }
  return bytes;
}
