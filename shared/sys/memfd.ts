import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, retryInterrupted, sysError } from './errno.ts';
import { cString, syscall } from './ffi.ts';
import { OwnedFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_HUGETLB = 4;
const MFD_HUGE_SHIFT = 26;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
export const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
export const F_SEAL_GROW = 4;

export interface MemfdOptions {
  /** Shown in /proc/PID/maps as /memfd:NAME. */
  readonly name: string;
  readonly size: number;
  /** Bytes of a huge page; a power of two the machine has. */
  readonly hugePageSize?: number;
}

/** Shared memory whose size nobody can change any more: a peer cannot make us fault by truncating it. */
export function createSealedMemfd(options: MemfdOptions): Result<OwnedFd, SysError> {
  const huge = options.hugePageSize === undefined ? 0 : MFD_HUGETLB | (Math.log2(options.hugePageSize) << MFD_HUGE_SHIFT);
  const name = cString(options.name);
  const fd = syscall(SYS.memfd_create, name.address, (MFD_CLOEXEC | MFD_ALLOW_SEALING | huge) >>> 0);
  if (fd < 0) return err(sysError(`memfd_create ${options.name}`, -fd));
  const owned = new OwnedFd(fd);
  const sized = retryInterrupted(() => syscall(SYS.ftruncate, fd, options.size));
  const sealed = sized < 0 ? sized : syscall(SYS.fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW);
  if (sealed < 0) {
    owned.close();
    return err(sysError(`size memfd ${options.name} to ${options.size} bytes`, -sealed));
  }
  return ok(owned);
}

/** The seals on a descriptor, or undefined where it can carry none (a file on a disk). */
export function sealsOf(fd: number): number | undefined {
  const seals = syscall(SYS.fcntl, fd, F_GET_SEALS);
  return seals < 0 ? undefined : seals;
}
