/**
 * A virtio device whose queues run in the core itself, on the main thread: what all such devices have in common.
 *
 * The driver's rings are adversarial. Rings that are nowhere in memory, or that cannot be believed any more, end in
 * DEVICE_NEEDS_RESET, told once until the driver has reset the device; they touch nothing but this device.
 */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import type { Watch } from '#shared/sys/watcher.ts';
import { type QueueError, RING_FEATURES, SegmentTable, SplitQueue, locateRing } from '#shared/virtio/index.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC } from '#shared/virtio/spec.ts';
import type { DeviceLink, DeviceOffer, LinkContext, LinkError } from '../link/device-link.ts';
import { type QueueSetup, VIRTIO_EFFECT, type VirtioPciDevice } from '../virtio-pci/virtio-pci-device.ts';
import { PulledQueue, type QueueKind } from './pulled-queue.ts';

const TWO_32 = 0x1_0000_0000n;

export interface CoreDeviceOptions {
  readonly id: string;
  readonly deviceType: number;
  /** Beside those of the ring. */
  readonly features: bigint;
  readonly config: readonly number[];
  readonly queues: readonly QueueKind[];
}

interface Running {
  readonly index: number;
  readonly queue: PulledQueue;
  readonly kick: Watch;
}

export abstract class CoreDevice implements DeviceLink {
  readonly id: string;
  readonly offer: DeviceOffer;
  protected readonly context: LinkContext;
  readonly #kinds: readonly QueueKind[];
  readonly #segments: readonly SegmentTable[];
  #device: VirtioPciDevice | undefined;
  /** Undefined while stopped. */
  #running: readonly Running[] | undefined;
  #needsReset = false;

  constructor(options: CoreDeviceOptions, context: LinkContext) {
    const { id, deviceType, config, queues } = options;
    const features = options.features | RING_FEATURES;
    this.id = id;
    this.offer = {
      deviceType,
      // No class of PCI's fits any of them.
      classCode: 0xffff,
      featuresLow: Number(features % TWO_32),
      featuresHigh: Number(features / TWO_32),
      queueSizes: queues.map(({ size }) => size),
      config,
    };
    this.context = context;
    this.#kinds = queues;
    this.#segments = queues.map(({ size }) => new SegmentTable(size));
  }

  attach(device: VirtioPciDevice): void {
    this.#device = device;
  }

