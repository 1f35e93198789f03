/**
 * A paused vCPU's whole state, as plain data: registers as KVM's own bytes. Taken and put back by the main thread, in the order
 * that KVM needs: what decides how others are read (CPUID, APIC mode) first, pending events last.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { CpuidEntry } from '../kvm/cpuid-entry.ts';
import type { KvmError } from '../kvm/error.ts';
import type { Kvm } from '../kvm/kvm.ts';
import { MTRR_MSRS } from '../kvm/msrs.ts';
import { KVM_CPUID_FLAG_SIGNIFCANT_INDEX as INDEXED, KvmNestedState, SIZE } from '../kvm/spec.ts';
import { type MsrValue, type RegisterFile, type Vcpu, registerFileSize } from '../kvm/vcpu.ts';

export const VCPU_STATE_VERSION = 1;

/** JSON-able: bytes are base64, MSR values hexadecimal. */
export interface SavedVcpu {
  readonly version: number;
  readonly id: number;
  readonly tscKhz: number;
  /** Rows of leaf, subleaf, flags, EAX, EBX, ECX, EDX. */
  readonly cpuid: readonly (readonly number[])[];
  /** Rows of index and value. */
  readonly msrs: readonly (readonly [number, string])[];
  readonly files: Readonly<Record<string, string>>;
  readonly xsave: string;
  /** Empty where the host has no nested virtualization. */
  readonly nested: string;
}

export type VcpuStateError =
  | KvmError
  | { readonly code: 'STATE_VERSION'; readonly version: number; readonly message: string }
  | { readonly code: 'STATE_MALFORMED'; readonly part: string; readonly message: string }
  | { readonly code: 'STATE_TSC'; readonly khz: number; readonly message: string }
  | { readonly code: 'STATE_MSRS'; readonly indices: readonly number[]; readonly message: string };

/** What the host's KVM can save, looked up once for all vCPUs. */
export interface StateFormat {
  readonly msrs: readonly number[];
  readonly xsaveSize: number;
  readonly nestedSize: number;
  readonly canScaleTsc: boolean;
  /** The register files, in the order in which they are restored, around XSAVE. */
  readonly before: readonly RegisterFile[];
  readonly after: readonly RegisterFile[];
}

/** The order in which register files are restored; the FPU's part of XSAVE comes again with its own call. */
const BEFORE_XSAVE: readonly RegisterFile[] = ['mpState', 'regs', 'sregs'];
const AFTER_XSAVE: readonly RegisterFile[] = ['xcrs', 'lapic', 'fpu', 'debugRegs'];
const MSR_TSC_DEADLINE = 0x6e0;
const MSR_IA32_FEAT_CTL = 0x3a;
/** KVM's own tolerance for a TSC that it does not scale. */
const TSC_TOLERANCE = 250e-6;

export function stateFormat(kvm: Kvm): Result<StateFormat, KvmError> {
  const listed = kvm.msrIndices();
  if (!listed.ok) return listed;
  return ok({
    // The deadline counts from the TSC, which comes first.
    msrs: [...new Set([...listed.value.filter((index) => index !== MSR_TSC_DEADLINE), ...MTRR_MSRS, MSR_TSC_DEADLINE])],
    xsaveSize: kvm.capability('KVM_CAP_XSAVE2'),
    nestedSize: kvm.capability('KVM_CAP_NESTED_STATE'),
    canScaleTsc: kvm.capability('KVM_CAP_TSC_CONTROL') > 0,
    before: BEFORE_XSAVE,
    // A processor without XSAVE has no XCR0.
    after: kvm.capability('KVM_CAP_XCRS') > 0 ? AFTER_XSAVE : AFTER_XSAVE.filter((file) => file !== 'xcrs'),
  });
}

/** The state of a vCPU that is paused: its last access is completed. */
export function saveVcpu(vcpu: Vcpu, format: StateFormat): Result<SavedVcpu, KvmError> {
  const files: Record<string, string> = {};
  for (const file of filesOf(format)) {
    const read = vcpu.read(file);
    if (!read.ok) return read;
    files[file] = base64(read.value.bytes);
  }
  const cpuid = vcpu.cpuid();
  if (!cpuid.ok) return cpuid;
  const msrs = vcpu.msrs(format.msrs);
  if (!msrs.ok) return msrs;
  const xsave = vcpu.xsave(format.xsaveSize);
  if (!xsave.ok) return xsave;
  const nested = format.nestedSize > 0 ? vcpu.nestedState(format.nestedSize) : ok(new Uint8Array(0));
  if (!nested.ok) return nested;
  const tscKhz = vcpu.tscKhz();
  if (!tscKhz.ok) return tscKhz;
  return ok({
    version: VCPU_STATE_VERSION,
    id: vcpu.id,
    tscKhz: tscKhz.value,
    cpuid: cpuid.value.map(({ leaf, subleaf, indexed, eax, ebx, ecx, edx }) => [leaf, subleaf, indexed ? INDEXED : 0, eax, ebx, ecx, edx]),
    msrs: msrs.value.map(({ index, data }) => [index, data.toString(16)]),
    files,
    xsave: base64(xsave.value),
    nested: base64(nested.value),
  });
}

/** Puts `saved` into a vCPU that has never run. What is malformed is refused before anything changes. */
export function restoreVcpu(vcpu: Vcpu, saved: SavedVcpu, format: StateFormat): Result<void, VcpuStateError> {
  return putBack(vcpu, saved, format, (cpuid) => vcpu.setCpuid(cpuid));
}

/** Puts what was saved of this same vCPU into it again, when it is paused. Its CPUID stays: KVM takes none once a vCPU has run. */
export function resetVcpu(vcpu: Vcpu, saved: SavedVcpu, format: StateFormat): Result<void, VcpuStateError> {
  return putBack(vcpu, saved, format, () => leaveVmx(vcpu));
}

