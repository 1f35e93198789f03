/** Every engine, for tests that must hold with each. */
import { expect } from '#shared/lang/result.ts';
import { IORING_OP, IoUring } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { EagerEngine } from '../engine/eager-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { ThreadPool } from '../engine/thread-pool.ts';

export const ENGINES = ['io_uring', 'threads', 'io_uring, eager', 'threads, eager'] as const;
export type TestedEngine = (typeof ENGINES)[number];
export const POOL_SCRIPT = new URL('../engine/worker.ts', import.meta.url);

/** The engine of this name, whatever the kernel allows. */
export function openKind(kind: TestedEngine, files: readonly Fd[]): Engine {
  switch (kind) {
    case 'io_uring':
      return expect(IoUring.create({ entries: 512, operations: Object.values(IORING_OP), files }), 'io_uring');
    case 'threads':
      return new ThreadPool({ files, threads: 2, script: POOL_SCRIPT, tryReads: true });
    case 'io_uring, eager':
      return new EagerEngine(openKind('io_uring', files), files);
    case 'threads, eager':
      return new EagerEngine(openKind('threads', files), files);
  }
}