  take(bits: number): void {
    if ((bits & VIRTIO_EFFECT.reset) !== 0) {
      // Whatever else was asked for came before it, and is void.
      this.#forget();
      this.device.completeReset();
      return;
    }
    if ((bits & VIRTIO_EFFECT.activate) !== 0) this.#start(undefined);
    // What was signalled before may have gone to the old vector.
    if ((bits & VIRTIO_EFFECT.callChanged) !== 0) for (const { index } of this.#running ?? []) this.#signal(index);
  }

  suspend(): Promise<Result<readonly number[], LinkError>> {
    return Promise.resolve(ok(this.#stop()));
  }

  resume(bases: readonly number[]): Promise<Result<void, LinkError>> {
    if (bases.length !== this.#kinds.length) {
      const message = `${this.id}: positions for ${bases.length} queues, and it has ${this.#kinds.length}`;
      return Promise.resolve(err({ code: 'LINK', message }));
    }
    if (!this.#needsReset) this.#start(bases);
    return Promise.resolve(ok());
  }

  reset(): Promise<Result<void, LinkError>> {
    this.#forget();
    return Promise.resolve(ok());
  }

  close(): void {
    this.#stop();
  }

  protected get device(): VirtioPciDevice {
    assert(this.#device !== undefined, `${this.id} is not attached`);
    return this.#device;
  }

  /** Whether the queues run. */
  protected get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** The device cannot go on until the driver has reset it, and the driver was told. */
  protected get needsReset(): boolean {
    return this.#needsReset;
  }

  /** It cannot: `message` is one line that says why. */
  protected fail(message: string): void {
    if (this.#needsReset) return;
    this.#needsReset = true;
    this.device.needsReset();
    this.context.failed(this.id, { code: 'NEEDS_RESET', message });
  }

  /** The queues run from now on; undefined where the driver left one out. `isNew`: for a driver that has just begun. */
  protected abstract started(queues: readonly (PulledQueue | undefined)[], isNew: boolean): void;

  /** There may be chains in this queue. */
  protected abstract ready(queue: number): void;

  /** The queues are gone. */
  protected abstract stopped(): void;

  /** Runs the queues of an active device from `bases`, or from their beginnings. */
  #start(bases: readonly number[] | undefined): void {
    if (this.#running !== undefined || !this.device.isActive) return;
    const queues: (SplitQueue | undefined)[] = [];
    for (const index of this.#kinds.keys()) {
      const setup = this.device.queue(index);
      const queue = setup.enabled ? this.#activate(setup, bases?.[index] ?? 0) : undefined;
      if (queue?.ok === false) {
        this.fail(`queue ${index} cannot run: ${reasonOf(queue.error)}`);
        return;
      }
      queues.push(queue?.value);
    }
    const running = this.#kinds.flatMap((kind, index) => this.#run(index, kind, queues[index]));
    this.#running = running;
    this.started(
      this.#kinds.map((_, index) => running.find((one) => one.index === index)?.queue),
      bases === undefined,
    );
    // A queue that starts counts as kicked.
    for (const { index } of running) this.ready(index);
  }

  #activate(setup: QueueSetup, base: number): Result<SplitQueue, QueueError> {
    const { index, size, descriptorAddress: descriptor, driverAddress: available, deviceAddress: used } = setup;
    const ring = locateRing({ size, descriptor, available, used }, this.context.memory);
    if (!ring.ok) return ring;
    const features = this.device.ackedFeatures;
    const eventIdx = (features & VIRTIO_F_RING_EVENT_IDX) !== 0n;
    const indirect = (features & VIRTIO_F_RING_INDIRECT_DESC) !== 0n;
    const segments = this.#segments[index];
    assert(segments !== undefined, `${this.id} has no queue ${index}`);
    return SplitQueue.activate({ ...ring.value, base, eventIdx, indirect, inflight: undefined }, this.context.memory, segments);
  }

  #run(index: number, kind: QueueKind, split: SplitQueue | undefined): readonly Running[] {
    const kickFd = this.device.kickFdOf(index);
    if (split === undefined || kickFd === undefined) return [];
    const queue = new PulledQueue(split, kind, {
      signal: () => this.#signal(index),
      ready: () => this.ready(index),
      broken: (fault) => this.fail(`the driver broke queue ${index}: ${JSON.stringify(fault)}`),
    });
    const kick = this.context.watcher.watch(asFd(kickFd), EPOLLIN, () => {
      drainEventFd(kickFd);
      this.ready(index);
    });
    return [{ index, queue, kick }];
  }

  /** Answers the next available index of each queue. */
  #stop(): readonly number[] {
    const bases = this.#kinds.map(() => 0);
    if (this.#running === undefined) return bases;
    for (const { index, queue, kick } of this.#running) {
      kick.close();
      bases[index] = queue.stop();
    }
    this.#running = undefined;
    this.stopped();
    return bases;
  }

  #forget(): void {
    this.#stop();
    this.#needsReset = false;
  }

  /** By the vector that the driver has chosen by now. */
  #signal(queue: number): void {
    const fd = this.device.callFdOf(queue);
    if (fd !== undefined) signalEventFd(fd);
  }
}

function reasonOf(error: QueueError): string {
  if (error.code === 'RING_UNMAPPED') return `its ${error.part} ring at 0x${error.address.toString(16)} is not in memory`;
  return JSON.stringify(error);
}
