import { assert } from '#shared/lang/assert.ts';
import { le32, le64 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';
import { type AddressRange, COMMAND_LINE_ADDRESS, PAGE_SIZE } from '../memory/layout.ts';
import type { E820Entry } from '../memory/map.ts';
import { SETUP_HEADER_OFFSET, SetupHeader } from './bzimage.ts';
import type { LinuxKernel } from './kernel-image.ts';

/** Offsets in the zero page, struct boot_params (Linux Documentation/arch/x86/zero-page.rst). */
export const BOOT_PARAMS_ACPI_RSDP_ADDR = 0x070;
export const BOOT_PARAMS_E820_ENTRIES = 0x1e8;
export const BOOT_PARAMS_E820_TABLE = 0x2d0;
const MOST_E820_ENTRIES = 128;

export const BootE820Entry = struct('boot_e820_entry', { addr: le64, size: le64, type: le32 }, { packed: true });

/** type_of_loader of a boot loader that has no number of its own. */
const LOADER_UNDEFINED = 0xff;
/** loadflags: kernels before 5.7 load the segment registers from a GDT with other selectors unless this is set. */
const KEEP_SEGMENTS = 1 << 6;

export interface LinuxStart {
  readonly kernel: LinuxKernel;
  readonly initramfs: AddressRange | undefined;
  readonly rsdpAddress: number;
  readonly e820: readonly E820Entry[];
}

/** The zero page that a bzImage gets: its own setup header, filled in, and the machine's facts around it. */
export function buildZeroPage(start: LinuxStart): Uint8Array {
  assert(start.e820.length <= MOST_E820_ENTRIES, 'the memory map does not fit the zero page');
  const page = new Uint8Array(PAGE_SIZE);
  const view = new DataView(page.buffer);
  le64.write(view, BOOT_PARAMS_ACPI_RSDP_ADDR, start.rsdpAddress);
  page.set(start.kernel.setupHeader, SETUP_HEADER_OFFSET);
  fillSetupHeader(view, start);
  view.setUint8(BOOT_PARAMS_E820_ENTRIES, start.e820.length);
  for (const [index, entry] of start.e820.entries()) {
    const at = BOOT_PARAMS_E820_TABLE + index * BootE820Entry.size;
    BootE820Entry.set.addr(view, at, entry.start);
    BootE820Entry.set.size(view, at, entry.size);
    BootE820Entry.set.type(view, at, entry.type);
  }
  return page;
}

function fillSetupHeader(view: DataView, start: LinuxStart): void {
  const { get, set } = SetupHeader;
  set.type_of_loader(view, SETUP_HEADER_OFFSET, LOADER_UNDEFINED);
  set.loadflags(view, SETUP_HEADER_OFFSET, get.loadflags(view, SETUP_HEADER_OFFSET) | KEEP_SEGMENTS);
  set.code32_start(view, SETUP_HEADER_OFFSET, start.kernel.entry);
  set.cmd_line_ptr(view, SETUP_HEADER_OFFSET, COMMAND_LINE_ADDRESS);
  set.setup_data(view, SETUP_HEADER_OFFSET, 0n);
  set.ramdisk_image(view, SETUP_HEADER_OFFSET, start.initramfs?.start ?? 0);
  set.ramdisk_size(view, SETUP_HEADER_OFFSET, start.initramfs?.size ?? 0);
}
