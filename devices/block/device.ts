/** The disk as a vhost-user session sees it. Its rings are served by others, on this thread or on several. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { GuestMemory, LogPlace } from '#shared/memory/index.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import {
  type BackendRequests,
  type RingError,
  type RingStart,
  VHOST_USER_PROTOCOL_F as F,
  type VhostUserDevice,
} from '#shared/vhost-user/backend/index.ts';
import { ConfigSpace, type DiskFacts, diskFeatures } from './config-space.ts';
import { type BucketMemory, threadBuckets } from './limits/rate-limiter.ts';
import { type MigrationStateError, encodeMigrationState, parseMigrationState } from './migration-state.ts';
import type { QueueState, RingHost } from './ring-host.ts';
import { CONFIG_WRITEBACK, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH } from './spec.ts';

export interface DeviceOptions extends DiskFacts {
  /** Every write is to be durable before it completes, until the driver has it otherwise. */
  readonly writeThrough: boolean;
  readonly limits: RateLimits;
  readonly group?: LimitsGroup;
}

/** The limits are those of several disks, whose buckets are in this memory. */
export interface LimitsGroup {
  readonly id: string;
  readonly memory: ArrayBuffer;
}

/** Each queue's by its index; queues beyond are the first one's. */
export type RingHosts = readonly [RingHost, ...RingHost[]];

export class BlockDevice implements VhostUserDevice {
  readonly features: bigint;
  readonly protocolFeatures = F.CONFIG | F.INFLIGHT_SHMFD | F.BACKEND_REQ | F.LOG_SHMFD | F.DEVICE_STATE;
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly isReadOnly: boolean;
  readonly group: LimitsGroup | undefined;
  readonly #hosts: RingHosts;
  /** Where the threads' common buckets are; undefined: the one thread has its own. */
  #buckets: BucketMemory | undefined;
  #limits: RateLimits;
  #sectors: number;
  #isHeld = false;
  readonly #config: ConfigSpace;
  /** What the driver said last about its write cache. It stays over a reset (5.2.5: either mode may be found then). */
  #writeback: boolean;
  #acked = VIRTIO_BLK_F_FLUSH;
  #backend: BackendRequests | undefined;
  /** Told of the driver's choice before it holds. False: it cannot be recorded, and must not hold. */
  onWriteCache: ((writesThrough: boolean) => boolean) | undefined;

  /** With `buckets` the limits of all hosts are there. */
  constructor(options: DeviceOptions, hosts: RingHosts, buckets?: BucketMemory) {
    const { queueCount, maxQueueSize, sectors, readOnly } = options;
    this.queueCount = queueCount;
    this.maxQueueSize = maxQueueSize;
    this.isReadOnly = readOnly;
    this.group = options.group;
    this.#hosts = hosts;
    this.#buckets = buckets;
    this.#limits = options.limits;
    this.#sectors = sectors;
    this.features = diskFeatures(options);
    this.#config = new ConfigSpace(options);
    this.#writeback = !options.writeThrough;
    this.#showWriteback();
  }

  readConfig(offset: number, length: number): Uint8Array | undefined {
    return this.#config.read(offset, length);
  }

  /** The write cache's switch, and nothing else of it. */
  writeConfig(offset: number, bytes: Uint8Array): boolean {
    const knowsIt = (this.#acked & VIRTIO_BLK_F_CONFIG_WCE) !== 0n;
    if (!knowsIt || offset !== CONFIG_WRITEBACK || bytes.length !== 1 || (bytes[0] ?? 2) > 1) return false;
    const before = this.writesThrough;
    const on = bytes[0] === 1;
    if (on !== this.#writeback && this.onWriteCache?.(!on) === false) return false;
    this.#writeback = on;
    this.#showWriteback();
    if (this.writesThrough !== before) for (const host of this.#hosts) host.setWriteThrough(this.writesThrough);
    return true;
  }

  setFeatures(acked: bigint): void {
    this.#acked = acked;
    this.#showWriteback();
  }

  /** What the driver has chosen, whether or not it can have it. */
  get writesBack(): boolean {
    return this.#writeback;
  }

  /** As it was in the process before. No ring runs. */
  set writesBack(on: boolean) {
    this.#writeback = on;
    this.#showWriteback();
  }

  /** 5.2.6.2: a driver that cannot flush has no write cache. */
  get writesThrough(): boolean {
    return !this.#writeback || (this.#acked & VIRTIO_BLK_F_FLUSH) === 0n;
  }

  #showWriteback(): void {
    this.#config.writeback = !this.writesThrough;
  }

  setMemory(memory: GuestMemory): void {
    for (const host of this.#hosts) host.setMemory(memory);
  }

  setLog(log: LogPlace | undefined): void {
    for (const host of this.#hosts) host.setLog(log);
  }

  setRingLog(index: number, usedLog: number | undefined): void {
    this.#hostOf(index).setRingLog(index, usedLog);
  }

  saveState(): Uint8Array {
    return encodeMigrationState({ sectors: this.#sectors, readOnly: this.isReadOnly, writesBack: this.#writeback });
  }

  loadState(bytes: Uint8Array): Result<void, MigrationStateError> {
    const state = parseMigrationState(bytes, { sectors: this.#sectors, readOnly: this.isReadOnly });
    if (!state.ok) return state;
    const { writesBack } = state.value;
    if (writesBack !== this.#writeback && this.onWriteCache?.(!writesBack) === false) return err({ code: 'STATE_UNRECORDED' });
    this.writesBack = writesBack;
    return ok();
  }

  startRing(start: RingStart): Result<void, RingError> {
    return this.#hostOf(start.index).start(start, this.writesThrough);
  }

  stopRing(index: number): number {
    return this.#hostOf(index).stop(index);
  }

  setRingCall(index: number, callFd: Fd | undefined): void {
    this.#hostOf(index).setCall(index, callFd);
  }

  setRingKick(index: number, kickFd: Fd | undefined): void {
    this.#hostOf(index).setKick(index, kickFd);
  }

  setRingEnabled(index: number, enabled: boolean): void {
    this.#hostOf(index).setEnabled(index, enabled);
  }

  reset(): void {
    this.setFeatures(VIRTIO_BLK_F_FLUSH);
  }

  setBackendChannel(channel: BackendRequests | undefined): void {
    this.#backend = channel;
  }

  get sectors(): number {
    return this.#sectors;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  get limits(): RateLimits {
    return this.#limits;
  }

  queues(): readonly QueueState[] {
    return this.#hosts.flatMap((host) => host.queues());
  }

  /** From now on. A bucket that is the same as before goes on as it is; one that is not begins full. */
  setLimits(limits: RateLimits): void {
    this.#buckets &&= threadBuckets(limits, { limits: this.#limits, memory: this.#buckets });
    this.#limits = limits;
    for (const host of this.#hosts) host.setLimits(limits, this.#buckets);
  }

  /** The image is of another size now; the driver is told. */
  resized(sectors: number): void {
    this.#sectors = sectors;
    for (const host of this.#hosts) host.setSectors(sectors);
    this.#config.sectors = sectors;
    this.#backend?.configChanged();
  }

  /** Takes no more requests until `release`; calls `done`, later, when those under way have ended. One caller at a time. */
  hold(done: () => void): void {
    this.#isHeld = true;
    let busy = this.#hosts.length;
    for (const host of this.#hosts) {
      host.hold(() => {
        busy--;
        if (busy === 0) done();
      });
    }
  }

  release(): void {
    this.#isHeld = false;
    for (const host of this.#hosts) host.release();
  }

  #hostOf(index: number): RingHost {
    return this.#hosts[index] ?? this.#hosts[0];
  }
}
