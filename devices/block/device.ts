/** The disk as a vhost-user session sees it, and its rings as the data thread serves them. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { assert } from '#shared/lang/assert.ts';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { GuestMemory } from '#shared/memory/index.ts';
import { monotonicMs } from '#shared/sys/clock.ts';
import { EPOLLIN, EPOLLOUT } from '#shared/sys/epoll.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { IORING_CQE_F_MORE, IORING_OP, IORING_POLL_ADD_MULTI, type IoUring } from '#shared/sys/io-uring.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import {
  type BackendRequests,
  type RingError,
  type RingStart,
  VHOST_USER_PROTOCOL_F,
  type VhostUserDevice,
} from '#shared/vhost-user/backend/index.ts';
import { RING_FEATURES, SegmentTable, SplitQueue } from '#shared/virtio/index.ts';
import { Gate } from './limits/gate.ts';
import { BlockRing, type Disk } from './ring.ts';
import {
  CONFIG_SPACE_SIZE,
  SECTOR_SIZE,
  SEG_MAX,
  VIRTIO_BLK_F_BLK_SIZE,
  VIRTIO_BLK_F_FLUSH,
  VIRTIO_BLK_F_MQ,
  VIRTIO_BLK_F_RO,
  VIRTIO_BLK_F_SEG_MAX,
  VirtioBlkConfig,
} from './spec.ts';
import { type SharedStatistics, Statistics } from './stats/statistics.ts';

/** What a completion is of, in the upper half of its token: below this a queue's index, with the head in the lower half. */
export const TOKEN_KICK = 0x1_0000;
export const TOKEN_CANCEL = 0x1_0001;

/** Chains of one ring before the others, and what is complete, get their turn. */
const BUDGET = 128;

export interface DeviceOptions {
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly sectors: number;
  readonly readOnly: boolean;
  /** Exactly ID_BYTES, zero-padded. */
  readonly id: Uint8Array;
  readonly limits: RateLimits;
  /** The limits are a group's: its buckets are in this memory. */
  readonly group?: LimitsGroup;
  readonly statistics: SharedStatistics;
}

export interface LimitsGroup {
  readonly id: string;
  readonly memory: ArrayBuffer;
}

/** A queue that runs, for whoever looks after the device. */
export interface QueueState {
  readonly index: number;
  readonly size: number;
  readonly enabled: boolean;
  readonly inFlight: number;
  /** What made the ring unusable. */
  readonly fault: string | undefined;
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
}

export class BlockDevice implements VhostUserDevice {
  readonly features: bigint;
  readonly protocolFeatures = VHOST_USER_PROTOCOL_F.CONFIG | VHOST_USER_PROTOCOL_F.INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F.BACKEND_REQ;
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly statistics: Statistics;
  readonly gate: Gate;
  readonly group: LimitsGroup | undefined;
  readonly #disk: Disk & { sectors: number };
  readonly #uring: IoUring;
  readonly #segments: readonly SegmentTable[];
  readonly #config = new Uint8Array(CONFIG_SPACE_SIZE);
  readonly #running: (Running | undefined)[];
  /** Those of `#running` that are there: what the loop walks. */
  #active: Running[] = [];
  #memory = new GuestMemory([]);
  #writeThrough = false;
  #nextPoll = 0;
  /** Tokens of others' completions that came while a ring was drained. */
  #foreign: number[] = [];
  #backend: BackendRequests | undefined;
  /** Waits for the requests under way. */
  #whenIdle: (() => void) | undefined;
  /** The ring that is asked first while the limits let few requests through. */
  #turn = 0;

