/** Which engine a data thread gets: io_uring, or threads where the kernel forbids that. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EACCES, EINVAL, ENOSYS, EPERM, type SysError } from '#shared/sys/errno.ts';
import { syscall } from '#shared/sys/ffi.ts';
import { IORING_OP, IoUring } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import type { Engine } from './engine.ts';
import { ThreadPool } from './thread-pool.ts';

export interface EngineOptions {
  /** Named by their position with IOSQE_FIXED_FILE: the image's files in their order, then the fence. Open until the engine is closed. */
  readonly files: readonly Fd[];
  /** What a thread of the pool runs: this folder's worker. Without it there is io_uring or nothing. */
  readonly script?: URL;
}

export type EngineKind = 'io_uring' | 'threads';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly kind: EngineKind;
  /** What to tell the user of it, in one line: why it is not io_uring. */
  readonly why: string | undefined;
}

const ENTRIES = 512;
/** Each costs 11 MB, and none may be made once a device is sealed. */
const THREADS = 4;
/**
 * A sysctl (kernel.io_uring_disabled) or a filter of system calls forbids it, the kernel was built without it, or it is too old for the
 * flags that we need.
 */
const FORBIDDEN: readonly number[] = [EPERM, EACCES, ENOSYS, EINVAL];
const F_GETFL = 3;
const O_DIRECT = 0o40000;

/** The engine of the calling thread, which alone may use it. */
export function openEngine({ files, script }: EngineOptions): Result<OpenedEngine, SysError> {
  const made = IoUring.create({ entries: ENTRIES, operations: Object.values(IORING_OP), files });
  if (made.ok) return ok({ engine: made.value, kind: 'io_uring', why: undefined });
  const { call, errno, name } = made.error;
  if (script === undefined || call !== 'io_uring_setup' || !FORBIDDEN.includes(errno)) return err(made.error);
  const engine = new ThreadPool({ files, threads: THREADS, script, tryReads: !files.some(isDirect) });
  return ok({ engine, kind: 'threads', why: `io_uring is forbidden (${name}): requests are done by ${THREADS} threads` });
}

/** Whether what is read and written goes around the page cache. */
function isDirect(fd: Fd): boolean {
  return (syscall(SYS.fcntl, fd, F_GETFL) & O_DIRECT) !== 0;
}
