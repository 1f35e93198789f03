/**
 * Who serves one queue: the session's thread until the queue's own has loaded, and then that.
 *
 * A thread takes a tenth of a second of a CPU to load, and a process that takes over from a dead one has a guest that waits.
 */
import { assert } from '#shared/lang/assert.ts';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { Result } from '#shared/lang/result.ts';
import type { GuestMemory, LogPlace } from '#shared/memory/index.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { RingError, RingStart } from '#shared/vhost-user/backend/index.ts';
import type { BucketMemory } from '../limits/rate-limiter.ts';
import type { QueueState, RingHost } from '../ring-host.ts';
import type { DataThread } from './data-thread.ts';

/** A ring as it runs, for its start elsewhere. */
interface Running {
  start: RingStart;
  writeThrough: boolean;
  host: RingHost;
}

/** The session's own rings. */
export interface SessionRings extends RingHost {
  /** As `stop`, of a ring that goes on elsewhere. */
  leave(index: number): number;
}

export class QueueHost implements RingHost {
  readonly #session: SessionRings;
  readonly #thread: DataThread;
  /** What the thread is to be told when it can listen. */
  readonly #untold = new Map<string, (thread: DataThread) => void>();
  #hasThread = false;
  #running: Running | undefined;

  /** `session` is told itself of what concerns all its rings. */
  constructor(session: SessionRings, thread: DataThread) {
    this.#session = session;
    this.#thread = thread;
  }

  /** Whether the queue's thread has taken over. */
  get hasThread(): boolean {
    return this.#hasThread;
  }

  /** The thread begins to load. */
  begin(): void {
    this.#thread.begin();
  }

  /** Waits for the thread, and has it take over. */
  awaitThread(): void {
    this.#thread.awaitStart();
    this.hear();
  }

  /** The thread has news; the first is that it has loaded. */
  hear(): void {
    this.#thread.hear();
    if (!this.#hasThread && this.#thread.hasLoaded) this.#handOver();
  }

  setMemory(memory: GuestMemory): void {
    this.#tell('memory', (thread) => thread.setMemory(memory));
  }

  setLog(log: LogPlace | undefined): void {
    this.#tell('log', (thread) => thread.setLog(log));
  }

  setSectors(sectors: number): void {
    this.#tell('sectors', (thread) => thread.setSectors(sectors));
  }

  setLimits(limits: RateLimits, memory: BucketMemory | undefined): void {
    this.#tell('limits', (thread) => thread.setLimits(limits, memory));
  }

  setWriteThrough(on: boolean): void {
    if (this.#running !== undefined) this.#running.writeThrough = on;
    if (this.#hasThread) this.#thread.setWriteThrough(on);
  }

  hold(done: () => void): void {
    if (this.#hasThread) return this.#thread.hold(done);
    this.#untold.set('hold', (thread) => thread.hold(() => {}));
    done();
  }

  release(): void {
    this.#untold.delete('hold');
    if (this.#hasThread) this.#thread.release();
  }

  start(start: RingStart, writeThrough: boolean): Result<void, RingError> {
    const host = this.#hasThread ? this.#thread : this.#session;
    const started = host.start(start, writeThrough);
    if (started.ok) this.#running = { start, writeThrough, host };
    return started;
  }

  stop(index: number): number {
    const running = this.#running;
    assert(running !== undefined, 'a ring is stopped that does not run');
    this.#running = undefined;
    return running.host.stop(index);
  }

  setCall(index: number, callFd: Fd | undefined): void {
    this.#change({ callFd })?.setCall(index, callFd);
  }

  setKick(index: number, kickFd: Fd | undefined): void {
    this.#change({ kickFd })?.setKick(index, kickFd);
  }

  setEnabled(index: number, enabled: boolean): void {
    this.#change({ enabled })?.setEnabled(index, enabled);
  }

  setRingLog(index: number, usedLog: number | undefined): void {
    this.#change({ usedLog })?.setRingLog(index, usedLog);
  }

  /** What runs on the session's thread is the session's to tell. */
  queues(): readonly QueueState[] {
    return this.#hasThread ? this.#thread.queues() : [];
  }

  #tell(what: string, act: (thread: DataThread) => void): void {
    if (this.#hasThread) act(this.#thread);
    else this.#untold.set(what, act);
  }

  #change(change: Partial<RingStart>): RingHost | undefined {
    if (this.#running === undefined) return undefined;
    this.#running.start = { ...this.#running.start, ...change };
    return this.#running.host;
  }

  /** A ring that has become unusable stays where it is, and what made it so stays known. */
  #handOver(): void {
    this.#hasThread = true;
    for (const act of this.#untold.values()) act(this.#thread);
    this.#untold.clear();
    const running = this.#running;
    if (running === undefined) return;
    const { index } = running.start;
    if (this.#session.queues().some((queue) => queue.index === index && queue.fault !== undefined)) return;
    const base = this.#session.leave(index);
    const started = this.#thread.start({ ...running.start, base }, running.writeThrough);
    assert(started.ok, 'a ring that ran is refused by its thread');
    running.host = this.#thread;
  }
}
