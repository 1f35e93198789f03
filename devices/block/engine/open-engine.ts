/** Which engine a data thread gets: io_uring. */
import { type Result, ok } from '#shared/lang/result.ts';
import type { SysError } from '#shared/sys/errno.ts';
import { IORING_OP, IoUring } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { Engine } from './engine.ts';

export interface EngineOptions {
  /** Named by their position with IOSQE_FIXED_FILE: the image's files in their order, then the fence. Open until the engine is closed. */
  readonly files: readonly Fd[];
}

export interface OpenedEngine {
  readonly engine: Engine;
  readonly kind: EngineKind;
}

export type EngineKind = 'io_uring';

const ENTRIES = 512;

/** The engine of the calling thread, which alone may use it. */
export function openEngine({ files }: EngineOptions): Result<OpenedEngine, SysError> {
  const made = IoUring.create({ entries: ENTRIES, operations: Object.values(IORING_OP), files });
  return made.ok ? ok({ engine: made.value, kind: 'io_uring' }) : made;
}
