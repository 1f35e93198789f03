import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETUP_HEADER_OFFSET, SetupHeader } from '../bzimage.ts';
import * as elf from '../elf-layout.ts';

/** Kernel images for tests, a few hundred bytes each, whose every header field can be spoiled. */

export interface ElfSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Default: as many as there are bytes. */
  readonly memorySize?: number;
}

export interface ElfOptions {
  readonly bits?: 32 | 64;
  readonly segments: readonly ElfSegment[];
  /** The PVH entry point; without one there is no note. */
  readonly entry?: number;
  /** Notes before the entry note. */
  readonly otherNotes?: readonly Uint8Array[];
}

/** A kernel for the PVH boot protocol around `segments`: headers, notes, then the bytes. */
export function pvhElf(options: ElfOptions): Uint8Array {
  const { bits = 64, segments } = options;
  const ehdr = bits === 64 ? elf.Elf64Ehdr : elf.Elf32Ehdr;
  const phdrSize = bits === 64 ? elf.Elf64Phdr.size : elf.Elf32Phdr.size;
  const entryNote = options.entry === undefined ? [] : [note('Xen', elf.XEN_ELFNOTE_PHYS32_ENTRY, pointer(options.entry, bits))];
  const notes = concatenate([...(options.otherNotes ?? []), ...entryNote]);
  const headersEnd = ehdr.size + (segments.length + 1) * phdrSize;
  const chunks: Uint8Array[] = [new Uint8Array(headersEnd), notes];
  const view = new DataView(chunks[0]?.buffer ?? new ArrayBuffer(0));
  writeFileHeader(view, bits, segments.length + 1);
  let offset = headersEnd;
  writeProgramHeader(view, bits, ehdr.size, [elf.PT_NOTE, offset, 0, notes.length, notes.length]);
  offset += notes.length;
  for (const [index, { address, bytes, memorySize = bytes.length }] of segments.entries()) {
    writeProgramHeader(view, bits, ehdr.size + (index + 1) * phdrSize, [elf.PT_LOAD, offset, address, bytes.length, memorySize]);
    chunks.push(bytes);
    offset += bytes.length;
  }
  return concatenate(chunks);
}

/** A note with its name's NUL and the padding to 4 bytes. */
export function note(name: string, type: number, value: Uint8Array): Uint8Array {
  const nameSize = name.length + 1;
  const bytes = new Uint8Array(elf.ElfNhdr.size + roundUp4(nameSize) + roundUp4(value.length));
  const view = new DataView(bytes.buffer);
  elf.ElfNhdr.set.n_namesz(view, 0, nameSize);
  elf.ElfNhdr.set.n_descsz(view, 0, value.length);
  elf.ElfNhdr.set.n_type(view, 0, type);
  bytes.set(new TextEncoder().encode(name), elf.ElfNhdr.size);
  bytes.set(value, elf.ElfNhdr.size + roundUp4(nameSize));
  return bytes;
}

export interface BzImageOptions {
  readonly payload: Uint8Array;
  readonly version?: number;
  readonly preferredAddress?: number;
  readonly alignment?: number;
  readonly initSize?: number;
  readonly relocatable?: boolean;
  readonly initramfsLast?: number;
  readonly commandLineSize?: number;
}

