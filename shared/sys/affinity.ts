/** Which CPUs of the host a thread may run on (sched_setaffinity(2)). A thread that is made inherits what its maker has then. */
import { type Result, err, ok } from '../lang/result.ts';
import { EINVAL, type SysError, sysError } from './errno.ts';
import { type NativeBuffer, allocate, syscall } from './ffi.ts';
import { SYS } from './syscall-numbers.ts';

/** More CPUs than any kernel is built for. */
const MAX_CPUS = 8192;
const SELF = 0;

export type AffinityError = { readonly code: 'NO_SUCH_CPU'; readonly cpu: number } | SysError;

/** A set as the kernel has it. */
export type CpuSet = NativeBuffer;

/** Where the calling thread may run. */
export function threadAffinity(): Result<CpuSet, SysError> {
  const set = allocate(MAX_CPUS / 8);
  const got = syscall(SYS.sched_getaffinity, SELF, set.bytes.length, set.address);
  return got < 0 ? err(sysError('sched_getaffinity', -got)) : ok(set);
}

/** Has the calling thread run on CPUs of `set` alone. */
export function setThreadAffinity(set: CpuSet): Result<void, SysError> {
  const result = syscall(SYS.sched_setaffinity, SELF, set.bytes.length, set.address);
  return result < 0 ? err(sysError('sched_setaffinity', -result)) : ok();
}

/** A set of these CPUs, each of which has to be there for the calling thread, or could be. */
export function cpuSet(cpus: readonly number[]): Result<CpuSet, AffinityError> {
  const before = threadAffinity();
  if (!before.ok) return before;
  try {
    const set = allocate(MAX_CPUS / 8);
    for (const cpu of cpus) {
      // The kernel overlooks CPUs that it does not have beside some that it has.
      const usable = add(set, cpu) ? setThreadAffinity(only(cpu)) : err(sysError('sched_setaffinity', EINVAL));
      if (!usable.ok) return err(usable.error.errno === EINVAL ? { code: 'NO_SUCH_CPU', cpu } : usable.error);
    }
    return ok(set);
  } finally {
    setThreadAffinity(before.value);
  }
}

function only(cpu: number): CpuSet {
  const set = allocate(MAX_CPUS / 8);
  add(set, cpu);
  return set;
}

/** False where there can be no such CPU. */
function add({ bytes }: CpuSet, cpu: number): boolean {
  if (!Number.isInteger(cpu) || cpu < 0 || cpu >= MAX_CPUS) return false;
  bytes[cpu >> 3] = (bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return true;
}
