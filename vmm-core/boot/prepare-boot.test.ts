import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { PlatformConfig } from '#shared/config/vm-config.ts';
import { expect as value } from '#shared/lang/result.ts';
import { readU53 } from '#shared/layout/fields.ts';
import { MIB } from '../memory/layout.ts';
import { planMemory } from '../memory/map.ts';
import { type BootError, type BootPayload, GuestWindows, describeBootError, prepareBoot } from './index.ts';
import { bzImage, pvhElf, withFile } from './testing/kernel-images.ts';

const CODE = Uint8Array.of(0xb0, 0x41, 0xba, 0xf8, 0x03, 0xee, 0xf4);
const PVH = pvhElf({ segments: [{ address: 0x100_0000, bytes: CODE, memorySize: 0x1800 }], entry: 0x100_0000 });
const LINUX = bzImage({ payload: CODE });
const RAM_SIZE = 32 * MIB;

interface Attempt {
  readonly image: Uint8Array;
  readonly firmware?: boolean;
  readonly initramfs?: Uint8Array;
  /** Made longer by a hole. */
  readonly initramfsSize?: number;
  readonly commandLine?: string;
  readonly identity?: Partial<PlatformConfig>;
}

/** Boots into two windows, so that whatever crosses 16 MiB - 4 crosses from one into the other. */
function attempt(options: Attempt) {
  const memory = new Uint8Array(RAM_SIZE);
  const seam = 16 * MIB + 4;
  const ram = new GuestWindows([
    { start: 0, bytes: memory.subarray(0, seam) },
    { start: seam, bytes: memory.subarray(seam) },
  ]);
  const map = value(planMemory({ ramSize: RAM_SIZE, physicalBits: 46 }), 'planMemory');
  const common = { map, processors: { apicIds: [0, 1], bootCount: 2 }, hasSerial: true, identity: { oemStrings: [], ...options.identity } };
  const { initramfs, commandLine = 'console=ttyS0' } = options;
  const boot = (payload: BootPayload) => ({ memory, view: new DataView(memory.buffer), result: prepareBoot({ ...common, payload }, ram) });
  return withFile(options.image, (fd) => {
    if (options.firmware === true) return boot({ kind: 'firmware', firmware: { fd, path: '/fw' } });
    const kernel = { fd, path: '/vmlinux' };
    if (initramfs === undefined) return boot({ kind: 'kernel', kernel, commandLine });
    const withInitramfs = (second: number) => boot({ kind: 'kernel', kernel, commandLine, initramfs: { fd: second, path: '/initrd' } });
    return withFile(initramfs, withInitramfs, options.initramfsSize);
  });
}

function booted(options: Attempt) {
  const { memory, view, result } = attempt(options);
  return { memory, view, state: value(result, 'prepareBoot') };
}

function refusal(options: Attempt): { error: BootError; line: string } {
  const { result } = attempt(options);
  if (result.ok) throw new Error('was not refused');
  return { error: result.error, line: describeBootError(result.error) };
}

function text(memory: Uint8Array, at: number, length: number): string {
  return Buffer.from(memory.subarray(at, at + length)).toString('latin1');
}

function sum(memory: Uint8Array, at: number, length: number): number {
  return memory.subarray(at, at + length).reduce((total, byte) => total + byte, 0) & 0xff;
}

