/** Every engine, for tests that must hold with each. */
import { expect } from '#shared/lang/result.ts';
import { IORING_OP, IoUring } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineKind } from '../engine/open-engine.ts';
import { ThreadPool } from '../engine/thread-pool.ts';

export const ENGINES: readonly EngineKind[] = ['io_uring', 'threads'];
export const POOL_SCRIPT = new URL('../engine/worker.ts', import.meta.url);

/** The engine of this name, whatever the kernel allows. */
export function openKind(kind: EngineKind, files: readonly Fd[]): Engine {
  if (kind === 'threads') return new ThreadPool({ files, threads: 2, script: POOL_SCRIPT, tryReads: true });
  return expect(IoUring.create({ entries: 512, operations: Object.values(IORING_OP), files }), 'io_uring');
}
