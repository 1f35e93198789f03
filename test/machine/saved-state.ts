/** A saved machine's state file, as a test looks at it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Counts time (Intel SDM volume 4, table 2-2). */
const MSR_TSC = 0x10;

export interface SavedVcpuFile {
  readonly files: Readonly<Record<string, string>>;
  readonly xsave: string;
  readonly nested: string;
  readonly cpuid: readonly (readonly number[])[];
  readonly msrs: readonly (readonly [number, string])[];
}

export interface SavedFile {
  readonly memorySize: number;
  readonly vcpus: readonly SavedVcpuFile[];
  readonly slices: readonly { readonly name: string; readonly version: number; readonly bytes: string }[];
  readonly queues: Readonly<Record<string, readonly number[]>>;
}

export function readState(path: string): SavedFile {
  return JSON.parse(readFileSync(path, 'utf8')).content;
}

/** The text of a state file with its content changed, and the checksum with it. */
export function changeState(text: string, change: (saved: SavedFile) => object): string {
  const state = JSON.parse(text);
  const content = change(state.content);
  return JSON.stringify({ ...state, content, sha256: createHash('sha256').update(JSON.stringify(content)).digest('hex') });
}

/** Every register of every vCPU but the one that counts time. */
export function registersOf({ vcpus }: SavedFile): unknown {
  return vcpus.map(({ files, xsave, nested, cpuid, msrs }) => {
    return { files, xsave, nested, cpuid, msrs: msrs.filter(([index]) => index !== MSR_TSC) };
  });
}

/** The first vCPU's TSC. */
export function ticksOf({ vcpus }: SavedFile): bigint {
  const [, value = '0'] = vcpus[0]?.msrs.find(([index]) => index === MSR_TSC) ?? [];
  return BigInt(`0x${value}`);
}

/** Every device's registers, but for the two that a restore makes anew: the timer's distance to the host's, and the count of BAR moves. */
export function devicesOf({ slices }: SavedFile): unknown {
  return slices.map(({ name, version, bytes }) => {
    const contents = Buffer.from(bytes, 'base64');
    const anew = RESTORED_ANEW[name];
    if (anew !== undefined) contents.fill(0, anew, anew + 4);
    return { name, version, contents: contents.toString('hex') };
  });
}

const RESTORED_ANEW: Readonly<Record<string, number>> = { 'pm-timer': 0, 'pci-root': 8 };

/** Of struct kvm_regs, in its order. */
const REGISTERS = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rsp',
  'rbp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
  'rip',
] as const;

export function register({ vcpus }: SavedFile, name: (typeof REGISTERS)[number]): number {
  const regs = Buffer.from(vcpus[0]?.files['regs'] ?? '', 'base64');
  return Number(regs.readBigUInt64LE(REGISTERS.indexOf(name) * 8));
}
