/** The rings that one thread serves, with the engine that does their requests: all that is hot of a disk. */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { GuestMemory, type LogPlace } from '#shared/memory/index.ts';
import { monotonicMs } from '#shared/sys/clock.ts';
import { EPOLLIN, EPOLLOUT } from '#shared/sys/epoll.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { IORING_CQE_F_MORE, IORING_OP, IORING_POLL_ADD_MULTI } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import type { RingError, RingStart } from '#shared/vhost-user/backend/index.ts';
import { SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import type { Engine } from './engine/engine.ts';
import { ErrorLog } from './error-log.ts';
import type { Image, ImageError } from './image/image.ts';
import { Gate } from './limits/gate.ts';
import type { BucketMemory } from './limits/rate-limiter.ts';
import type { QueueState, RingHost } from './ring-host.ts';
import { BlockRing, type Disk } from './ring.ts';
import { ServedImage, type SyncFailure, noSyncFailure } from './served-image.ts';
import { type SharedStatistics, Statistics } from './stats/statistics.ts';

/** What a completion is of, in the upper half of its token: below this a queue's index, with the head in the lower half. */
const TOKEN_KICK = 0x1_0000;
const TOKEN_CANCEL = 0x1_0001;
/** The fdatasync of an image that several wait for. */
const TOKEN_SYNC = 0x1_0002;
/** Upper halves of tokens from here on are those of whoever else uses the engine. */
export const TOKEN_FOREIGN = 0x2_0000;

/**
 * Chains of one ring before the others, and what is complete, get their turn. Where requests are done as they are taken, it is half of
 * what waits: the driver has something to do while the other half is done. Fewer are not worth a signal.
 */
const BUDGET = 128;
const LEAST_HALF = 16;

export interface RingSetOptions {
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly sectors: number;
  readonly readOnly: boolean;
  /** Exactly ID_BYTES, zero-padded. */
  readonly id: Uint8Array;
  /** Discarded bytes may leave the image. */
  readonly sparse: boolean;
  readonly limits: RateLimits;
  /** Others take from the same buckets. */
  readonly buckets?: BucketMemory;
  readonly statistics: SharedStatistics;
  /** The disk's, where other threads serve it too. */
  readonly failure?: SyncFailure;
  /** Which of the disk's threads this is; the first where that is not said. */
  readonly thread?: number;
}

export interface RingSetDependencies {
  /** Its files are the engine's first ones. */
  readonly engine: Engine;
  readonly image: Image;
  /** A line for whoever looks after this process. */
  readonly log: (line: string) => void;
}

/** A completion that is none of a ring's. */
export interface Foreign {
  /** The upper half of its token. */
  readonly token: number;
  readonly result: number;
  readonly flags: number;
}

interface Running {
  readonly ring: BlockRing;
  readonly errFd: Fd | undefined;
  kickFd: Fd | undefined;
  /** Names the poll that is armed on the kick; undefined: none. */
  poll: number | undefined;
  faultTold: boolean;
  /** Chains of it that went back unserved and were counted. */
  dropped: number;
  /** Of the present round, and whether those of the last one that had any were done in it. */
  taken: number;
  isPrompt: boolean;
}

export class RingSet implements RingHost {
  readonly statistics: Statistics;
  readonly gate: Gate;
  readonly #disk: Disk & { sectors: number; image: ServedImage };
  readonly #errors: ErrorLog;
  readonly #failure: SyncFailure;
  readonly #engine: Engine;
  readonly #maxQueueSize: number;
  /** Made when a ring starts for the first time, which may be on another thread. */
  readonly #segments: (SegmentTable | undefined)[];
  readonly #running: (Running | undefined)[];
  /** Those of `#running` that are there: what the loop walks, by index where that is in every round: an iterator is garbage. */
  #active: Running[] = [];
  #memory = new GuestMemory([]);
  /** Where the limits' buckets are that others take from too. */
  #buckets: BucketMemory | undefined;
  #log: LogPlace | undefined;
  #nextPoll = 0;
  /** Others' completions that came while a ring was drained. */
  #foreign: Foreign[] = [];
  /** Waits for the requests under way. */
  #whenIdle: (() => void) | undefined;
  /** The ring that is asked first: what there is room for, and what the limits let through, may not be enough for all. */
  #turn = 0;

  constructor(options: RingSetOptions, { engine, image, log }: RingSetDependencies) {
    const { queueCount, maxQueueSize, sectors, readOnly, id, sparse } = options;
    this.statistics = new Statistics(options.statistics, options.thread);
    this.gate = new Gate(this.statistics);
    this.#errors = new ErrorLog(log);
    this.#failure = options.failure ?? noSyncFailure();
    this.#engine = engine;
    const served = this.#serve(image);
    this.#disk = { sectors, readOnly, id, sparse, statistics: this.statistics, limiter: this.gate.limiter, image: served };
    this.setLimits(options.limits, options.buckets);
    this.#maxQueueSize = maxQueueSize;
    this.#segments = new Array<SegmentTable | undefined>(queueCount).fill(undefined);
    this.#running = new Array<Running | undefined>(queueCount).fill(undefined);
  }

  setMemory(memory: GuestMemory): void {
    assert(this.#active.length === 0, 'the memory table changes under running rings');
    this.#memory = memory;
    memory.logTo(this.#log);
  }

  setLog(log: LogPlace | undefined): void {
    this.#log = log;
    this.#memory.logTo(log);
  }

  setRingLog(index: number, usedLog: number | undefined): void {
    this.#running[index]?.ring.queue.logUsedAs(usedLog);
  }

  start(start: RingStart, writeThrough: boolean): Result<void, RingError> {
    if (start.index >= this.#segments.length) return err({ code: 'NO_SUCH_RING' });
    const segments = (this.#segments[start.index] ??= new SegmentTable(this.#maxQueueSize));
    const queue = SplitQueue.activate(start, this.#memory, segments);
    if (!queue.ok) return queue;
    queue.value.logUsedAs(start.usedLog);
    this.#disk.image.writeThrough = writeThrough;
    const ring = new BlockRing(
      { index: start.index, writeThrough, callFd: start.callFd, enabled: start.enabled },
      { queue: queue.value, memory: this.#memory, engine: this.#engine, disk: this.#disk },
    );
    const running: Running = {
      ring,
      errFd: start.errFd,
      kickFd: start.kickFd,
      poll: undefined,
      faultTold: false,
      dropped: 0,
      taken: 0,
      isPrompt: false,
    };
    this.#running[start.index] = running;
    this.#active = this.#running.filter((one) => one !== undefined);
    this.#watchKick(running);
    return ok();
  }

  stop(index: number): number {
    this.#running[index]?.ring.stops();
    return this.leave(index);
  }

  /** As `stop`, of a ring that goes on elsewhere at once: nobody waits for its end, so that its requests take as long as they take. */
  leave(index: number): number {
    const running = this.#running[index];
    assert(running !== undefined, 'a ring is stopped that does not run');
    this.#drain(running.ring);
    this.#unwatchKick(running);
    this.#running[index] = undefined;
    this.#active = this.#running.filter((one) => one !== undefined);
    return running.ring.queue.nextAvailable;
  }

  setCall(index: number, callFd: Fd | undefined): void {
    const running = this.#running[index];
    if (running === undefined) return;
    running.ring.call.set(callFd);
    // Completions told on the old descriptor may never have been seen.
    running.ring.call.signal();
  }

  setKick(index: number, kickFd: Fd | undefined): void {
    const running = this.#running[index];
    if (running === undefined) return;
    this.#unwatchKick(running);
    running.kickFd = kickFd;
    this.#watchKick(running);
  }

  setEnabled(index: number, enabled: boolean): void {
    const running = this.#running[index];
    if (running !== undefined) running.ring.enabled = enabled;
  }

  queues(): readonly QueueState[] {
    return this.#active.map(({ ring: { index, queue, enabled } }) => ({
      index,
      size: queue.size,
      enabled,
      inFlight: queue.inFlight,
      fault: queue.fault?.code,
    }));
  }

  setWriteThrough(on: boolean): void {
    this.#disk.image.writeThrough = on;
    for (const { ring } of this.#active) ring.writeThrough = on;
    if (!on || this.#disk.readOnly) return;
    // Writes that began before may complete as they began, and what is complete may not be durable yet.
    for (const { ring } of this.#active) {
      ring.stops();
      this.#drain(ring);
      ring.goesOn();
    }
    this.#disk.image.syncNow();
  }

  setSectors(sectors: number): void {
    this.#disk.sectors = sectors;
  }

  setLimits(limits: RateLimits, memory = this.#buckets): void {
    const now = performance.now();
    this.#buckets = memory;
    if (memory === undefined) this.gate.limiter.set(limits, now);
    else this.gate.limiter.share(limits, memory, monotonicMs() - now);
    this.gate.reconsider();
  }

  hold(done: () => void): void {
    this.gate.hold();
    this.#whenIdle = done;
  }

  release(): void {
    this.#whenIdle = undefined;
    this.gate.release();
  }

  /** Calls who waits for the requests under way, if they have ended. Hot. */
  settle(): void {
    if (this.#whenIdle === undefined || this.#active.some(({ ring }) => ring.outstanding > 0)) return;
    const done = this.#whenIdle;
    this.#whenIdle = undefined;
    done();
  }

  /** Takes what the drivers have made available and prepares it for io_uring; how many chains. Hot. */
  take(): number {
    this.statistics.tick();
    if (this.gate.limiter.isActive) return this.#takeLimited();
    let count = 0;
    const first = this.#turn++;
    for (let at = 0; at < this.#active.length; at++) {
      const running = this.#active[(first + at) % this.#active.length];
      if (running !== undefined) count += this.#takeFrom(running, budgetOf(running));
    }
    return count;
  }

  #takeFrom(running: Running, budget: number): number {
    if (!running.ring.enabled) return 0;
    const { ring } = running;
    const count = ring.loop.drain(Math.min(budget, this.#engine.free));
    running.taken += count;
    const dropped = ring.dropped + ring.queue.dropped;
    if (dropped !== running.dropped) {
      this.statistics.dropped(dropped - running.dropped);
      running.dropped = dropped;
    }
    if (ring.queue.fault !== undefined && !running.faultTold) this.#tellFault(running);
    return count;
  }

  /** One by one, and from each ring in turn, for as long as the limits allow it. */
  #takeLimited(): number {
    let count = 0;
    for (let fruitless = 0; count < BUDGET && fruitless < this.#active.length;) {
      const running = this.#active[this.#turn++ % this.#active.length];
      const waits = running?.ring.enabled === true && running.ring.queue.hasMore();
      if (waits && !this.gate.admits()) return count;
      const taken = running !== undefined && waits ? this.#takeFrom(running, 1) : 0;
      count += taken;
      fruitless = taken === 0 ? fruitless + 1 : 0;
    }
    return count;
  }

  /** Shows the drivers what is done, with at most one signal each. Hot. */
  publish(): void {
    for (let at = 0; at < this.#active.length; at++) {
      const running = this.#active[at];
      if (running === undefined) continue;
      running.ring.loop.publish();
      if (running.taken === 0) continue;
      running.taken = 0;
      running.isPrompt = running.ring.outstanding === 0;
    }
  }

  /** Whether a driver has made something available. Hot: this is what a poll looks at. */
  hasMore(): boolean {
    if (this.gate.isShut && !this.gate.mayOpen()) return false;
    for (let at = 0; at < this.#active.length; at++) {
      const ring = this.#active[at]?.ring;
      if (ring?.enabled === true && ring.queue.hasMore()) return true;
    }
    return false;
  }

  /** Whether the engine has requests. Hot, as `hasMore`. */
  get isUnderWay(): boolean {
    for (let at = 0; at < this.#active.length; at++) if ((this.#active[at]?.ring.outstanding ?? 0) > 0) return true;
    return false;
  }

  /** Whether a ring that may be served has nobody to kick for it, or its kick could not be watched. */
  get isKickless(): boolean {
    return this.#active.some(({ ring, poll }) => poll === undefined && ring.enabled && ring.queue.fault === undefined);
  }

  quiet(): void {
    for (const { ring } of this.#active) if (ring.enabled) ring.queue.disableNotification();
  }

  /** Asks for kicks; false where something came before that could be seen. Nobody asks for what may not be taken. */
  arm(): boolean {
    if (this.gate.isShut) return true;
    let armed = true;
    for (const { ring } of this.#active) if (ring.enabled && !ring.queue.enableNotification()) armed = false;
    return armed;
  }

  /** A completion of a request or of a poll of ours. Hot. */
  complete(tokenHigh: number, tokenLow: number, result: number, flags: number): void {
    if (tokenHigh < TOKEN_KICK) {
      const running = this.#running[tokenHigh];
      assert(running !== undefined, 'a completion of a ring that does not run');
      running.ring.complete(tokenLow, result);
    } else if (tokenHigh === TOKEN_SYNC) {
      this.#disk.image.synced(result);
    } else if (tokenHigh === TOKEN_KICK && (flags & IORING_CQE_F_MORE) === 0) {
      const running = this.#active.find((one) => one.poll === tokenLow);
      if (running === undefined) return;
      running.poll = undefined;
      if (result >= 0) this.#watchKick(running);
    }
  }

  /** The completions of others that came while a ring was drained. */
  takeForeign(): readonly Foreign[] {
    const foreign = this.#foreign;
    if (foreign.length > 0) this.#foreign = [];
    return foreign;
  }

  /** Below 0: what was complete may not be durable. */
  get failure(): number {
    return this.#disk.image.failure;
  }

  /** Makes what is complete durable; `done` gets 0 or -errno. */
  sync(done: (result: number) => void): void {
    this.#disk.image.syncAhead(done);
  }

  /** Leaves the image to another process. No ring runs. */
  closeImage(): Result<void, ImageError> {
    while (this.#disk.image.isSyncing) this.#reap();
    return this.#disk.image.image.close();
  }

  /** The same files, as another process has left them. No ring runs. */
  reopened(image: Image): void {
    this.#disk.image = this.#serve(image);
  }

  #serve(image: Image): ServedImage {
    return new ServedImage(image, { engine: this.#engine, token: TOKEN_SYNC, errors: this.#errors, failure: this.#failure });
  }

  /** Ends the requests under way, those of a dead process among them; chains not yet taken stay the driver's. */
  #drain(ring: BlockRing): void {
    while (ring.queue.replaysLeft > 0) ring.loop.drain(ring.queue.replaysLeft);
    while (ring.outstanding > 0) this.#reap();
    ring.loop.publish();
  }

  /** Waits for completions. */
  #reap(): void {
    this.#engine.submit(1);
    this.statistics.tick();
    while (this.#engine.next()) {
      const { tokenHigh, tokenLow, result, flags } = this.#engine;
      if (tokenHigh >= TOKEN_FOREIGN) this.#foreign.push({ token: tokenHigh, result, flags });
      else this.complete(tokenHigh, tokenLow, result, flags);
    }
  }

  /** The kick's counter is never read: each write to it wakes the poll, and a poll that is armed anew finds an old count. */
  #watchKick(running: Running): void {
    if (running.kickFd === undefined) return;
    this.#nextPoll = (this.#nextPoll + 1) >>> 0;
    running.poll = this.#nextPoll;
    this.#engine.prepare(IORING_OP.POLL_ADD, 0, running.kickFd, 0, 0, IORING_POLL_ADD_MULTI, this.#nextPoll, TOKEN_KICK, EPOLLIN);
    this.#engine.submit(0);
  }

  #unwatchKick(running: Running): void {
    if (running.poll === undefined) return;
    // POLL_REMOVE names the poll by its user_data, in the place of an address.
    this.#engine.prepare(IORING_OP.POLL_REMOVE, 0, -1, 0, TOKEN_KICK * 2 ** 32 + running.poll, 0, 0, TOKEN_CANCEL);
    this.#engine.submit(0);
    running.poll = undefined;
  }

  /** The ring takes nothing any more; its front end hears of it once, and may reset the device. */
  #tellFault(running: Running): void {
    running.faultTold = true;
    this.statistics.ringFault();
    const fd = running.errFd;
    if (fd !== undefined && pollNow(fd, EPOLLOUT) === EPOLLOUT) signalEventFd(fd);
  }
}

function budgetOf({ ring, isPrompt }: Running): number {
  return isPrompt ? Math.min(BUDGET, Math.max(LEAST_HALF, ring.queue.waiting >> 1)) : BUDGET;
}
