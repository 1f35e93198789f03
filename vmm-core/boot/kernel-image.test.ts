import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as value } from '#shared/lang/result.ts';
import { GIB, LOW_RAM_END, MIB } from '../memory/layout.ts';
import { type ImageFault, describeBootError } from './boot-error.ts';
import { SETUP_HEADER_OFFSET, SetupHeader } from './bzimage.ts';
import * as elf from './elf-layout.ts';
import { GuestWindows } from './guest-writer.ts';
import { ImageFile } from './image-file.ts';
import { type KernelImage, loadKernel, parseKernel } from './kernel-image.ts';
import { bzImage, note, pvhElf, withFile } from './testing/kernel-images.ts';

const RAM = [{ start: 0, size: 64 * MIB }];
const CODE = Uint8Array.of(0xb0, 0x41, 0xba, 0xf8, 0x03, 0xee, 0xf4);

function parse(bytes: Uint8Array, ranges = RAM, size = bytes.length) {
  return withFile(
    bytes,
    (fd) => {
      const file = ImageFile.inspect(fd);
      return file.ok ? parseKernel(file.value, ranges) : file;
    },
    size,
  );
}

function parsed(bytes: Uint8Array, ranges = RAM): KernelImage {
  return value(parse(bytes, ranges), 'parseKernel');
}

