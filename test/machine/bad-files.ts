/** Files that no machine can be started from, and a few that one can, under short names in a folder. */
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { bzImage, pvhElf } from '../../vmm-core/boot/testing/kernel-images.ts';

const ENTRY = 0x10_0000;
/** mov dx, 0x3f8; mov al, '!'; out dx, al */
const SAY = [0x66, 0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee];
/** mov dx, 0x600; mov al, 0x34; out dx, al: off */
const POWER_OFF = [0x66, 0xba, 0x00, 0x06, 0xb0, 0x34, 0xee];
/** cli; a: hlt; jmp a */
const HALT = [0xfa, 0xf4, 0xeb, 0xfd];
/** lidt of a table of zeros behind the code; ud2: a triple fault */
const FAULT = [0x0f, 0x01, 0x1d, 0x00, 0x01, 0x10, 0x00, 0x0f, 0x0b];
/** mov eax, 0xd0000000; jmp eax: to where there is no memory */
const JUMP_NOWHERE = [0xb8, 0x00, 0x00, 0x00, 0xd0, 0xff, 0xe0];
/** Where e_machine is in an ELF header. */
const MACHINE_AT = 18;
const AARCH64 = 183;
const MIB = 2 ** 20;

/** `off` is a kernel that says `!` and powers off; `stay` says it and stays; `fault` and `nowhere` say it and fail. */
export function makeFiles(folder: string): void {
  const file = (name: string, bytes: Uint8Array | string): void => writeFileSync(join(folder, name), bytes);
  const sized = (name: string, size: number): void => {
    file(name, '');
    truncateSync(join(folder, name), size);
  };
  const off = kernel([...SAY, ...POWER_OFF, ...HALT]);
  file('off', off);
  file('stay', kernel([...SAY, ...HALT]));
  file('fault', kernel([...SAY, ...FAULT]));
  file('nowhere', kernel([...SAY, ...JUMP_NOWHERE]));
  file('empty', '');
  file('one-byte', '\x7f');
  file('text', 'this is no kernel\n'.repeat(100));
  file('gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3));
  file('cut-header', off.slice(0, 20));
  file('cut', off.slice(0, -5));
  file('no-note', pvhElf({ segments: [{ address: ENTRY, bytes: Uint8Array.from(HALT) }] }));
  file('large', pvhElf({ segments: [{ address: ENTRY, bytes: Uint8Array.from(HALT), memorySize: 600 * MIB }], entry: ENTRY }));
  file('aarch64', off.with(MACHINE_AT, AARCH64));
  const bz = bzImage({ payload: new Uint8Array(5000), commandLineSize: 255 });
  file('bzimage', bz);
  file('cut-bzimage', bz.slice(0, 3000));
  file('initramfs', 'x'.repeat(100));
  sized('large-initramfs', 600 * MIB);
  sized('disk', MIB);
  sized('disk2', MIB);
  file('odd-disk', 'x'.repeat(1000));
  writeFileSync(join(folder, 'qcow2-disk'), `QFI\u00fb${'\0'.repeat(508)}`, 'latin1');
  for (let index = 1; index <= 31; index++) sized(`d${index}`, 4096);
  mkdirSync(join(folder, 'folder'));
  symlinkSync('no-such-file', join(folder, 'dangling'));
  symlinkSync('loop', join(folder, 'loop'));
  spawnSync('mkfifo', [join(folder, 'pipe')]);
  file('secret', off);
  chmodSync(join(folder, 'secret'), 0o600);
}

function kernel(code: readonly number[]): Uint8Array {
  return pvhElf({ segments: [{ address: ENTRY, bytes: Uint8Array.from(code) }], entry: ENTRY });
}