/**
 * A guest that was a hypervisor itself is none any more: in VMX operation KVM refuses power-on's CR4. Written by us, a 0 in this MSR
 * ends it (KVM, vmx_set_msr); a processor without VMX refuses that, and has nothing to end. SVM ends with EFER.
 */
function leaveVmx(vcpu: Vcpu): Result<void, KvmError> {
  const left = vcpu.setMsrs([{ index: MSR_IA32_FEAT_CTL, data: 0n }]);
  return left.ok ? ok() : left;
}

function putBack(
  vcpu: Vcpu,
  saved: SavedVcpu,
  format: StateFormat,
  identify: (cpuid: CpuidEntry[]) => Result<void, KvmError>,
): Result<void, VcpuStateError> {
  const parsed = parse(saved, format);
  if (!parsed.ok) return parsed;
  const { cpuid, msrs, xsave, nested, files } = parsed.value;
  const write = (file: RegisterFile) => (): Result<void, KvmError> => vcpu.write(file, files.get(file) ?? new Uint8Array(0));
  const steps: (() => Result<void, VcpuStateError>)[] = [
    () => identify(cpuid),
    ...format.before.map(write),
    () => vcpu.setXsave(xsave),
    ...format.after.map(write),
    () => (nested.length > 0 ? vcpu.setNestedState(nested) : ok()),
    () => restoreTsc(vcpu, saved.tscKhz, format),
    () => restoreMsrs(vcpu, msrs),
    write('events'),
  ];
  for (const step of steps) {
    const done = step();
    if (!done.ok) return done;
  }
  return ok();
}

interface ParsedState {
  readonly cpuid: CpuidEntry[];
  readonly msrs: MsrValue[];
  readonly xsave: Uint8Array;
  readonly nested: Uint8Array;
  readonly files: ReadonlyMap<RegisterFile, Uint8Array>;
}

function parse(saved: SavedVcpu, format: StateFormat): Result<ParsedState, VcpuStateError> {
  const { version } = saved;
  if (version !== VCPU_STATE_VERSION) {
    return err({ code: 'STATE_VERSION', version, message: `saved vCPU state has version ${version}, not ${VCPU_STATE_VERSION}` });
  }
  const files = new Map<RegisterFile, Uint8Array>();
  const known = filesOf(format);
  const foreign = Object.keys(saved.files).find((name) => !known.some((file) => file === name));
  if (foreign !== undefined) return malformed(foreign, 'is nothing that this host knows');
  for (const file of known) {
    const bytes = Buffer.from(saved.files[file] ?? '', 'base64');
    if (bytes.length !== registerFileSize(file)) return malformed(file);
    files.set(file, bytes);
  }
  const xsave = Buffer.from(saved.xsave, 'base64');
  if (xsave.length < Math.max(format.xsaveSize, SIZE.kvm_xsave)) return malformed('xsave');
  const nested = Buffer.from(saved.nested, 'base64');
  if (nested.length > 0 && !nestedFits(nested)) return malformed('nested');
  const cpuid = saved.cpuid.map(([leaf = 0, subleaf = 0, flags = 0, eax = 0, ebx = 0, ecx = 0, edx = 0]) => {
    return { leaf, subleaf, indexed: (flags & INDEXED) !== 0, eax, ebx, ecx, edx };
  });
  if (!saved.msrs.every(([, value]) => /^[0-9a-f]{1,16}$/.test(value))) return malformed('msrs');
  const msrs = saved.msrs.map(([index, value]) => ({ index, data: BigInt(`0x${value}`) }));
  return ok({ cpuid, msrs, xsave, nested, files });
}

function filesOf({ before, after }: StateFormat): readonly RegisterFile[] {
  return [...before, ...after, 'events'];
}

function nestedFits(nested: Buffer): boolean {
  return nested.length >= KvmNestedState.size && nested.readUInt32LE(KvmNestedState.offset.size) <= nested.length;
}

function malformed(part: string, problem = 'is missing or has the wrong size'): Result<never, VcpuStateError> {
  return err({ code: 'STATE_MALFORMED', part, message: `saved vCPU state: ${part} ${problem}` });
}

function restoreTsc(vcpu: Vcpu, khz: number, { canScaleTsc }: StateFormat): Result<void, VcpuStateError> {
  const own = vcpu.tscKhz();
  if (!own.ok) return own;
  if (Math.abs(own.value - khz) <= khz * TSC_TOLERANCE) return ok();
  if (canScaleTsc) return vcpu.setTscKhz(khz);
  return err({ code: 'STATE_TSC', khz, message: `the saved vCPU has a TSC of ${khz} kHz; this host has ${own.value} and cannot scale it` });
}

/** What the host refuses must have been 0, or be so already (VMX's own while it is on): then nothing is lost by not setting it. */
function restoreMsrs(vcpu: Vcpu, msrs: readonly MsrValue[]): Result<void, VcpuStateError> {
  const refused = vcpu.setMsrs(msrs);
  if (!refused.ok) return refused;
  const present = vcpu.msrs(refused.value);
  if (!present.ok) return present;
  const isSo = ({ index, data }: MsrValue): boolean => data === 0n || present.value.some((has) => has.index === index && has.data === data);
  const indices = refused.value.filter((index) => msrs.some((msr) => msr.index === index && !isSo(msr)));
  if (indices.length === 0) return ok();
  const names = indices.map((index) => `0x${index.toString(16)}`).join(', ');
  return err({ code: 'STATE_MSRS', indices, message: `this host's KVM refuses the saved values of MSRs ${names}` });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