  constructor(options: DeviceOptions, uring: IoUring) {
    const { queueCount, maxQueueSize, sectors, readOnly, id } = options;
    this.queueCount = queueCount;
    this.maxQueueSize = maxQueueSize;
    this.statistics = new Statistics(options.statistics);
    this.gate = new Gate(this.statistics);
    this.group = options.group;
    const { limiter } = this.gate;
    if (this.group === undefined) limiter.set(options.limits, performance.now());
    else limiter.share(options.limits, this.group.memory, monotonicMs() - performance.now());
    this.#disk = { sectors, readOnly, id, statistics: this.statistics, limiter: this.gate.limiter };
    this.#uring = uring;
    this.#segments = Array.from({ length: queueCount }, () => new SegmentTable(maxQueueSize));
    this.#running = new Array<Running | undefined>(queueCount).fill(undefined);
    this.features =
      RING_FEATURES |
      VIRTIO_BLK_F_SEG_MAX |
      VIRTIO_BLK_F_BLK_SIZE |
      VIRTIO_BLK_F_FLUSH |
      (readOnly ? VIRTIO_BLK_F_RO : 0n) |
      (queueCount > 1 ? VIRTIO_BLK_F_MQ : 0n);
    const config = new DataView(this.#config.buffer);
    VirtioBlkConfig.set.capacity(config, 0, sectors);
    VirtioBlkConfig.set.seg_max(config, 0, SEG_MAX);
    VirtioBlkConfig.set.blk_size(config, 0, SECTOR_SIZE);
    VirtioBlkConfig.set.num_queues(config, 0, queueCount);
  }

  readConfig(offset: number, length: number): Uint8Array | undefined {
    return offset + length <= CONFIG_SPACE_SIZE ? this.#config.slice(offset, offset + length) : undefined;
  }

  /** Nothing of it may be written: CONFIG_WCE is not offered. */
  writeConfig(): boolean {
    return false;
  }

  setFeatures(acked: bigint): void {
    this.#writeThrough = (acked & VIRTIO_BLK_F_FLUSH) === 0n;
  }

  setMemory(memory: GuestMemory): void {
    assert(this.#active.length === 0, 'the memory table changes under running rings');
    this.#memory = memory;
  }

  startRing(start: RingStart): Result<void, RingError> {
    const segments = this.#segments[start.index];
    if (segments === undefined) return err({ code: 'NO_SUCH_RING' });
    const queue = SplitQueue.activate(start, this.#memory, segments);
    if (!queue.ok) return queue;
    const ring = new BlockRing(
      { index: start.index, writeThrough: this.#writeThrough, callFd: start.callFd, enabled: start.enabled },
      { queue: queue.value, memory: this.#memory, uring: this.#uring, disk: this.#disk },
    );
    const running: Running = { ring, errFd: start.errFd, kickFd: start.kickFd, poll: undefined, faultTold: false, dropped: 0 };
    this.#running[start.index] = running;
    this.#active = this.#running.filter((one) => one !== undefined);
    this.#watchKick(running);
    return ok();
  }

  stopRing(index: number): number {
    const running = this.#running[index];
    assert(running !== undefined, 'a ring is stopped that does not run');
    this.#drain(running.ring);
    this.#unwatchKick(running);
    this.#running[index] = undefined;
    this.#active = this.#running.filter((one) => one !== undefined);
    return running.ring.queue.nextAvailable;
  }

  setRingCall(index: number, callFd: Fd | undefined): void {
    const running = this.#running[index];
    if (running === undefined) return;
    running.ring.callFd = callFd;
    // Completions told on the old descriptor may never have been seen.
    if (callFd !== undefined) signalEventFd(callFd);
  }

  setRingKick(index: number, kickFd: Fd | undefined): void {
    const running = this.#running[index];
    if (running === undefined) return;
    this.#unwatchKick(running);
    running.kickFd = kickFd;
    this.#watchKick(running);
  }

  setRingEnabled(index: number, enabled: boolean): void {
    const running = this.#running[index];
    if (running !== undefined) running.ring.enabled = enabled;
  }

  reset(): void {
    this.#writeThrough = false;
  }

  setBackendChannel(channel: BackendRequests | undefined): void {
    this.#backend = channel;
  }

  get sectors(): number {
    return this.#disk.sectors;
  }

  get isReadOnly(): boolean {
    return this.#disk.readOnly;
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

  /** From now on. What waited for the old ones is looked at anew. */
  setLimits(limits: RateLimits): void {
    this.gate.limiter.set(limits, performance.now());
    this.gate.reconsider();
  }

  /** The image is of another size now; the driver is told. */
  resized(sectors: number): void {
    this.#disk.sectors = sectors;
    VirtioBlkConfig.set.capacity(new DataView(this.#config.buffer), 0, sectors);
    this.#backend?.configChanged();
  }

  /** Takes no more requests until the gate is released; calls `done` when those under way have ended. One caller at a time. */
  hold(done: () => void): void {
    this.gate.hold();
    this.#whenIdle = done;
  }

  /** The opposite; whoever waited for the requests under way waits no more. */
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
    for (const running of this.#active) count += this.#takeFrom(running, BUDGET);
    return count;
  }

  #takeFrom(running: Running, budget: number): number {
    const { ring } = running;
    if (!ring.enabled) return 0;
    const count = ring.loop.drain(Math.min(budget, this.#uring.free));
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
    for (const { ring } of this.#active) ring.loop.publish();
  }

  /** Whether a driver has made something available. Hot: this is what a poll looks at. */
  hasMore(): boolean {
    if (this.gate.isShut && !this.gate.mayOpen()) return false;
    for (const { ring } of this.#active) if (ring.enabled && ring.queue.hasMore()) return true;
    return false;
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
    } else if (tokenHigh === TOKEN_KICK && (flags & IORING_CQE_F_MORE) === 0) {
      const running = this.#active.find((one) => one.poll === tokenLow);
      if (running === undefined) return;
      running.poll = undefined;
      if (result >= 0) this.#watchKick(running);
    }
  }

  /** The completions of others that came while a ring was drained: upper halves of their tokens. */
  takeForeign(): readonly number[] {
    const foreign = this.#foreign;
    if (foreign.length > 0) this.#foreign = [];
    return foreign;
  }

  /** Ends the requests under way; chains not yet taken stay the driver's. */
  #drain(ring: BlockRing): void {
    ring.stops();
    while (ring.outstanding > 0) {
      this.#uring.submit(1);
      this.statistics.tick();
      while (this.#uring.next()) {
        const { tokenHigh, tokenLow, result, flags } = this.#uring;
        if (tokenHigh > TOKEN_CANCEL) this.#foreign.push(tokenHigh);
        else this.complete(tokenHigh, tokenLow, result, flags);
      }
    }
    ring.loop.publish();
  }

  /** The kick's counter is never read: each write to it wakes the poll, and a poll that is armed anew finds an old count. */
  #watchKick(running: Running): void {
    if (running.kickFd === undefined) return;
    this.#nextPoll = (this.#nextPoll + 1) >>> 0;
    running.poll = this.#nextPoll;
    this.#uring.prepare(IORING_OP.POLL_ADD, 0, running.kickFd, 0, 0, IORING_POLL_ADD_MULTI, this.#nextPoll, TOKEN_KICK, EPOLLIN);
    this.#uring.submit(0);
  }

  #unwatchKick(running: Running): void {
    if (running.poll === undefined) return;
    // POLL_REMOVE names the poll by its user_data, in the place of an address.
    this.#uring.prepare(IORING_OP.POLL_REMOVE, 0, -1, 0, TOKEN_KICK * 2 ** 32 + running.poll, 0, 0, TOKEN_CANCEL);
    this.#uring.submit(0);
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