describe('boot over PVH', () => {
  it('the guest finds start_info, module, memory map, command line and RSDP', () => {
    const initramfs = new Uint8Array(5000).fill(0x5a);
    const { memory, view, state } = booted({ image: PVH, initramfs });
    expect(state.registers).to.deep.equal({ rip: 0x100_0000, rflags: 2, rsp: 0, rbx: 0x6000, rsi: 0 });
    const u64 = (at: number) => readU53(view, at);
    expect(view.getUint32(0x6000, true)).to.equal(0x336ec578);
    expect(view.getUint32(0x6004, true)).to.equal(1);
    expect(view.getUint32(0x600c, true)).to.equal(1);
    expect([u64(0x6010), u64(0x6018), u64(0x6020), u64(0x6028)]).to.deep.equal([0x6040, 0x20000, 0xa0000, 0x7000]);
    expect(view.getUint32(0x6030, true)).to.equal(3);
    const start = RAM_SIZE - 8192;
    expect([u64(0x6040), u64(0x6048)]).to.deep.equal([start, 5000]);
    expect(memory.subarray(start, start + 5000)).to.deep.equal(initramfs);
    expect([u64(0x7000), u64(0x7008), view.getUint32(0x7010, true)]).to.deep.equal([0, 0xa0000, 1]);
    expect([u64(0x7018), u64(0x7020), view.getUint32(0x7028, true)]).to.deep.equal([MIB, 31 * MIB, 1]);
    expect([u64(0x7030), u64(0x7038), view.getUint32(0x7040, true)]).to.deep.equal([0xe8000000, 0x10000000, 2]);
    expect(text(memory, 0x20000, 14)).to.equal('console=ttyS0\0');
    expect(text(memory, 0xa0000, 8)).to.equal('RSD PTR ');
    expect(memory.subarray(0x100_0000, 0x100_0000 + CODE.length)).to.deep.equal(CODE);
  });

  it('without an initramfs -> no module', () => {
    const { view } = booted({ image: PVH });
    expect(view.getUint32(0x600c, true)).to.equal(0);
    expect(readU53(view, 0x6010)).to.equal(0);
  });

  it('firmware -> no command line, no module', () => {
    const { view, state } = booted({ image: PVH, firmware: true });
    expect(state.protocol).to.equal('pvh');
    expect(view.getUint8(0x20000)).to.equal(0);
    expect(view.getUint32(0x600c, true)).to.equal(0);
  });

  it('the processor starts in flat protected mode with the tables it is told of', () => {
    const { view, state } = booted({ image: PVH });
    const { systemRegisters: system } = state;
    expect([0, 8, 16, 24, 32].map((at) => view.getBigUint64(0x500 + at, true))).to.deep.equal([
      0n,
      0x00cf9b000000ffffn,
      0x00cf93000000ffffn,
      0x00008b0000000067n,
      0n,
    ]);
    const flat = { base: 0, limit: 0xffff_ffff, present: 1, dpl: 0, db: 1, s: 1, l: 0, g: 1 };
    expect(system.cs).to.deep.equal({ ...flat, selector: 8, type: 0xb });
    expect(system.ds).to.deep.equal({ ...flat, selector: 16, type: 3 });
    expect(system.tr).to.deep.equal({ base: 0, limit: 0x67, selector: 24, type: 0xb, present: 1, dpl: 0, db: 0, s: 0, l: 0, g: 0 });
    expect(system.gdt).to.deep.equal({ base: 0x500, limit: 31 });
    expect(system.idt).to.deep.equal({ base: 0x520, limit: 7 });
    expect([system.cr0, system.cr4]).to.deep.equal([1, 0]);
  });

  it('the EBDA pointer, SMBIOS and the MP table are where old guests look', () => {
    const { memory, view } = booted({ image: PVH });
    expect(view.getUint16(0x40e, true)).to.equal(0xa000);
    expect(text(memory, 0xf0000, 5)).to.equal('_SM3_');
    expect(sum(memory, 0xf0000, 24)).to.equal(0);
    const mp = Math.ceil((0xf0018 + view.getUint32(0xf000c, true)) / 16) * 16;
    expect(text(memory, mp, 4)).to.equal('_MP_');
    expect(sum(memory, mp, 16)).to.equal(0);
    const table = view.getUint32(mp + 4, true);
    expect(text(memory, table, 4)).to.equal('PCMP');
    expect(sum(memory, table, view.getUint16(table + 4, true))).to.equal(0);
    expect(text(memory, table + 8, 20)).to.equal('FC      000000000000');
    expect(view.getUint16(table + 34, true)).to.equal(2 + 1 + 1 + 16 + 2);
    expect(view.getUint16(table + 4, true)).to.equal(44 + 2 * 20 + 20 * 8);
  });

  it('nothing else of the first MiB is written', () => {
    const { memory, view } = booted({ image: PVH });
    const smbiosEnd = 0xf0018 + view.getUint32(0xf000c, true);
    const known = [
      [0x40e, 0x410], [0x500, 0x528], [0x6000, 0x6060], [0x7000, 0x7048], [0x20000, 0x2000e], [0xa0000, 0xa1000], [0xf0000, smbiosEnd + 1024],
    ] as const; // prettier-ignore
    for (const [from, to] of known) memory.fill(0, from, to);
    expect(memory.subarray(0, MIB).every((byte) => byte === 0)).to.equal(true);
  });
});

describe('boot of a bzImage', () => {
  it('the guest finds its header filled in, the memory map, the initramfs and the RSDP in the zero page', () => {
    const { memory, view, state } = booted({ image: LINUX, initramfs: new Uint8Array(4096).fill(0x5a) });
    expect(state.registers).to.deep.equal({ rip: 0x100_0000, rflags: 2, rsp: 0x8ff0, rbx: 0, rsi: 0x7000 });
    expect(readU53(view, 0x7070)).to.equal(0xa0000);
    expect(text(memory, 0x7202, 4)).to.equal('HdrS');
    expect(view.getUint8(0x7210)).to.equal(0xff);
    expect(view.getUint8(0x7211)).to.equal(0x41);
    expect(view.getUint32(0x7214, true)).to.equal(0x100_0000);
    expect(view.getUint32(0x7218, true)).to.equal(RAM_SIZE - 4096);
    expect(view.getUint32(0x721c, true)).to.equal(4096);
    expect(view.getUint32(0x7228, true)).to.equal(0x20000);
    expect(view.getUint8(0x71e8)).to.equal(3);
    expect([readU53(view, 0x72d0), readU53(view, 0x72d8), view.getUint32(0x72e0, true)]).to.deep.equal([0, 0xa0000, 1]);
    expect([readU53(view, 0x72e4), readU53(view, 0x72ec), view.getUint32(0x72f4, true)]).to.deep.equal([MIB, 31 * MIB, 1]);
    expect([readU53(view, 0x72f8), readU53(view, 0x7300), view.getUint32(0x7308, true)]).to.deep.equal([0xe8000000, 0x10000000, 2]);
    // The sentinel: a boot loader that copied too much of the file's first sectors would set it.
    expect(view.getUint8(0x71ef)).to.equal(0);
    expect(memory.subarray(0x100_0000, 0x100_0000 + CODE.length)).to.deep.equal(CODE);
  });

  it('an initramfs stays below the kernel’s limit', () => {
    const image = bzImage({ payload: CODE, initramfsLast: 0x1ff_0fff - MIB });
    expect(booted({ image, initramfs: new Uint8Array(4096) }).state.initramfs).to.deep.equal({ start: 0x1ff_0000 - MIB, size: 4096 });
  });
});

