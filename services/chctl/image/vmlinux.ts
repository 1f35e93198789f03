/**
 * The ELF kernel inside a packaged one. A bzImage is a small real-mode part, a decompressor, and the packed ELF; its setup
 * header says where the last one lies (Documentation/arch/x86/boot.rst, "payload_offset" and "payload_length").
 * Starting from the ELF spares the guest the unpacking.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { ImageError } from './image-error.ts';
import { packingOf, unpack } from './unpack.ts';

const SETUP_SECTS = 0x1f1;
const BOOT_FLAG = 0x1fe;
const HEADER_MAGIC = 0x202;
const HEADER_VERSION = 0x206;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const HEADER_END = 0x250;
/** "HdrS" */
const HDRS = 0x53726448;
/** The boot protocol that brought the two payload fields. */
const PAYLOAD_VERSION = 0x0208;
const SECTOR = 512;

const ELF_MAGIC = 0x464c457f;
const ELF_HEADER_SIZE = 64;
const ELFCLASS64 = 2;
const EM_X86_64 = 62;

/** The vmlinux in `image`, which is a bzImage, or a vmlinux already. `what` names the image in errors. */
export function extractVmlinux(what: string, image: Uint8Array): Result<Uint8Array, ImageError> {
  if (isElf(image)) return isKernelElf(image) ? ok(image) : notAKernel(what, 'it is an ELF file, but not for 64-bit x86');
  const payload = payloadOf(what, image);
  if (!payload.ok) return payload;
  const packing = packingOf(payload.value);
  if (packing === undefined)
    return notAKernel(what, `its payload begins with ${hex(payload.value)}, which is none of gzip, xz, zstd and lz4`);
  // The kernel's build appends the unpacked size to every packing but gzip, which ends with it anyway.
  const size = Buffer.from(payload.value.subarray(-4)).readUInt32LE();
  const unpacked = unpack(what, packing === 'gzip' ? payload.value : payload.value.subarray(0, -4), packing);
  if (!unpacked.ok) return unpacked;
  if (unpacked.value.length !== size)
    return notAKernel(what, `its payload unpacks to ${unpacked.value.length} bytes and should to ${size}`);
  return isKernelElf(unpacked.value) ? ok(unpacked.value) : notAKernel(what, 'its payload is not a 64-bit x86 ELF file');
}

function payloadOf(what: string, image: Uint8Array): Result<Uint8Array, ImageError> {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  if (image.length < HEADER_END) return notAKernel(what, `it has only ${image.length} bytes`);
  if (view.getUint16(BOOT_FLAG, true) !== 0xaa55 || view.getUint32(HEADER_MAGIC, true) !== HDRS) {
    return notAKernel(what, 'it is neither a bzImage nor an ELF file');
  }
  if (view.getUint16(HEADER_VERSION, true) < PAYLOAD_VERSION) return notAKernel(what, 'it is older than boot protocol 2.08 (Linux 2.6.26)');
  // boot.rst: 0 setup sectors mean 4.
  const setupEnd = ((view.getUint8(SETUP_SECTS) || 4) + 1) * SECTOR;
  const start = setupEnd + view.getUint32(PAYLOAD_OFFSET, true);
  const length = view.getUint32(PAYLOAD_LENGTH, true);
  if (length <= 4 || start + length > image.length)
    return notAKernel(what, `it is truncated: its payload ends at byte ${start + length} of ${image.length}`);
  return ok(image.subarray(start, start + length));
}

function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= ELF_HEADER_SIZE && Buffer.from(bytes.subarray(0, 4)).readUInt32LE() === ELF_MAGIC;
}

function isKernelElf(bytes: Uint8Array): boolean {
  return isElf(bytes) && bytes[4] === ELFCLASS64 && Buffer.from(bytes.subarray(18, 20)).readUInt16LE() === EM_X86_64;
}

function notAKernel(what: string, why: string): Result<never, ImageError> {
  return err({ code: 'NOT_A_KERNEL', message: `${what} is not a Linux kernel for 64-bit x86: ${why}` });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 4)).toString('hex');
}