/** The fault, after checking that it can be told to a person in one line. */
function fault(bytes: Uint8Array, ranges = RAM, size = bytes.length): ImageFault {
  const result = parse(bytes, ranges, size);
  if (result.ok) throw new Error('was not refused');
  const line = describeBootError({ image: { role: 'kernel', path: '/k' }, ...result.error });
  expect(line).to.match(/^kernel "\/k" [^\n]+[:;(] ?[^\n]+$/);
  return result.error;
}

function goodElf(bits: 32 | 64 = 64): Uint8Array {
  return pvhElf({ bits, segments: [{ address: 0x100_0000, bytes: CODE, memorySize: 0x3000 }], entry: 0x100_0000 });
}

/** A good ELF64 with `poke` applied to it: the file header is at 0, the note's header at 64, the segment's at 120. */
function spoiltElf(poke: (view: DataView) => void): Uint8Array {
  const bytes = goodElf();
  poke(new DataView(bytes.buffer));
  return bytes;
}

function spoiltBzImage(poke: (view: DataView) => void): Uint8Array {
  const bytes = bzImage({ payload: CODE });
  poke(new DataView(bytes.buffer));
  return bytes;
}

describe('ELF kernel', () => {
  for (const bits of [32, 64] as const) {
    it(`${bits}-bit with a PVH note -> entry and segments`, () => {
      const kernel = parsed(goodElf(bits));
      expect(kernel.protocol).to.equal('pvh');
      expect(kernel.entry).to.equal(0x100_0000);
      expect(kernel.segments).to.have.lengthOf(1);
      expect(kernel.segments[0]).to.include({ start: 0x100_0000, size: 0x3000, loadAddress: 0x100_0000, fileSize: CODE.length });
    });
  }

  it('other notes before the entry note -> are stepped over', () => {
    const otherNotes = [
      note('GNU', 3, new Uint8Array(20)),
      note('Xen', 6, Uint8Array.of(1, 2, 3)),
      note('Linux', 18, new Uint8Array(8)),
      note('', 18, new Uint8Array(0)),
    ];
    const bytes = pvhElf({ segments: [{ address: MIB, bytes: CODE }], entry: MIB + 2, otherNotes });
    expect(parsed(bytes).entry).to.equal(MIB + 2);
  });

  it('notes padded to 8 bytes -> the entry is found', () => {
    const padded = new Uint8Array(24);
    padded.set(note('Xen', 6, Uint8Array.of(1, 2, 3, 4)));
    const bytes = pvhElf({ segments: [{ address: MIB, bytes: CODE }], entry: MIB, otherNotes: [padded] });
    expect(parsed(bytes).entry).to.equal(MIB);
  });

  it('two segments, one without bytes in the file -> loaded, and the rest of memory is untouched', () => {
    const bytes = pvhElf({
      segments: [
        { address: 2 * MIB, bytes: CODE },
        { address: 3 * MIB, bytes: new Uint8Array(0), memorySize: 0x1000 },
      ],
      entry: 2 * MIB,
    });
    const memory = new Uint8Array(4 * MIB);
    const ram = new GuestWindows([{ start: 0, bytes: memory }]);
    withFile(bytes, (fd) => {
      const file = value(ImageFile.inspect(fd), 'inspect');
      const kernel = value(parseKernel(file, ram.ranges), 'parse');
      value(loadKernel(file, kernel, ram), 'load');
    });
    expect(memory.subarray(2 * MIB, 2 * MIB + CODE.length)).to.deep.equal(CODE);
    memory.fill(0, 2 * MIB, 2 * MIB + CODE.length);
    expect(memory.every((byte) => byte === 0)).to.equal(true);
  });

  const PHDR_NOTE = 64;
  const PHDR_LOAD = 120;
  const { offset } = elf.Elf64Phdr;
  const bad: readonly [string, ImageFault['code'], (view: DataView) => void][] = [
    ['machine is arm64', 'WRONG_MACHINE', (view) => view.setUint16(18, 183, true)],
    ['big-endian', 'MALFORMED', (view) => view.setUint8(elf.EI_DATA, 2)],
    ['class 3', 'MALFORMED', (view) => view.setUint8(elf.EI_CLASS, 3)],
    ['relocatable object', 'MALFORMED', (view) => view.setUint16(16, 1, true)],
    ['no program headers', 'MALFORMED', (view) => view.setUint16(56, 0, true)],
    ['65535 program headers', 'MALFORMED', (view) => view.setUint16(56, 0xffff, true)],
    ['program header size 0', 'MALFORMED', (view) => view.setUint16(54, 0, true)],
    ['program header size 32 in a 64-bit file', 'MALFORMED', (view) => view.setUint16(54, 32, true)],
    ['program headers beyond the file', 'TRUNCATED', (view) => view.setUint32(32, 0x10_0000, true)],
    ['program headers at 2^63', 'TRUNCATED', (view) => view.setUint32(36, 0x8000_0000, true)],
    ['segment bytes beyond the file', 'TRUNCATED', (view) => view.setUint32(PHDR_LOAD + offset.p_offset, 0x7fff_ffff, true)],
    ['more in the file than in memory', 'MALFORMED', (view) => view.setUint32(PHDR_LOAD + offset.p_memsz, 1, true)],
    ['memory size 0: nothing to load', 'MALFORMED', (view) => view.setUint32(PHDR_LOAD + offset.p_memsz, 0, true)],
    ['memory size 2^64-1', 'OUTSIDE_RAM', (view) => view.setBigUint64(PHDR_LOAD + offset.p_memsz, 0xffff_ffff_ffff_ffffn, true)],
    ['address 2^64-4096', 'OUTSIDE_RAM', (view) => view.setBigUint64(PHDR_LOAD + offset.p_paddr, 0xffff_ffff_ffff_f000n, true)],
    ['address 2^53-4096', 'OUTSIDE_RAM', (view) => view.setBigUint64(PHDR_LOAD + offset.p_paddr, 2n ** 53n - 4096n, true)],
    ['address in the 32-bit hole', 'OUTSIDE_RAM', (view) => view.setUint32(PHDR_LOAD + offset.p_paddr, 0xc000_0000, true)],
    ['address below 1 MiB', 'BELOW_1_MIB', (view) => view.setUint32(PHDR_LOAD + offset.p_paddr, 0x9_f000, true)],
    ['address 0', 'BELOW_1_MIB', (view) => view.setUint32(PHDR_LOAD + offset.p_paddr, 0, true)],
    ['larger than memory', 'LARGER_THAN_MEMORY', (view) => view.setUint32(PHDR_LOAD + offset.p_memsz, 64 * MIB, true)],
    ['beyond memory', 'LARGER_THAN_MEMORY', (view) => view.setUint32(PHDR_LOAD + offset.p_paddr, 128 * MIB, true)],
    ['note beyond the file', 'TRUNCATED', (view) => view.setUint32(PHDR_NOTE + offset.p_filesz, 0xffff, true)],
    ['note segment empty', 'NO_PVH_NOTE', (view) => view.setUint32(PHDR_NOTE + offset.p_filesz, 0, true)],
    ['note segment cut in its header', 'NO_PVH_NOTE', (view) => view.setUint32(PHDR_NOTE + offset.p_filesz, 11, true)],
    ['note of another type', 'NO_PVH_NOTE', (view) => view.setUint32(176 + 8, 17, true)],
    ['note of another name', 'NO_PVH_NOTE', (view) => view.setUint8(176 + 12, 0x59)],
    ['note name of 4 GiB', 'NO_PVH_NOTE', (view) => view.setUint32(176, 0xffff_ffff, true)],
    ['note value of 4 GiB', 'NO_PVH_NOTE', (view) => view.setUint32(176 + 4, 0xffff_ffff, true)],
    ['note value of 2 bytes', 'NO_PVH_NOTE', (view) => view.setUint32(176 + 4, 2, true)],
    ['entry outside of the segments', 'ENTRY_OUTSIDE_IMAGE', (view) => view.setUint32(176 + 16, 0x100_3000, true)],
    ['entry at 2^64-1', 'ENTRY_OUTSIDE_IMAGE', (view) => view.setBigUint64(176 + 16, 0xffff_ffff_ffff_ffffn, true)],
  ];
  for (const [name, code, poke] of bad) {
    it(`${name} -> ${code}`, () => {
      expect(fault(spoiltElf(poke)).code).to.equal(code);
    });
  }

  it('overlapping segments -> SEGMENTS_OVERLAP', () => {
    const segments = [
      { address: 2 * MIB, bytes: CODE, memorySize: 0x2000 },
      { address: 2 * MIB + 0x1000, bytes: CODE },
    ];
    expect(fault(pvhElf({ segments, entry: 2 * MIB }))).to.deep.equal({
      code: 'SEGMENTS_OVERLAP',
      address: 2 * MIB + 0x1000,
      otherEnd: 2 * MIB + 0x2000,
    });
  });

  it('across the end of low memory -> OUTSIDE_RAM, though memory goes on at 4 GiB', () => {
    const ranges = [
      { start: 0, size: LOW_RAM_END },
      { start: 4 * GIB, size: GIB },
    ];
    const segments = [{ address: LOW_RAM_END - 0x1000, bytes: CODE, memorySize: 0x2000 }];
    expect(fault(pvhElf({ segments, entry: LOW_RAM_END - 0x1000 }), ranges).code).to.equal('OUTSIDE_RAM');
  });

  it('without a note -> NO_PVH_NOTE', () => {
    expect(fault(pvhElf({ segments: [{ address: MIB, bytes: CODE }] })).code).to.equal('NO_PVH_NOTE');
  });

  it('cut at any byte -> refused, never loaded', () => {
    const bytes = goodElf();
    for (let size = 1; size < bytes.length; size++) expect(fault(bytes.slice(0, size)).code).to.be.oneOf(['TRUNCATED', 'NOT_A_KERNEL']);
  });
});

describe('bzImage', () => {
  it('relocatable -> at its preferred address with its header and limits', () => {
    const kernel = parsed(bzImage({ payload: CODE, commandLineSize: 99, initramfsLast: 0x1fff_ffff }));
    if (kernel.protocol !== 'linux32') throw new Error(kernel.protocol);
    expect(kernel.entry).to.equal(0x100_0000);
    expect(kernel.segments).to.deep.equal([
      { start: 0x100_0000, size: 0x10_0000, loadAddress: 0x100_0000, fileOffset: 1024, fileSize: 16 },
    ]);
    expect(kernel.setupHeader.length).to.equal(0x202 + 0x6a - 0x1f1);
    expect(kernel.commandLineMost).to.equal(99);
    expect(kernel.initramfsLast).to.equal(0x1fff_ffff);
  });

  it('preferred address not aligned -> raised to the alignment', () => {
    expect(parsed(bzImage({ payload: CODE, preferredAddress: 0x100_0001 })).entry).to.equal(0x120_0000);
    expect(parsed(bzImage({ payload: CODE, preferredAddress: 0 })).entry).to.equal(0x20_0000);
  });

  it('not relocatable -> loaded at 1 MiB, takes memory up to where it moves itself', () => {
    const kernel = parsed(bzImage({ payload: CODE, relocatable: false }));
    expect(kernel.entry).to.equal(MIB);
    expect(kernel.segments[0]).to.include({ start: MIB, size: 0x110_0000 - MIB, loadAddress: MIB });
  });

  it('a command line longer than its place -> limited to the place', () => {
    const kernel = parsed(bzImage({ payload: CODE, commandLineSize: 0xffff_ffff }));
    expect(kernel.protocol === 'linux32' && kernel.commandLineMost).to.equal(0xffff);
  });

  it('bytes after the kernel (a signature) -> not loaded', () => {
    const bytes = bzImage({ payload: new Uint8Array(32).fill(7) });
    const longer = new Uint8Array(bytes.length + 700);
    longer.set(bytes);
    expect(parsed(longer).segments[0]?.fileSize).to.equal(32);
  });

  const at = (name: keyof typeof SetupHeader.offset): number => SETUP_HEADER_OFFSET + SetupHeader.offset[name];
  const bad: readonly [string, ImageFault['code'], (view: DataView) => void][] = [
    ['protocol 2.11', 'BZIMAGE_TOO_OLD', (view) => view.setUint16(at('version'), 0x020b, true)],
    ['protocol 0', 'BZIMAGE_TOO_OLD', (view) => view.setUint16(at('version'), 0, true)],
    ['zImage', 'MALFORMED', (view) => view.setUint8(at('loadflags'), 0)],
    ['header end before its fields', 'MALFORMED', (view) => view.setUint16(at('jump'), 0x10eb, true)],
    ['header end behind its place', 'MALFORMED', (view) => view.setUint16(at('jump'), 0xffeb, true)],
    ['kernel of 0 bytes', 'MALFORMED', (view) => view.setUint32(at('syssize'), 0, true)],
    ['kernel of 64 GiB', 'TRUNCATED', (view) => view.setUint32(at('syssize'), 0xffff_ffff, true)],
    ['255 setup sectors', 'TRUNCATED', (view) => view.setUint8(at('setup_sects'), 255)],
    ['default setup sectors', 'TRUNCATED', (view) => view.setUint8(at('setup_sects'), 0)],
    ['alignment 0', 'MALFORMED', (view) => view.setUint32(at('kernel_alignment'), 0, true)],
    ['alignment 3', 'MALFORMED', (view) => view.setUint32(at('kernel_alignment'), 3, true)],
    ['alignment 2 GiB', 'MALFORMED', (view) => view.setUint32(at('kernel_alignment'), 0x8000_0000, true)],
    ['preferred address 2^64-1', 'MALFORMED', (view) => view.setBigUint64(at('pref_address'), 0xffff_ffff_ffff_ffffn, true)],
    ['preferred address 4 GiB-1', 'OUTSIDE_RAM', (view) => view.setUint32(at('pref_address'), 0xffff_ffff, true)],
    ['memory needed: 4 GiB-1', 'OUTSIDE_RAM', (view) => view.setUint32(at('init_size'), 0xffff_ffff, true)],
    ['memory needed: 64 MiB', 'LARGER_THAN_MEMORY', (view) => view.setUint32(at('init_size'), 64 * MIB, true)],
  ];
  for (const [name, code, poke] of bad) {
    it(`${name} -> ${code}`, () => {
      expect(fault(spoiltBzImage(poke)).code).to.equal(code);
    });
  }

  it('cut at any byte -> refused, never loaded', () => {
    const bytes = bzImage({ payload: new Uint8Array(64) });
    // The last paragraph may be short by up to 15 bytes.
    for (let size = 1; size <= bytes.length - 16; size++)
      expect(fault(bytes.slice(0, size)).code).to.be.oneOf(['TRUNCATED', 'NOT_A_KERNEL']);
  });

  const packaged = (existsSync('/boot') ? readdirSync('/boot') : []).filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name));
  for (const name of packaged) {
    it(`Debian's ${name} -> loads at its preferred address, ends before its signature`, () => {
      const fd = openSync(`/boot/${name}`, 'r');
      try {
        const file = value(ImageFile.inspect(fd), 'inspect');
        const kernel = value(parseKernel(file, [{ start: 0, size: 512 * MIB }]), 'parse');
        if (kernel.protocol !== 'linux32') throw new Error(kernel.protocol);
        expect(kernel.entry).to.equal(0x100_0000);
        expect(kernel.commandLineMost).to.equal(2047);
        const [segment] = kernel.segments;
        expect(segment?.fileOffset).to.equal((readFileSync(`/boot/${name}`)[0x1f1] ?? 0) * 512 + 512);
        expect(segment?.fileSize).to.be.within(5 * MIB, file.size);
        const tight = parseKernel(file, [{ start: 0, size: 32 * MIB }]);
        expect(tight.ok ? '' : tight.error.code).to.equal('LARGER_THAN_MEMORY');
      } finally {
        closeSync(fd);
      }
    });
  }
});

