import { unreachable } from '#shared/lang/assert.ts';
import { printable } from '#shared/lang/printable.ts';

/** Why a guest cannot be started from what the user gave. */
export type BootError = (ImageFault & { readonly image: ImageName }) | CommandLineError | IdentityError;

export interface ImageName {
  readonly role: 'kernel' | 'firmware' | 'initramfs';
  readonly path: string;
}

/** What is wrong with one file. Addresses and sizes are in bytes. */
export type ImageFault =
  | { readonly code: 'NOT_A_FILE' }
  | { readonly code: 'UNREADABLE'; readonly reason: string }
  | { readonly code: 'EMPTY' }
  | { readonly code: 'TRUNCATED'; readonly part: string; readonly end: number; readonly size: number }
  | { readonly code: 'NOT_A_KERNEL' }
  | { readonly code: 'WRONG_MACHINE'; readonly machine: number }
  | { readonly code: 'NO_PVH_NOTE' }
  | { readonly code: 'BZIMAGE_TOO_OLD'; readonly version: number; readonly least: number }
  | { readonly code: 'MALFORMED'; readonly field: string; readonly value: number }
  | { readonly code: 'BELOW_1_MIB'; readonly address: number }
  | { readonly code: 'LARGER_THAN_MEMORY'; readonly end: number; readonly memory: number }
  | { readonly code: 'OUTSIDE_RAM'; readonly address: number; readonly size: number }
  | { readonly code: 'SEGMENTS_OVERLAP'; readonly address: number; readonly otherEnd: number }
  | { readonly code: 'ENTRY_OUTSIDE_IMAGE'; readonly entry: number }
  | { readonly code: 'DOES_NOT_FIT'; readonly size: number; readonly available: number };

export type CommandLineError =
  | { readonly code: 'COMMAND_LINE_TOO_LONG'; readonly length: number; readonly most: number }
  | { readonly code: 'COMMAND_LINE_HAS_NUL'; readonly at: number };

export type IdentityError =
  | { readonly code: 'IDENTITY_TOO_LONG'; readonly size: number; readonly most: number }
  | { readonly code: 'IDENTITY_HAS_NUL'; readonly key: string };

/** One line for a person: what is wrong, which value, what to do. */
export function describeBootError(error: BootError): string {
  switch (error.code) {
    case 'COMMAND_LINE_TOO_LONG':
      return `command line: ${error.length} bytes are more than this kernel takes: shorten it to at most ${error.most}`;
    case 'COMMAND_LINE_HAS_NUL':
      return `command line: a NUL character at position ${error.at} would cut it short: remove it`;
    case 'IDENTITY_TOO_LONG':
      return `platform: the SMBIOS strings make a table of ${error.size} bytes: shorten them until it has at most ${error.most}`;
    case 'IDENTITY_HAS_NUL':
      return `platform: ${error.key} has a NUL character, which would cut it short: remove it`;
    default:
      return `${error.image.role} "${printable(error.image.path)}" ${describeFault(error, error.image.role)}`;
  }
}

function describeFault(fault: ImageFault, role: ImageName['role']): string {
  switch (fault.code) {
    case 'NOT_A_FILE':
      return 'is not a regular file: give the path of the file itself';
    case 'UNREADABLE':
      return `cannot be read (${fault.reason}): check the file and its permissions`;
    case 'EMPTY':
      return `is empty: give another ${role} or copy it again`;
    case 'TRUNCATED':
      return `is truncated: ${fault.part} should end at byte ${fault.end} but the file has ${fault.size}; copy it again`;
    case 'DOES_NOT_FIT':
      return `does not fit: ${fault.size} bytes, and ${fault.available} are free beside the kernel; give the VM more memory`;
    default:
      return describeKernelFault(fault);
  }
}

type FileFault = 'NOT_A_FILE' | 'UNREADABLE' | 'EMPTY' | 'TRUNCATED' | 'DOES_NOT_FIT';

function describeKernelFault(fault: Exclude<ImageFault, { code: FileFault }>): string {
  switch (fault.code) {
    case 'NOT_A_KERNEL':
      return 'is not a kernel: neither an x86 ELF (vmlinux) nor a bzImage; give one of these, uncompressed';
    case 'WRONG_MACHINE':
      return `is an ELF for machine type ${fault.machine}: give one built for x86-64 (62)`;
    case 'NO_PVH_NOTE':
      return 'is an ELF without a PVH entry note (type 18 of "Xen"): build it with CONFIG_PVH=y or give its bzImage';
    case 'BZIMAGE_TOO_OLD':
      return `speaks boot protocol ${protocolVersion(fault.version)}: give a kernel with ${protocolVersion(fault.least)} or newer`;
    case 'MALFORMED':
      return `has a damaged header: ${fault.field} is ${hex(fault.value)}; give another build or copy it again`;
    case 'BELOW_1_MIB':
      return `wants to be loaded at ${hex(fault.address)}: only addresses from 1 MiB (0x100000) up are free for it`;
    case 'LARGER_THAN_MEMORY':
      return `needs memory up to ${hex(fault.end)} and the VM has ${hex(fault.memory)}: give the VM more memory`;
    case 'OUTSIDE_RAM':
      return `wants ${fault.size} bytes at ${hex(fault.address)}, where the VM has no memory: link it at another address`;
    case 'SEGMENTS_OVERLAP':
      return `has overlapping segments: one starts at ${hex(fault.address)}, another ends at ${hex(fault.otherEnd)}; give another build`;
    case 'ENTRY_OUTSIDE_IMAGE':
      return `has its entry point at ${hex(fault.entry)}, outside of what it loads: give another build`;
    default:
      return unreachable(fault);
  }
}

/** 0x020f is 2.15. */
function protocolVersion(version: number): string {
  return `${version >> 8}.${String(version & 0xff).padStart(2, '0')}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
