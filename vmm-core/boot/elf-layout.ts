import { bytes, le16, le32, le64Bits } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';

/**
 * The parts of an ELF file that loading one needs (System V ABI, chapters 4 and 5). A file is its author's word only: the
 * 64-bit fields are read by `readU53` at their offsets, which refuses what cannot be an address.
 */

export const ELF_MAGIC = 0x464c_457f;
export const EI_CLASS = 4;
export const EI_DATA = 5;
export const ELFCLASS32 = 1;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const EM_386 = 3;
export const EM_X86_64 = 62;
export const PT_LOAD = 1;
export const PT_NOTE = 4;

export const Elf64Ehdr = struct('elf64_hdr', {
  e_ident: bytes(16),
  e_type: le16,
  e_machine: le16,
  e_version: le32,
  e_entry: le64Bits,
  e_phoff: le64Bits,
  e_shoff: le64Bits,
  e_flags: le32,
  e_ehsize: le16,
  e_phentsize: le16,
  e_phnum: le16,
  e_shentsize: le16,
  e_shnum: le16,
  e_shstrndx: le16,
});

export const Elf32Ehdr = struct('elf32_hdr', {
  e_ident: bytes(16),
  e_type: le16,
  e_machine: le16,
  e_version: le32,
  e_entry: le32,
  e_phoff: le32,
  e_shoff: le32,
  e_flags: le32,
  e_ehsize: le16,
  e_phentsize: le16,
  e_phnum: le16,
  e_shentsize: le16,
  e_shnum: le16,
  e_shstrndx: le16,
});

export const Elf64Phdr = struct('elf64_phdr', {
  p_type: le32,
  p_flags: le32,
  p_offset: le64Bits,
  p_vaddr: le64Bits,
  p_paddr: le64Bits,
  p_filesz: le64Bits,
  p_memsz: le64Bits,
  p_align: le64Bits,
});

export const Elf32Phdr = struct('elf32_phdr', {
  p_type: le32,
  p_offset: le32,
  p_vaddr: le32,
  p_paddr: le32,
  p_filesz: le32,
  p_memsz: le32,
  p_flags: le32,
  p_align: le32,
});

/** Name and descriptor follow, each padded. */
export const ElfNhdr = struct('elf64_note', { n_namesz: le32, n_descsz: le32, n_type: le32 });

/** Of notes named "Xen": the 32-bit protected-mode entry point as a physical address (PVH boot ABI). */
export const XEN_ELFNOTE_PHYS32_ENTRY = 18;
