import { type Result, err, ok } from '#shared/lang/result.ts';
import { readU53 } from '#shared/layout/fields.ts';
import type { ImageFault } from './boot-error.ts';
import * as elf from './elf-layout.ts';
import type { ImageFile } from './image-file.ts';
import type { PvhKernel, Segment } from './kernel-image.ts';

/** More program headers than any kernel has (Linux: 5), few enough to read at once. */
const MOST_PROGRAM_HEADERS = 128;
/** Linux's notes take 500 bytes; what comes after this many is not looked at. */
const MOST_NOTE_BYTES = 0x1_0000;
/** "Xen" and its NUL, little-endian. */
const XEN_NAME = 0x006e_6558;
const XEN_NAME_SIZE = 4;

/** A program header of either class. 64-bit fields that are no safe integer read as Infinity and fit nowhere. */
interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly physical: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

interface ProgramTable {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

export function isElf(head: DataView): boolean {
  return head.byteLength >= 4 && head.getUint32(0, true) === elf.ELF_MAGIC;
}

/** What an ELF with a PVH note loads, and where it is entered. `head` is the beginning of the file. */
export function parseElfKernel(file: ImageFile, head: DataView): Result<PvhKernel, ImageFault> {
  const table = parseFileHeader(file, head);
  if (!table.ok) return table;
  const headers = readProgramHeaders(file, table.value);
  if (!headers.ok) return headers;
  const segments = collectSegments(file, headers.value);
  if (!segments.ok) return segments;
  const entry = findPvhEntry(file, headers.value);
  return entry.ok ? ok({ protocol: 'pvh', entry: entry.value, segments: segments.value }) : entry;
}

function parseFileHeader(file: ImageFile, head: DataView): Result<ProgramTable, ImageFault> {
  const shortest = file.requirePart('ELF header', 0, elf.Elf32Ehdr.size);
  if (!shortest.ok) return shortest;
  const data = head.getUint8(elf.EI_DATA);
  if (data !== elf.ELFDATA2LSB) return malformed('the byte order (EI_DATA)', data);
  switch (head.getUint8(elf.EI_CLASS)) {
    case elf.ELFCLASS32:
      return checkFileHeader(head, {
        offset: elf.Elf32Ehdr.get.e_phoff(head, 0),
        entrySize: elf.Elf32Ehdr.get.e_phentsize(head, 0),
        count: elf.Elf32Ehdr.get.e_phnum(head, 0),
      });
    case elf.ELFCLASS64: {
      const whole = file.requirePart('ELF header', 0, elf.Elf64Ehdr.size);
      if (!whole.ok) return whole;
      return checkFileHeader(head, {
        offset: u53(head, elf.Elf64Ehdr.offset.e_phoff),
        entrySize: elf.Elf64Ehdr.get.e_phentsize(head, 0),
        count: elf.Elf64Ehdr.get.e_phnum(head, 0),
      });
    }
    default:
      return malformed('the class (EI_CLASS)', head.getUint8(elf.EI_CLASS));
  }
}

/** The fields up to e_version lie at the same offsets in both classes. */
function checkFileHeader(head: DataView, table: ProgramTable): Result<ProgramTable, ImageFault> {
  const machine = elf.Elf64Ehdr.get.e_machine(head, 0);
  if (machine !== elf.EM_X86_64 && machine !== elf.EM_386) return err({ code: 'WRONG_MACHINE', machine });
  const type = elf.Elf64Ehdr.get.e_type(head, 0);
  if (type !== elf.ET_EXEC && type !== elf.ET_DYN) return malformed('the type (e_type)', type);
  const wanted = head.getUint8(elf.EI_CLASS) === elf.ELFCLASS64 ? elf.Elf64Phdr.size : elf.Elf32Phdr.size;
  if (table.entrySize !== wanted) return malformed('the size of a program header (e_phentsize)', table.entrySize);
  const { count } = table;
  return count === 0 || count > MOST_PROGRAM_HEADERS ? malformed('the number of program headers (e_phnum)', count) : ok(table);
}

function readProgramHeaders(file: ImageFile, table: ProgramTable): Result<readonly ProgramHeader[], ImageFault> {
  const bytes = file.read('program header table', table.offset, table.count * table.entrySize);
  if (!bytes.ok) return bytes;
  const read = table.entrySize === elf.Elf64Phdr.size ? readHeader64 : readHeader32;
  return ok(Array.from({ length: table.count }, (_, index) => read(bytes.value, index * table.entrySize)));
}

function readHeader64(view: DataView, at: number): ProgramHeader {
  const { offset } = elf.Elf64Phdr;
  return {
    type: elf.Elf64Phdr.get.p_type(view, at),
    offset: u53(view, at + offset.p_offset),
    physical: u53(view, at + offset.p_paddr),
    fileSize: u53(view, at + offset.p_filesz),
    memorySize: u53(view, at + offset.p_memsz),
  };
}

function readHeader32(view: DataView, at: number): ProgramHeader {
  const { get } = elf.Elf32Phdr;
  return {
    type: get.p_type(view, at),
    offset: get.p_offset(view, at),
    physical: get.p_paddr(view, at),
    fileSize: get.p_filesz(view, at),
    memorySize: get.p_memsz(view, at),
  };
}

function collectSegments(file: ImageFile, headers: readonly ProgramHeader[]): Result<readonly Segment[], ImageFault> {
  const segments: Segment[] = [];
  for (const { type, offset, physical, fileSize, memorySize } of headers) {
    if (type !== elf.PT_LOAD || memorySize === 0) continue;
    if (fileSize > memorySize) return malformed('a segment’s size in the file (p_filesz)', fileSize);
    const inside = file.requirePart('segment', offset, fileSize);
    if (!inside.ok) return inside;
    segments.push({ start: physical, size: memorySize, loadAddress: physical, fileOffset: offset, fileSize });
  }
  return segments.length === 0 ? malformed('the number of loadable segments', 0) : ok(segments);
}

function findPvhEntry(file: ImageFile, headers: readonly ProgramHeader[]): Result<number, ImageFault> {
  for (const header of headers) {
    if (header.type !== elf.PT_NOTE) continue;
    const inside = file.requirePart('note segment', header.offset, header.fileSize);
    if (!inside.ok) return inside;
    const notes = file.read('note segment', header.offset, Math.min(header.fileSize, MOST_NOTE_BYTES));
    if (!notes.ok) return notes;
    // Notes are padded to 4 bytes; some linkers pad those of a 64-bit file to 8.
    const entry = findEntryNote(notes.value, 4) ?? findEntryNote(notes.value, 8);
    if (entry !== undefined) return ok(entry);
  }
  return err({ code: 'NO_PVH_NOTE' });
}

/** Each step goes on by at least the 12 bytes of a note's header, so the walk ends whatever the notes say. */
function findEntryNote(notes: DataView, padding: 4 | 8): number | undefined {
  const { get, size } = elf.ElfNhdr;
  let at = 0;
  while (at + size <= notes.byteLength) {
    const nameSize = get.n_namesz(notes, at);
    const valueSize = get.n_descsz(notes, at);
    const valueAt = roundUp(at + size + nameSize, padding);
    const end = valueAt + valueSize;
    if (end > notes.byteLength) return undefined;
    const isXen = nameSize === XEN_NAME_SIZE && notes.getUint32(at + size, true) === XEN_NAME;
    if (isXen && get.n_type(notes, at) === elf.XEN_ELFNOTE_PHYS32_ENTRY) return readEntry(notes, valueAt, valueSize);
    at = roundUp(end, padding);
  }
  return undefined;
}

/** A pointer of the kernel's own width. */
function readEntry(notes: DataView, at: number, size: number): number | undefined {
  if (size === 4) return notes.getUint32(at, true);
  return size === 8 ? u53(notes, at) : undefined;
}

function u53(view: DataView, at: number): number {
  return readU53(view, at) ?? Infinity;
}

function malformed(field: string, value: number): Result<never, ImageFault> {
  return err({ code: 'MALFORMED', field, value });
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
