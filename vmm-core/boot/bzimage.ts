import { type Result, err, ok } from '#shared/lang/result.ts';
import { le16, le32, le64Bits, readU53, u8 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';
import { COMMAND_LINE_CAPACITY, HIGH_RAM_ADDRESS, PAGE_SIZE } from '../memory/layout.ts';
import type { ImageFault } from './boot-error.ts';
import type { ImageFile } from './image-file.ts';
import type { LinuxKernel, Segment } from './kernel-image.ts';

/** The Linux/x86 boot protocol's "real-mode kernel header", which lies at the same offset in the file and in the zero page. */
export const SETUP_HEADER_OFFSET = 0x1f1;
export const SetupHeader = struct(
  'setup_header',
  {
    setup_sects: u8,
    root_flags: le16,
    syssize: le32,
    ram_size: le16,
    vid_mode: le16,
    root_dev: le16,
    boot_flag: le16,
    jump: le16,
    header: le32,
    version: le16,
    realmode_swtch: le32,
    start_sys_seg: le16,
    kernel_version: le16,
    type_of_loader: u8,
    loadflags: u8,
    setup_move_size: le16,
    code32_start: le32,
    ramdisk_image: le32,
    ramdisk_size: le32,
    bootsect_kludge: le32,
    heap_end_ptr: le16,
    ext_loader_ver: u8,
    ext_loader_type: u8,
    cmd_line_ptr: le32,
    initrd_addr_max: le32,
    kernel_alignment: le32,
    relocatable_kernel: u8,
    min_alignment: u8,
    xloadflags: le16,
    cmdline_size: le32,
    hardware_subarch: le32,
    hardware_subarch_data: le64Bits,
    payload_offset: le32,
    payload_length: le32,
    setup_data: le64Bits,
    pref_address: le64Bits,
    init_size: le32,
    handover_offset: le32,
  },
  { packed: true },
);

/** Where the setup header must have ended when the zero page's next field begins. */
const SETUP_HEADER_LIMIT = 0x290;
/** "HdrS" */
const HEADER_MAGIC = 0x5372_6448;
const BOOT_FLAG = 0xaa55;
/** 2.12 came with Linux 3.8 and has every field above. */
const LEAST_VERSION = 0x020c;
const SECTOR = 512;
const PARAGRAPH = 16;
/** A setup_sects of 0 means this, for the sake of very old kernels. */
const DEFAULT_SETUP_SECTORS = 4;
const LOADED_HIGH = 1;
const MOST_ALIGNMENT = 0x4000_0000;

export function isBzImage(head: DataView): boolean {
  if (head.byteLength < SETUP_HEADER_OFFSET + SetupHeader.offset.version) return false;
  const { get } = SetupHeader;
  return get.boot_flag(head, SETUP_HEADER_OFFSET) === BOOT_FLAG && get.header(head, SETUP_HEADER_OFFSET) === HEADER_MAGIC;
}

/** What the protected-mode part of a bzImage loads, and where it is entered. `head` is the beginning of the file. */
export function parseBzImage(file: ImageFile, head: DataView): Result<LinuxKernel, ImageFault> {
  const whole = file.requirePart('setup header', SETUP_HEADER_OFFSET, SetupHeader.size);
  if (!whole.ok) return whole;
  const { get } = SetupHeader;
  const version = get.version(head, SETUP_HEADER_OFFSET);
  if (version < LEAST_VERSION) return err({ code: 'BZIMAGE_TOO_OLD', version, least: LEAST_VERSION });
  const flags = get.loadflags(head, SETUP_HEADER_OFFSET);
  if ((flags & LOADED_HIGH) === 0) return malformed('the load flags (loadflags)', flags);
  const setupHeader = copySetupHeader(head);
  if (!setupHeader.ok) return setupHeader;
  const segment = placePayload(file, head);
  if (!segment.ok) return segment;
  return ok({
    protocol: 'linux32',
    entry: segment.value.loadAddress,
    segments: [segment.value],
    setupHeader: setupHeader.value,
    initramfsLast: get.initrd_addr_max(head, SETUP_HEADER_OFFSET),
    commandLineMost: Math.min(get.cmdline_size(head, SETUP_HEADER_OFFSET), COMMAND_LINE_CAPACITY - 1),
  });
}

/** The header ends where its jump instruction leads to: an opcode, and a distance from the instruction's end. */
function copySetupHeader(head: DataView): Result<Uint8Array, ImageFault> {
  const distance = SetupHeader.get.jump(head, SETUP_HEADER_OFFSET) >> 8;
  const end = SETUP_HEADER_OFFSET + SetupHeader.offset.header + distance;
  const inside = end >= SETUP_HEADER_OFFSET + SetupHeader.size && end <= SETUP_HEADER_LIMIT;
  if (!inside) return malformed('the end of the setup header (jump)', end);
  if (end > head.byteLength) return err({ code: 'TRUNCATED', part: 'setup header', end, size: head.byteLength });
  return ok(new Uint8Array(head.buffer, head.byteOffset + SETUP_HEADER_OFFSET, end - SETUP_HEADER_OFFSET));
}

/**
 * The payload unpacks the kernel to where it runs: its preferred address, raised to its alignment. Loaded there too, it takes
 * `init_size` bytes while it starts. One that is not relocatable is loaded at 1 MiB and moves itself.
 */
function placePayload(file: ImageFile, head: DataView): Result<Segment, ImageFault> {
  const { get, offset } = SetupHeader;
  const payload = locatePayload(file, head);
  if (!payload.ok) return payload;
  const { fileOffset, fileSize } = payload.value;
  const alignment = get.kernel_alignment(head, SETUP_HEADER_OFFSET);
  const isPowerOfTwo = alignment !== 0 && (alignment & (alignment - 1)) === 0;
  if (!isPowerOfTwo || alignment < PAGE_SIZE || alignment > MOST_ALIGNMENT) return malformed('the alignment (kernel_alignment)', alignment);
  const preferred = readU53(head, SETUP_HEADER_OFFSET + offset.pref_address) ?? Infinity;
  if (preferred > 0xffff_ffff) return malformed('the preferred address (pref_address)', preferred);
  const relocatable = get.relocatable_kernel(head, SETUP_HEADER_OFFSET) !== 0;
  const runAddress = relocatable ? Math.ceil(Math.max(preferred, HIGH_RAM_ADDRESS) / alignment) * alignment : preferred;
  const loadAddress = relocatable ? runAddress : HIGH_RAM_ADDRESS;
  const start = Math.min(runAddress, loadAddress);
  const end = Math.max(runAddress + get.init_size(head, SETUP_HEADER_OFFSET), loadAddress + fileSize);
  return ok({ start, size: end - start, loadAddress, fileOffset, fileSize });
}

/** All after the real-mode sectors, as far as `syssize` (in paragraphs) goes: a signature may follow. */
function locatePayload(file: ImageFile, head: DataView): Result<{ fileOffset: number; fileSize: number }, ImageFault> {
  const { get } = SetupHeader;
  const sectors = get.setup_sects(head, SETUP_HEADER_OFFSET) || DEFAULT_SETUP_SECTORS;
  const fileOffset = (sectors + 1) * SECTOR;
  const size = get.syssize(head, SETUP_HEADER_OFFSET) * PARAGRAPH;
  if (size === 0) return malformed('the size of the kernel (syssize)', 0);
  // The last paragraph may be cut short.
  const present = file.requirePart('compressed kernel', fileOffset, size - PARAGRAPH + 1);
  return present.ok ? ok({ fileOffset, fileSize: Math.min(size, file.size - fileOffset) }) : present;
}

function malformed(field: string, value: number): Result<never, ImageFault> {
  return err({ code: 'MALFORMED', field, value });
}
