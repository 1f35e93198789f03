import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { Result } from '../lang/result.ts';

/** A system call that the kernel refused. */
export interface SysError {
  readonly code: 'SYS';
  /** What was called, with what it was called on: `open /dev/kvm`. */
  readonly call: string;
  /** Positive errno. */
  readonly errno: number;
  /** `EACCES` */
  readonly name: string;
  /** `open /dev/kvm: permission denied (EACCES)` */
  readonly message: string;
}

const E = constants.errno;
export const EPERM = E.EPERM;
export const ENOENT = E.ENOENT;
export const EINTR = E.EINTR;
export const EIO = E.EIO;
export const EBADF = E.EBADF;
export const ENXIO = E.ENXIO;
export const EAGAIN = E.EAGAIN;
export const ENOMEM = E.ENOMEM;
export const EACCES = E.EACCES;
export const EFAULT = E.EFAULT;
export const EBUSY = E.EBUSY;
export const EEXIST = E.EEXIST;
export const ENODEV = E.ENODEV;
export const EINVAL = E.EINVAL;
export const ENOSPC = E.ENOSPC;
export const EFBIG = E.EFBIG;
export const EROFS = E.EROFS;
export const EPIPE = E.EPIPE;
export const ENOSYS = E.ENOSYS;
export const ETIME = E.ETIME;
export const ECANCELED = E.ECANCELED;
export const ECONNRESET = E.ECONNRESET;
export const ECONNABORTED = E.ECONNABORTED;
export const EOPNOTSUPP = E.EOPNOTSUPP;

/** The error of a call that returned `-errno`. */
export function sysError(call: string, errno: number): SysError {
  const known = getSystemErrorMap().get(-errno);
  const name = known?.[0] ?? `errno ${errno}`;
  return { code: 'SYS', call, errno, name, message: `${call}: ${known?.[1] ?? 'failed'} (${name})` };
}

/** The Result of a call in the kernel's convention: a value from 0 up, or `-errno`. */
export function toResult(call: string, value: number): Result<number, SysError> {
  return value < 0 ? { ok: false, error: sysError(call, -value) } : { ok: true, value };
}

/** Repeats a call that a signal interrupted. The only place that retries EINTR. */
export function retryInterrupted(call: () => number): number {
  for (;;) {
    const result = call();
    if (result !== -EINTR) return result;
  }
}
