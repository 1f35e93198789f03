/** Who serves some of a disk's rings: this thread's `RingSet`, or another thread that does as it is told. */
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { Result } from '#shared/lang/result.ts';
import type { GuestMemory, LogPlace } from '#shared/memory/index.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { RingError, RingStart } from '#shared/vhost-user/backend/index.ts';
import type { BucketMemory } from './limits/rate-limiter.ts';

/** A queue that runs, for whoever looks after the device. */
export interface QueueState {
  readonly index: number;
  readonly size: number;
  readonly enabled: boolean;
  readonly inFlight: number;
  /** What made the ring unusable. */
  readonly fault: string | undefined;
}

/** Every call is done when it returns. Rings that a call names and that do not run are passed over, but by `stop`. */
export interface RingHost {
  /** None of its rings runs. It uses no memory of before any more. */
  setMemory(memory: GuestMemory): void;
  start(start: RingStart, writeThrough: boolean): Result<void, RingError>;
  /** Ends the ring's requests under way; the next index to take from its available ring. */
  stop(index: number): number;
  setCall(index: number, callFd: Fd | undefined): void;
  setKick(index: number, kickFd: Fd | undefined): void;
  setEnabled(index: number, enabled: boolean): void;
  /** Every write to guest memory, in this table and in those to come, is noted there; undefined: no more. */
  setLog(log: LogPlace | undefined): void;
  /** The guest address under which writes to the used ring are noted; undefined: they are not. */
  setRingLog(index: number, usedLog: number | undefined): void;
  queues(): readonly QueueState[];
  /** Writes that complete from now on, and all before them, are durable; or need not be. */
  setWriteThrough(on: boolean): void;
  setSectors(sectors: number): void;
  /** From now on. The buckets are in `memory`, or where they were: others take from them too. What waited is looked at anew. */
  setLimits(limits: RateLimits, memory: BucketMemory | undefined): void;
  /** Takes no more requests until `release`; calls `done`, later, when those under way have ended. One caller at a time. */
  hold(done: () => void): void;
  /** The opposite; whoever waited for the requests under way waits no more. */
  release(): void;
}
