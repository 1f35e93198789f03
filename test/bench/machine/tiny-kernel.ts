/** Kernels of a dozen instructions for the PVH boot protocol, which every monitor here boots. */
import { writeFileSync } from 'node:fs';
import { pvhElf } from '../../../vmm-core/boot/testing/kernel-images.ts';

const ENTRY = 0x10_0000;

/** The byte that a tiny guest writes to its serial port. */
export const GUEST_BYTE = '!'.charCodeAt(0);

/** mov dx, 0x3f8; mov al, '!'; out dx, al */
const SAY = [0x66, 0xba, 0xf8, 0x03, 0xb0, GUEST_BYTE, 0xee];
/** mov dx, 0x600; mov al, 0x34; out dx, al: ACPI's S5, where the monitor has its sleep register there. */
const POWER_OFF = [0x66, 0xba, 0x00, 0x06, 0xb0, 0x34, 0xee];
/** cli; a: hlt; jmp a */
const HALT = [0xfa, 0xf4, 0xeb, 0xfd];
/** a: out dx, al; jmp a */
const SAY_ON = [0xee, 0xeb, 0xfd];

const CODE = {
  /** Writes its byte and powers off. */
  'say-and-end': [...SAY, ...POWER_OFF, ...HALT],
  /** Writes its byte and sleeps for good. */
  'say-and-halt': [...SAY, ...HALT],
  /** Writes its byte without end: as many exits as the machine can serve. */
  'say-on': [...SAY, ...SAY_ON],
} as const;

export type TinyProgram = keyof typeof CODE;

export function writeTinyKernel(path: string, program: TinyProgram): void {
  writeFileSync(path, pvhElf({ segments: [{ address: ENTRY, bytes: Uint8Array.from(CODE[program]) }], entry: ENTRY }));
}
