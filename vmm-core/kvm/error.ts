import { type SysError, sysError } from '#shared/sys/errno.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

/** Why KVM cannot be used, or what it refused. `message` is one line for the user. */
export type KvmError =
  | { readonly code: 'KVM_MISSING'; readonly path: string; readonly message: string }
  | { readonly code: 'KVM_PERMISSION'; readonly path: string; readonly message: string }
  | { readonly code: 'KVM_VERSION'; readonly version: number; readonly message: string }
  | { readonly code: 'KVM_CAPABILITY'; readonly capability: string; readonly message: string }
  | { readonly code: 'KVM_CALL'; readonly call: string; readonly cause: SysError; readonly message: string };

/** The Result of an ioctl in the kernel's convention: a value from 0 up, or `-errno`. `call` is its C name. */
export function kvmResult(call: string, value: number): Result<number, KvmError> {
  return value < 0 ? err(kvmCallError(call, -value)) : ok(value);
}

/** The same where the value means nothing. */
export function kvmDone(call: string, value: number): Result<void, KvmError> {
  return value < 0 ? err(kvmCallError(call, -value)) : ok();
}

export function kvmCallError(call: string, errno: number): KvmError {
  const cause = sysError(call, errno);
  return { code: 'KVM_CALL', call, cause, message: `KVM refused ${cause.message}` };
}
