import { type Result, err, ok } from '#shared/lang/result.ts';
import { type AddressRange, HIGH_RAM_ADDRESS, LOW_RAM_END } from '../memory/layout.ts';
import { endOf } from '../memory/map.ts';
import type { ImageFault } from './boot-error.ts';
import { isBzImage, parseBzImage } from './bzimage.ts';
import { isElf, parseElfKernel } from './elf-kernel.ts';
import { type GuestRam, contains } from './guest-writer.ts';
import type { ImageFile } from './image-file.ts';

/** What a kernel file asks for: parsed and checked, nothing loaded yet. */
export type KernelImage = PvhKernel | LinuxKernel;

/** Entered as the x86/HVM direct boot ABI says, with a start_info structure. */
export interface PvhKernel {
  readonly protocol: 'pvh';
  readonly entry: number;
  readonly segments: readonly Segment[];
}

/** Entered at the 32-bit entry point of the Linux/x86 boot protocol, with a zero page. */
export interface LinuxKernel {
  readonly protocol: 'linux32';
  readonly entry: number;
  readonly segments: readonly Segment[];
  /** The file's bytes from 0x1f1 on, as many as the kernel says its setup header has. */
  readonly setupHeader: Uint8Array;
  /** The last address that a byte of the initramfs may have. */
  readonly initramfsLast: number;
  /** Bytes of command line, without the final NUL. */
  readonly commandLineMost: number;
}

/** Guest memory that a kernel takes: `fileSize` bytes at `loadAddress` come from the file, the rest reads as zero. */
export interface Segment extends AddressRange {
  readonly loadAddress: number;
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** The longest header that tells what a file is; a shorter file is told by what it has. */
const HEAD_SIZE = 0x290;

/** An ELF with a PVH note or a bzImage, told apart by their magic numbers. Its segments lie apart, within `ranges`. */
export function parseKernel(file: ImageFile, ranges: readonly AddressRange[]): Result<KernelImage, ImageFault> {
  const head = file.read('header', 0, Math.min(file.size, HEAD_SIZE));
  if (!head.ok) return head;
  const parsed = parseByMagic(file, head.value);
  if (!parsed.ok) return parsed;
  const misplaced = refuseSegments(parsed.value.segments, ranges) ?? refuseEntry(parsed.value);
  return misplaced === undefined ? parsed : err(misplaced);
}

/** Copies what `parseKernel` found in the same file. */
export function loadKernel(file: ImageFile, kernel: KernelImage, ram: GuestRam): Result<void, ImageFault> {
  for (const { fileOffset, fileSize, loadAddress } of kernel.segments) {
    if (fileSize === 0) continue;
    const loaded = file.loadInto(ram, 'segment', { fileOffset, length: fileSize, address: loadAddress });
    if (!loaded.ok) return loaded;
  }
  return ok();
}

function parseByMagic(file: ImageFile, head: DataView): Result<KernelImage, ImageFault> {
  if (isElf(head)) return parseElfKernel(file, head);
  if (isBzImage(head)) return parseBzImage(file, head);
  return err({ code: 'NOT_A_KERNEL' });
}

function refuseSegments(segments: readonly Segment[], ranges: readonly AddressRange[]): ImageFault | undefined {
  let previousEnd = 0;
  for (const segment of segments.toSorted((a, b) => a.start - b.start)) {
    if (segment.start < HIGH_RAM_ADDRESS) return { code: 'BELOW_1_MIB', address: segment.start };
    if (!contains(ranges, segment)) return describeMisplaced(segment, ranges);
    if (segment.start < previousEnd) return { code: 'SEGMENTS_OVERLAP', address: segment.start, otherEnd: previousEnd };
    previousEnd = endOf(segment);
  }
  return undefined;
}

/** More memory helps a segment that begins below the 32-bit hole and ends there too; nothing helps the others. */
function describeMisplaced(segment: Segment, ranges: readonly AddressRange[]): ImageFault {
  const end = endOf(segment);
  if (end <= LOW_RAM_END) return { code: 'LARGER_THAN_MEMORY', end, memory: endOf(ranges[0]) };
  return { code: 'OUTSIDE_RAM', address: segment.start, size: segment.size };
}

function refuseEntry(kernel: KernelImage): ImageFault | undefined {
  const { entry } = kernel;
  const inside = kernel.segments.some((segment) => entry >= segment.start && entry < endOf(segment));
  return inside ? undefined : { code: 'ENTRY_OUTSIDE_IMAGE', entry };
}
