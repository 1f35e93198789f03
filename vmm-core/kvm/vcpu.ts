/**
 * A vCPU's ioctls, made by any thread while the vCPU is not inside KVM_RUN (KVM makes others wait until it leaves). Register files
 * come and go as bytes; `registers.ts` reads the ones that are looked into.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EINVAL } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate, ioctl, ioctlStruct } from '#shared/sys/ffi.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { type CpuidEntry, cpuidBuffer, readCpuidEntries } from './cpuid-entry.ts';
import { type KvmError, kvmCallError, kvmDone, kvmResult } from './error.ts';
import {
  IOCTL,
  KvmCpuid2,
  KvmCpuidEntry2,
  KvmFpu,
  KvmLapicState,
  KvmMpState,
  KvmMsrEntry,
  KvmMsrs,
  KvmNestedState,
  KvmRegs,
  KvmSregs,
  SIZE,
} from './spec.ts';

/** The register files of fixed size: how they are read and written. */
const REGISTER_FILES = {
  regs: { get: 'KVM_GET_REGS', set: 'KVM_SET_REGS', size: KvmRegs.size },
  sregs: { get: 'KVM_GET_SREGS', set: 'KVM_SET_SREGS', size: KvmSregs.size },
  fpu: { get: 'KVM_GET_FPU', set: 'KVM_SET_FPU', size: KvmFpu.size },
  lapic: { get: 'KVM_GET_LAPIC', set: 'KVM_SET_LAPIC', size: KvmLapicState.size },
  mpState: { get: 'KVM_GET_MP_STATE', set: 'KVM_SET_MP_STATE', size: KvmMpState.size },
  xcrs: { get: 'KVM_GET_XCRS', set: 'KVM_SET_XCRS', size: SIZE.kvm_xcrs },
  events: { get: 'KVM_GET_VCPU_EVENTS', set: 'KVM_SET_VCPU_EVENTS', size: SIZE.kvm_vcpu_events },
  debugRegs: { get: 'KVM_GET_DEBUGREGS', set: 'KVM_SET_DEBUGREGS', size: SIZE.kvm_debugregs },
} as const satisfies Record<string, { get: keyof typeof IOCTL; set: keyof typeof IOCTL; size: number }>;

export type RegisterFile = keyof typeof REGISTER_FILES;

export function registerFileSize(file: RegisterFile): number {
  return REGISTER_FILES[file].size;
}

export interface MsrValue {
  readonly index: number;
  readonly data: bigint;
}

/** The kernel's bound on one KVM_GET_MSRS or KVM_SET_MSRS is 256. */
const MSRS_PER_CALL = 256;
const MOST_CPUID_ENTRIES = 256;

export class Vcpu {
  readonly fd: Fd;
  readonly id: number;

  /** Borrows `fd`. */
  constructor(fd: Fd, id: number) {
    this.fd = fd;
    this.id = id;
  }

