/** The disk as a vhost-user session sees it. Its rings are served by others, on this thread or on several. */
import type { Result } from '#shared/lang/result.ts';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { GuestMemory } from '#shared/memory/index.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import {
  type BackendRequests,
  type RingError,
  type RingStart,
  VHOST_USER_PROTOCOL_F,
  type VhostUserDevice,
} from '#shared/vhost-user/backend/index.ts';
import { RING_FEATURES } from '#shared/virtio/index.ts';
import { type BucketMemory, threadBuckets } from './limits/rate-limiter.ts';
import type { QueueState, RingHost } from './ring-host.ts';
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

export interface DeviceOptions {
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly sectors: number;
  readonly readOnly: boolean;
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
  readonly protocolFeatures = VHOST_USER_PROTOCOL_F.CONFIG | VHOST_USER_PROTOCOL_F.INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F.BACKEND_REQ;
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
  readonly #config = new Uint8Array(CONFIG_SPACE_SIZE);
  #writeThrough = false;
  #backend: BackendRequests | undefined;

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
    for (const host of this.#hosts) host.setMemory(memory);
  }

  startRing(start: RingStart): Result<void, RingError> {
    return this.#hostOf(start.index).start(start, this.#writeThrough);
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
    this.#writeThrough = false;
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
    VirtioBlkConfig.set.capacity(new DataView(this.#config.buffer), 0, sectors);
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
