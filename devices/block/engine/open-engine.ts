/** Which engine a data thread gets: io_uring, or threads where the kernel forbids that. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EACCES, EINVAL, ENOSYS, EPERM, type SysError } from '#shared/sys/errno.ts';
import { directAlignment } from '#shared/sys/direct-io.ts';
import { IORING_OP, IoUring } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { AlignedEngine } from './aligned-engine.ts';
import { EagerEngine } from './eager-engine.ts';
import type { Engine } from './engine.ts';
import { ThreadPool } from './thread-pool.ts';

export interface EngineOptions {
  /** Named by their position with IOSQE_FIXED_FILE: the image's files in their order, then the fence. Open until the engine is closed. */
  readonly files: readonly Fd[];
  /** What a thread of the pool runs: this folder's worker. */
  readonly script: URL;
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

/** The engine of the calling thread, which alone may use it. */
export function openEngine({ files, script }: EngineOptions): Result<OpenedEngine, SysError> {
  const alignments = files.map(directAlignment);
  const isDirect = alignments.some((alignment) => alignment !== undefined);
  const fit = (engine: Engine): Engine => (isDirect ? new AlignedEngine(engine, alignments) : new EagerEngine(engine, files));
  const made = IoUring.create({ entries: ENTRIES, operations: Object.values(IORING_OP), files });
  if (made.ok) return ok({ engine: fit(made.value), kind: 'io_uring', why: undefined });
  const { call, errno, name } = made.error;
  if (call !== 'io_uring_setup' || !FORBIDDEN.includes(errno)) return err(made.error);
  const engine = new ThreadPool({ files, threads: THREADS, script, tryReads: !isDirect });
  return ok({ engine: fit(engine), kind: 'threads', why: `io_uring is forbidden (${name}): requests are done by ${THREADS} threads` });
}
