/**
 * Which format's magic a disk begins with. The format of a disk is stated by its user (`image_type=`) and never guessed: a guest
 * writes the first bytes of its raw disk, and would choose by them what its host does at the next start. So a raw disk that begins
 * with another format's magic is refused until the user says which of the two it is.
 *
 * A fixed VHD begins with the guest's own bytes and has nothing but a footer in its last 512 bytes. A footer proves nothing, for
 * every guest may write one: it is looked at only where the user said `image_type=vhd`. A VHD that is not fixed begins with a copy
 * of its footer, and is recognised here.
 */
import { allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from './image-file.ts';
import type { ImageType } from './image.ts';

/** Bytes of the start of a disk that are enough to know every format. */
export const PROBE_BYTES = 512;
/** What O_DIRECT is content with everywhere: place, length and address. */
const ALIGNMENT = 4096;

export interface ForeignFormat {
  /** As its users call it: `qcow2`, `VMDK`. */
  readonly name: string;
  /** What to say to have it opened as what it is; undefined where we do not open it. */
  readonly imageType: ImageType | undefined;
}

interface Magic extends ForeignFormat {
  /** Where in the disk. */
  readonly at: number;
  /** In latin-1: one character is one byte. */
  readonly magic: string;
}

const MAGICS: readonly Magic[] = [
  // Version 1 of the format has the same magic, and is told apart by whoever opens it.
  { name: 'qcow2', imageType: 'qcow2', at: 0, magic: 'QFI\xfb' },
  { name: 'VHDX', imageType: 'vhdx', at: 0, magic: 'vhdxfile' },
  { name: 'dynamic VHD', imageType: undefined, at: 0, magic: 'conectix' },
  { name: 'VMDK', imageType: undefined, at: 0, magic: 'KDMV' },
  { name: 'VMDK', imageType: undefined, at: 0, magic: 'COWD' },
  { name: 'VMDK', imageType: undefined, at: 0, magic: '# Disk DescriptorFile' },
  { name: 'VDI', imageType: undefined, at: 0x40, magic: '\x7f\x10\xda\xbe' },
  { name: 'QED', imageType: undefined, at: 0, magic: 'QED\0' },
  { name: 'LUKS', imageType: undefined, at: 0, magic: 'LUKS\xba\xbe' },
  { name: 'Parallels', imageType: undefined, at: 0, magic: 'WithoutFreeSpace' },
  { name: 'Parallels', imageType: undefined, at: 0, magic: 'WithouFreSpacExt' },
  { name: 'Bochs', imageType: undefined, at: 0, magic: 'Bochs Virtual HD Image' },
  { name: 'cloop', imageType: undefined, at: 0, magic: '#!/bin/sh\n#V2.0 Format' },
];

/** What the first bytes of a disk claim, up to PROBE_BYTES of them; undefined where they claim nothing that we know. */
export function probe(head: Uint8Array): ForeignFormat | undefined {
  return MAGICS.find(({ at, magic }) => holds(head, at, magic));
}

/** As `probe`, of what an open disk has, with O_DIRECT too; a disk that cannot be read claims nothing. */
export function probeFile(file: ImageFile): ForeignFormat | undefined {
  const buffer = allocate(2 * ALIGNMENT);
  const at = -buffer.address & (ALIGNMENT - 1);
  const whole = file.read(buffer, at, ALIGNMENT, 0);
  // With O_DIRECT the rest of a file that is shorter cannot be asked for.
  const read = whole < 0 ? file.read(buffer, at, PROBE_BYTES, 0) : whole;
  return probe(buffer.bytes.subarray(at, at + Math.max(read, 0)));
}

/**
 * Why a disk that nobody called raw is not served raw, where `served` are the types that are served: the end of a sentence that begins
 * with the disk's name.
 */
export function foreignFormatProblem({ name, imageType }: ForeignFormat, served: readonly ImageType[]): string {
  const asRaw = 'image_type=raw to serve its bytes as they are';
  if (imageType !== undefined && served.includes(imageType))
    return `begins as a ${name} image does: add image_type=${imageType}, or ${asRaw}`;
  return `begins as a ${name} image does, which is not supported yet: convert it with \`qemu-img convert -O raw\`, or add ${asRaw}`;
}

function holds(head: Uint8Array, at: number, magic: string): boolean {
  if (head.length < at + magic.length) return false;
  for (let index = 0; index < magic.length; index++) {
    if (head[at + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}