describe('boot refuses', () => {
  const rows: readonly [string, Attempt, BootError['code'], RegExp][] = [
    ['an empty initramfs', { image: PVH, initramfs: new Uint8Array(0) }, 'EMPTY', /^initramfs "\/initrd" is empty: /],
    [
      'an initramfs as large as memory',
      { image: PVH, initramfs: Uint8Array.of(1), initramfsSize: RAM_SIZE },
      'DOES_NOT_FIT',
      /33554432 bytes, and 16769024 are free beside the kernel; give the VM more memory/,
    ],
    [
      'an initramfs of 8 GiB, without reading it',
      { image: LINUX, initramfs: Uint8Array.of(1), initramfsSize: 2 ** 33 },
      'DOES_NOT_FIT',
      /8589934592 bytes/,
    ],
    ['a long command line (PVH)', { image: PVH, commandLine: 'x'.repeat(65536) }, 'COMMAND_LINE_TOO_LONG', /65536 bytes .* at most 65535/],
    [
      'a long command line (bzImage)',
      { image: LINUX, commandLine: 'x'.repeat(2048) },
      'COMMAND_LINE_TOO_LONG',
      /2048 bytes .* at most 2047/,
    ],
    ['a long command line in bytes', { image: LINUX, commandLine: 'é'.repeat(1024) }, 'COMMAND_LINE_TOO_LONG', /2048 bytes/],
    ['a NUL in the command line', { image: PVH, commandLine: 'a\0b' }, 'COMMAND_LINE_HAS_NUL', /position 1/],
    ['firmware that is text', { image: CODE, firmware: true }, 'NOT_A_KERNEL', /^firmware "\/fw" is not a kernel/],
    ['strings past 64 KiB', { image: PVH, identity: { oemStrings: ['x'.repeat(70_000)] } }, 'IDENTITY_TOO_LONG', /at most 65512/],
    ['a NUL in a string', { image: PVH, identity: { oemStrings: ['a', 'b\0'] } }, 'IDENTITY_HAS_NUL', /oemStrings/],
  ];
  for (const [name, options, code, line] of rows) {
    it(`${name} -> ${code}`, () => {
      const refused = refusal(options);
      expect(refused.error.code).to.equal(code);
      expect(refused.line).to.match(line).and.not.contain('\n');
    });
  }

  it('the longest command lines fit', () => {
    const { memory } = booted({ image: PVH, commandLine: 'x'.repeat(65535) });
    expect(text(memory, 0x20000, 65536)).to.equal(`${'x'.repeat(65535)}\0`);
    booted({ image: LINUX, commandLine: 'x'.repeat(2047) });
  });

  it('an initramfs that fits to the last page', () => {
    const { state } = booted({ image: PVH, initramfs: Uint8Array.of(1), initramfsSize: 16769024 });
    expect(state.initramfs?.start).to.equal(0x100_2000);
  });
});

describe('boot of Debian’s packaged kernel', () => {
  const [packaged] = (existsSync('/boot') ? readdirSync('/boot') : []).filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name));
  it('its header reaches the zero page', function () {
    if (packaged === undefined) return this.skip();
    const fd = openSync(`/boot/${packaged}`, 'r');
    try {
      const memory = new Uint8Array(128 * MIB);
      const map = value(planMemory({ ramSize: memory.length, physicalBits: 46 }), 'planMemory');
      const payload = { kind: 'kernel', kernel: { fd, path: packaged }, commandLine: 'console=ttyS0' } as const;
      const options = { map, payload, processors: { apicIds: [0], bootCount: 1 }, hasSerial: true, identity: { oemStrings: [] } };
      const state = value(prepareBoot(options, new GuestWindows([{ start: 0, bytes: memory }])), 'prepareBoot');
      expect(state.protocol).to.equal('linux32');
      const view = new DataView(memory.buffer);
      expect(text(memory, 0x7202, 4)).to.equal('HdrS');
      expect(view.getUint32(0x7214, true)).to.equal(state.entry);
      // startup_32 begins with CLD, CLI.
      expect(Buffer.from(memory.subarray(state.entry, state.entry + 2)).toString('hex')).to.equal('fcfa');
    } finally {
      closeSync(fd);
    }
  });
});