/** A bzImage with one setup sector beside the boot sector. */
export function bzImage(options: BzImageOptions): Uint8Array {
  const payloadAt = 1024;
  const bytes = new Uint8Array(payloadAt + Math.ceil(options.payload.length / 16) * 16);
  const view = new DataView(bytes.buffer);
  const { set } = SetupHeader;
  set.setup_sects(view, SETUP_HEADER_OFFSET, 1);
  set.syssize(view, SETUP_HEADER_OFFSET, Math.ceil(options.payload.length / 16));
  set.boot_flag(view, SETUP_HEADER_OFFSET, 0xaa55);
  set.jump(view, SETUP_HEADER_OFFSET, 0x6aeb);
  set.header(view, SETUP_HEADER_OFFSET, 0x53726448);
  set.version(view, SETUP_HEADER_OFFSET, options.version ?? 0x020f);
  set.loadflags(view, SETUP_HEADER_OFFSET, 1);
  set.code32_start(view, SETUP_HEADER_OFFSET, 0x100000);
  set.initrd_addr_max(view, SETUP_HEADER_OFFSET, options.initramfsLast ?? 0x7fff_ffff);
  set.kernel_alignment(view, SETUP_HEADER_OFFSET, options.alignment ?? 0x20_0000);
  set.relocatable_kernel(view, SETUP_HEADER_OFFSET, (options.relocatable ?? true) ? 1 : 0);
  set.cmdline_size(view, SETUP_HEADER_OFFSET, options.commandLineSize ?? 2047);
  set.pref_address(view, SETUP_HEADER_OFFSET, BigInt(options.preferredAddress ?? 0x100_0000));
  set.init_size(view, SETUP_HEADER_OFFSET, options.initSize ?? 0x10_0000);
  bytes.set(options.payload, payloadAt);
  return bytes;
}

/** Runs `use` with a descriptor of a nameless file that holds `bytes`, made longer by a hole where `size` says so. */
export function withFile<T>(bytes: Uint8Array, use: (fd: number) => T, size = bytes.length): T {
  const folder = mkdtempSync(join(tmpdir(), 'boot-'));
  const fd = openSync(join(folder, 'image'), 'w+');
  rmSync(folder, { recursive: true });
  try {
    writeSync(fd, bytes, 0, bytes.length, 0);
    ftruncateSync(fd, size);
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function writeFileHeader(view: DataView, bits: 32 | 64, count: number): void {
  const layout = bits === 64 ? elf.Elf64Ehdr : elf.Elf32Ehdr;
  view.setUint32(0, elf.ELF_MAGIC, true);
  view.setUint8(elf.EI_CLASS, bits === 64 ? elf.ELFCLASS64 : elf.ELFCLASS32);
  view.setUint8(elf.EI_DATA, elf.ELFDATA2LSB);
  layout.set.e_type(view, 0, elf.ET_EXEC);
  layout.set.e_machine(view, 0, bits === 64 ? elf.EM_X86_64 : elf.EM_386);
  if (bits === 64) elf.Elf64Ehdr.set.e_phoff(view, 0, BigInt(layout.size));
  else elf.Elf32Ehdr.set.e_phoff(view, 0, layout.size);
  layout.set.e_phentsize(view, 0, bits === 64 ? elf.Elf64Phdr.size : elf.Elf32Phdr.size);
  layout.set.e_phnum(view, 0, count);
}

/** Of notes; others that load kernels divide by it. */
const ALIGNMENT = 4;

type Header = readonly [type: number, offset: number, physical: number, fileSize: number, memorySize: number];

function writeProgramHeader(view: DataView, bits: 32 | 64, at: number, header: Header): void {
  const [type, offset, physical, fileSize, memorySize] = header;
  if (bits === 64) {
    const { set } = elf.Elf64Phdr;
    set.p_type(view, at, type);
    set.p_offset(view, at, BigInt(offset));
    set.p_paddr(view, at, BigInt(physical));
    set.p_filesz(view, at, BigInt(fileSize));
    set.p_memsz(view, at, BigInt(memorySize));
    set.p_align(view, at, BigInt(ALIGNMENT));
    return;
  }
  const { set } = elf.Elf32Phdr;
  set.p_type(view, at, type);
  set.p_offset(view, at, offset);
  set.p_paddr(view, at, physical);
  set.p_filesz(view, at, fileSize);
  set.p_memsz(view, at, memorySize);
  set.p_align(view, at, ALIGNMENT);
}

function pointer(value: number, bits: 32 | 64): Uint8Array {
  const bytes = new Uint8Array(bits / 8);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function roundUp4(value: number): number {
  return Math.ceil(value / 4) * 4;
}