  /** The bytes of one register file, in memory of its own. */
  read(file: RegisterFile): Result<NativeBuffer, KvmError> {
    const { get, size } = REGISTER_FILES[file];
    const buffer = allocate(size);
    const result = ioctlStruct(this.fd, IOCTL[get], buffer);
    return result < 0 ? err(this.#error(get, -result)) : ok(buffer);
  }

  write(file: RegisterFile, bytes: Uint8Array): Result<void, KvmError> {
    const { set, size } = REGISTER_FILES[file];
    return this.#set(set, bytes, size);
  }

  setCpuid(entries: readonly CpuidEntry[]): Result<void, KvmError> {
    return kvmDone(this.#name('KVM_SET_CPUID2'), ioctlStruct(this.fd, IOCTL.KVM_SET_CPUID2, cpuidBuffer(entries)));
  }

  cpuid(): Result<CpuidEntry[], KvmError> {
    const buffer = allocate(KvmCpuid2.size + MOST_CPUID_ENTRIES * KvmCpuidEntry2.size);
    KvmCpuid2.set.nent(buffer.view, 0, MOST_CPUID_ENTRIES);
    const result = ioctlStruct(this.fd, IOCTL.KVM_GET_CPUID2, buffer);
    return result < 0 ? err(this.#error('KVM_GET_CPUID2', -result)) : ok(readCpuidEntries(buffer.view));
  }

  /** The values of those of `indices` that this vCPU has. */
  msrs(indices: readonly number[]): Result<MsrValue[], KvmError> {
    const values: MsrValue[] = [];
    for (let next = 0; next < indices.length;) {
      const some = indices.slice(next, next + MSRS_PER_CALL).map((index) => ({ index, data: 0n }));
      const buffer = msrBuffer(some);
      const done = ioctlStruct(this.fd, IOCTL.KVM_GET_MSRS, buffer);
      if (done < 0) return err(this.#error('KVM_GET_MSRS', -done));
      for (let at = 0; at < done; at++) values.push(msrAt(buffer.view, at));
      // KVM stops at the first one that it refuses: leave that one out and go on behind it.
      next += done < some.length ? done + 1 : done;
    }
    return ok(values);
  }

  /** Sets the values in order; the indices of those that KVM refused. */
  setMsrs(values: readonly MsrValue[]): Result<number[], KvmError> {
    const refused: number[] = [];
    for (let next = 0; next < values.length;) {
      const some = values.slice(next, next + MSRS_PER_CALL);
      const done = ioctlStruct(this.fd, IOCTL.KVM_SET_MSRS, msrBuffer(some));
      if (done < 0) return err(this.#error('KVM_SET_MSRS', -done));
      const bad = some[done];
      if (bad !== undefined) refused.push(bad.index);
      next += bad === undefined ? done : done + 1;
    }
    return ok(refused);
  }

  /** `size` is KVM_CAP_XSAVE2's of the VM; 0 where the kernel has only the 4 KiB form. */
  xsave(size: number): Result<Uint8Array, KvmError> {
    const buffer = allocate(Math.max(size, SIZE.kvm_xsave));
    const call = size > 0 ? 'KVM_GET_XSAVE2' : 'KVM_GET_XSAVE';
    const result = ioctlStruct(this.fd, IOCTL[call], buffer);
    return result < 0 ? err(this.#error(call, -result)) : ok(buffer.bytes);
  }

  /** `bytes` must have at least the size that `xsave` would give here: the kernel reads so many. */
  setXsave(bytes: Uint8Array): Result<void, KvmError> {
    return this.#set('KVM_SET_XSAVE', bytes, bytes.length);
  }

  /** Nested virtualization's state; `size` is KVM_CAP_NESTED_STATE's, above 0. */
  nestedState(size: number): Result<Uint8Array, KvmError> {
    const buffer = allocate(Math.max(size, KvmNestedState.size));
    KvmNestedState.set.size(buffer.view, 0, size);
    const result = ioctlStruct(this.fd, IOCTL.KVM_GET_NESTED_STATE, buffer);
    if (result < 0) return err(this.#error('KVM_GET_NESTED_STATE', -result));
    return ok(buffer.bytes.subarray(0, Math.min(KvmNestedState.get.size(buffer.view, 0), buffer.bytes.length)));
  }

  /** The header in `bytes` must not promise more bytes than there are: the caller has checked it. */
  setNestedState(bytes: Uint8Array): Result<void, KvmError> {
    return this.#set('KVM_SET_NESTED_STATE', bytes, bytes.length);
  }

  tscKhz(): Result<number, KvmError> {
    return kvmResult(this.#name('KVM_GET_TSC_KHZ'), ioctl(this.fd, IOCTL.KVM_GET_TSC_KHZ, 0));
  }

  setTscKhz(khz: number): Result<void, KvmError> {
    return kvmDone(this.#name('KVM_SET_TSC_KHZ'), ioctl(this.fd, IOCTL.KVM_SET_TSC_KHZ, khz));
  }

  /** Which signals are blocked inside KVM_RUN alone: struct kvm_signal_mask. */
  setSignalMask(mask: NativeBuffer): Result<void, KvmError> {
    return kvmDone(this.#name('KVM_SET_SIGNAL_MASK'), ioctlStruct(this.fd, IOCTL.KVM_SET_SIGNAL_MASK, mask));
  }

  /** Tells the guest that it was stopped, so that its watchdogs forgive the gap. One that keeps no kvmclock has no place for that. */
  notifyClockPaused(): Result<void, KvmError> {
    const done = ioctl(this.fd, IOCTL.KVM_KVMCLOCK_CTRL, 0);
    return done === -EINVAL ? ok() : kvmDone(this.#name('KVM_KVMCLOCK_CTRL'), done);
  }

  #set(call: keyof typeof IOCTL, bytes: Uint8Array, size: number): Result<void, KvmError> {
    const buffer = allocate(size);
    buffer.bytes.set(bytes.subarray(0, size));
    return kvmDone(this.#name(call), ioctlStruct(this.fd, IOCTL[call], buffer));
  }

  #name(call: string): string {
    return `${call} of vCPU ${this.id}`;
  }

  #error(call: string, errno: number): KvmError {
    return kvmCallError(this.#name(call), errno);
  }
}

function msrBuffer(values: readonly MsrValue[]): NativeBuffer {
  const buffer = allocate(KvmMsrs.size + values.length * KvmMsrEntry.size);
  KvmMsrs.set.nmsrs(buffer.view, 0, values.length);
  for (const [index, value] of values.entries()) {
    const at = KvmMsrs.size + index * KvmMsrEntry.size;
    KvmMsrEntry.set.index(buffer.view, at, value.index);
    KvmMsrEntry.set.data(buffer.view, at, value.data);
  }
  return buffer;
}

function msrAt(view: DataView, index: number): MsrValue {
  const at = KvmMsrs.size + index * KvmMsrEntry.size;
  return { index: KvmMsrEntry.get.index(view, at), data: KvmMsrEntry.get.data(view, at) };
}