describe('kernel file', () => {
  it('empty -> EMPTY', () => {
    expect(fault(new Uint8Array(0)).code).to.equal('EMPTY');
  });

  it('text, zeros, gzip, one byte -> NOT_A_KERNEL', () => {
    const files = [
      new TextEncoder().encode('#!/bin/sh\nexit 0\n'),
      new Uint8Array(4096),
      Uint8Array.of(0x1f, 0x8b, 8, 0),
      Uint8Array.of(0x7f),
    ];
    for (const bytes of files) expect(fault(bytes).code).to.equal('NOT_A_KERNEL');
  });

  it('a directory -> NOT_A_FILE', () => {
    const fd = openSync('/tmp', 'r');
    try {
      const result = ImageFile.inspect(fd);
      expect(result.ok ? '' : result.error.code).to.equal('NOT_A_FILE');
    } finally {
      closeSync(fd);
    }
  });

  it('a descriptor that may not be read -> UNREADABLE with the reason', () => {
    const path = join(tmpdir(), `boot-unreadable-${process.pid}`);
    const fd = openSync(path, 'w');
    try {
      rmSync(path);
      writeSync(fd, goodElf());
      const result = parseKernel(value(ImageFile.inspect(fd), 'inspect'), RAM);
      expect(result.ok ? '' : result.error.code).to.equal('UNREADABLE');
    } finally {
      closeSync(fd);
    }
  });
});
