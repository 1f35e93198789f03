/**
 * What the session's thread and a thread that serves one queue say to each other.
 *
 * An order travels over a message port; an eventfd wakes the thread, which sleeps in its engine and takes what is in the port by itself.
 * The session's thread waits for the answer on a word of shared memory: an order is done when the call that gave it returns.
 */
import type { MessagePort } from 'node:worker_threads';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { Result } from '#shared/lang/result.ts';
import type { LogPlace, MemoryRegion } from '#shared/memory/index.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { RingError, RingStart } from '#shared/vhost-user/backend/index.ts';
import type { BucketMemory } from '../limits/rate-limiter.ts';
import type { QueueState } from '../ring-host.ts';
import type { RingSetOptions } from '../ring-set.ts';

export type ThreadOrder =
  | { readonly kind: 'memory'; readonly regions: readonly MemoryRegion[] }
  | { readonly kind: 'start'; readonly start: RingStart; readonly writeThrough: boolean }
  | { readonly kind: 'stop'; readonly index: number }
  | { readonly kind: 'call'; readonly index: number; readonly fd: Fd | undefined }
  | { readonly kind: 'kick'; readonly index: number; readonly fd: Fd | undefined }
  | { readonly kind: 'enable'; readonly index: number; readonly enabled: boolean }
  | { readonly kind: 'log'; readonly log: LogPlace | undefined }
  | { readonly kind: 'ring-log'; readonly index: number; readonly usedLog: number | undefined }
  | { readonly kind: 'queues' }
  | { readonly kind: 'write-through'; readonly on: boolean }
  | { readonly kind: 'sectors'; readonly sectors: number }
  | { readonly kind: 'limits'; readonly limits: RateLimits; readonly buckets: BucketMemory | undefined }
  /** The word IDLE is set to `hold` when the requests under way have ended. */
  | { readonly kind: 'hold'; readonly hold: number }
  | { readonly kind: 'release' };

/** What an order asks for. */
export interface ThreadAnswer {
  readonly kind: 'answer';
  readonly started?: Result<void, RingError>;
  readonly nextAvailable?: number;
  readonly queues?: readonly QueueState[];
}

/** What comes from the thread: answers, and what is to be said to whoever looks after the process. */
export type FromThread = ThreadAnswer | { readonly kind: 'log'; readonly line: string };

/** Positions of words that both have. */
export const WORD = { ready: 0, answers: 1, idle: 2 } as const;
export const WORDS = 3;

/** What a thread is told when it begins. */
export interface ThreadData {
  readonly rings: Omit<RingSetOptions, 'buckets'>;
  readonly buckets: BucketMemory | undefined;
  /** The address of a group's memory, where the buckets are its. */
  readonly groupAddress: number | undefined;
  readonly imageFd: Fd;
  /** A file whose lock must live as long as the last request: the engine keeps it. */
  readonly fenceFd: Fd | undefined;
  /** What a thread runs that does requests where io_uring is forbidden: a URL. */
  readonly poolScript: string;
  /** Undefined: any. */
  readonly hostCpus: readonly number[] | undefined;
  readonly port: MessagePort;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** Wakes the thread. */
  readonly wakeFd: Fd;
  /** Wakes the session's thread: a line has come, or the word IDLE. */
  readonly newsFd: Fd;
}
