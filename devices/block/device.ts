/** The disk as a vhost-user session sees it. Its rings are served by a `RingSet`. */
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
import type { LimitsGroup, QueueState, RingSet, RingSetOptions } from './ring-set.ts';
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

export type DeviceOptions = RingSetOptions;

export class BlockDevice implements VhostUserDevice {
  readonly features: bigint;
  readonly protocolFeatures = VHOST_USER_PROTOCOL_F.CONFIG | VHOST_USER_PROTOCOL_F.INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F.BACKEND_REQ;
  readonly queueCount: number;
  readonly maxQueueSize: number;
  readonly isReadOnly: boolean;
  readonly group: LimitsGroup | undefined;
  readonly #rings: RingSet;
  readonly #config = new Uint8Array(CONFIG_SPACE_SIZE);
  #writeThrough = false;
  #backend: BackendRequests | undefined;

  constructor(options: DeviceOptions, rings: RingSet) {
    const { queueCount, maxQueueSize, sectors, readOnly } = options;
    this.queueCount = queueCount;
    this.maxQueueSize = maxQueueSize;
    this.isReadOnly = readOnly;
    this.group = options.group;
    this.#rings = rings;
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
    this.#rings.setMemory(memory);
  }

  startRing(start: RingStart): Result<void, RingError> {
    return this.#rings.start(start, this.#writeThrough);
  }

  stopRing(index: number): number {
    return this.#rings.stop(index);
  }

  setRingCall(index: number, callFd: Fd | undefined): void {
    this.#rings.setCall(index, callFd);
  }

  setRingKick(index: number, kickFd: Fd | undefined): void {
    this.#rings.setKick(index, kickFd);
  }

  setRingEnabled(index: number, enabled: boolean): void {
    this.#rings.setEnabled(index, enabled);
  }

  reset(): void {
    this.#writeThrough = false;
  }

  setBackendChannel(channel: BackendRequests | undefined): void {
    this.#backend = channel;
  }

  get sectors(): number {
    return this.#rings.sectors;
  }

  get isHeld(): boolean {
    return this.#rings.gate.isHeld;
  }

  get limits(): RateLimits {
    return this.#rings.gate.limiter.limits;
  }

  queues(): readonly QueueState[] {
    return this.#rings.queues();
  }

  setLimits(limits: RateLimits): void {
    this.#rings.setLimits(limits);
  }

  /** The image is of another size now; the driver is told. */
  resized(sectors: number): void {
    this.#rings.sectors = sectors;
    VirtioBlkConfig.set.capacity(new DataView(this.#config.buffer), 0, sectors);
    this.#backend?.configChanged();
  }

  /** Takes no more requests until `release`; calls `done` when those under way have ended. One caller at a time. */
  hold(done: () => void): void {
    this.#rings.hold(done);
  }

  release(): void {
    this.#rings.release();
  }
}
