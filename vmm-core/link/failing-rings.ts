/**
 * A disk's queues while nobody serves it and its requests are to fail: each that comes is answered with an I/O error here.
 *
 * Not those that the lost back end had taken: its requests may still go on, to and from the driver's buffers, until another back end
 * has waited for their end. They stay noted in the record of what is in flight, and are done by that one.
 */
import { EPOLLIN, EPOLLOUT } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import { F_SEAL_SHRINK, sealsOf } from '#shared/sys/memfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import type { Watch, Watcher } from '#shared/sys/watcher.ts';
import type { InflightFile } from '#shared/vhost-user/frontend/index.ts';
import type { GuestMemory } from '#shared/memory/index.ts';
import {
  DEFERRED,
  type DescriptorChain,
  type InflightRegion,
  QueueLoop,
  SegmentTable,
  SplitQueue,
  inflightSliceSize,
  locateRing,
} from '#shared/virtio/index.ts';
import { VIRTIO_F_RING_EVENT_IDX, VIRTIO_F_RING_INDIRECT_DESC } from '#shared/virtio/spec.ts';
import type { QueueSetup, VirtioPciDevice } from '../virtio-pci/virtio-pci-device.ts';
import { enabledQueues, guestRing } from './ring-places.ts';

const PAGE = 4096;
/** Chains before everybody else on this thread has had a turn. */
const TURN = 64;

export interface FailingPlace {
  readonly watcher: Watcher;
  readonly memory: GuestMemory;
  readonly queueCount: number;
  /** Of a request that failed, in the last byte that the device writes. */
  readonly failedStatus: number;
  /** What the lost back end had in flight; undefined: nothing. */
  readonly inflight: InflightFile | undefined;
}

export class FailingRings {
  readonly #device: VirtioPciDevice;
  readonly #place: FailingPlace;
  readonly #record: Mapping | undefined;
  readonly #watches: Watch[] = [];
  #isStopped = false;

  /** Undefined where a ring or the record cannot be used. */
  static start(device: VirtioPciDevice, place: FailingPlace): FailingRings | undefined {
    const record = place.inflight === undefined ? undefined : mapRecord(place.inflight);
    if (place.inflight !== undefined && record === undefined) return undefined;
    const rings = new FailingRings(device, place, record);
    if (enabledQueues(device, place.queueCount).every((queue) => rings.#run(queue))) return rings;
    rings.stop();
    return undefined;
  }

  private constructor(device: VirtioPciDevice, place: FailingPlace, record: Mapping | undefined) {
    this.#device = device;
    this.#place = place;
    this.#record = record;
  }

  /** Everything that was taken from the rings has been answered then, but for what the lost back end had. */
  stop(): void {
    this.#isStopped = true;
    for (const watch of this.#watches) watch.close();
    this.#record?.unmap();
  }

  #run(setup: QueueSetup): boolean {
    const { memory, watcher, failedStatus } = this.#place;
    const { index, size } = setup;
    const host = locateRing(guestRing(setup), memory);
    const kickFd = this.#device.kickFdOf(index);
    if (!host.ok || kickFd === undefined) return false;
    const features = this.#device.ackedFeatures;
    const eventIdx = (features & VIRTIO_F_RING_EVENT_IDX) !== 0n;
    const indirect = (features & VIRTIO_F_RING_INDIRECT_DESC) !== 0n;
    const base = memory.readU16(setup.deviceAddress + 2) ?? 0;
    const config = { ...host.value, base, eventIdx, indirect, inflight: this.#slice(index) };
    const queue = SplitQueue.activate(config, memory, new SegmentTable(size));
    if (!queue.ok) return false;
    const loop = new QueueLoop(queue.value, { handle: (chain) => failChain(chain, memory, failedStatus) }, () => this.#signal(index));
    this.#watches.push(
      watcher.watch(asFd(kickFd), EPOLLIN, () => {
        drainEventFd(kickFd);
        this.#serve(loop);
      }),
    );
    // A queue that starts counts as kicked.
    this.#serve(loop);
    return true;
  }

  #serve(loop: QueueLoop): void {
    if (!this.#isStopped && loop.serve(TURN)) setImmediate(() => this.#serve(loop));
  }

  #slice(index: number): InflightRegion | undefined {
    const { inflight } = this.#place;
    if (inflight === undefined || this.#record === undefined) return undefined;
    const { queueSize, fileOffset } = inflight.description;
    const length = inflightSliceSize(queueSize);
    return { hostAddress: this.#record.address + (fileOffset % PAGE) + index * length, length, queueSize };
  }

  /** By the vector that the driver has chosen by now. A back end that had a copy of it may have let it run full. */
  #signal(index: number): void {
    const fd = this.#device.callFdOf(index);
    if (fd !== undefined && pollNow(asFd(fd), EPOLLOUT) === EPOLLOUT) signalEventFd(fd);
  }
}

function failChain(chain: DescriptorChain, memory: GuestMemory, status: number): number {
  if (chain.replayed) return DEFERRED;
  if (chain.writable === 0) return 0;
  const last = chain.firstWritable + chain.writable - 1;
  memory.writeU8(chain.segments.guestAt(last) + chain.segments.lengthAt(last) - 1, status);
  return 1;
}

/** Its file came from the back end: one that it could make shorter under us is not touched. */
function mapRecord({ description, file }: InflightFile): Mapping | undefined {
  const { queueCount, queueSize, fileOffset, size } = description;
  const needed = queueCount * inflightSliceSize(queueSize);
  const status = fileStatus(file.fd);
  const isSealed = ((sealsOf(file.fd) ?? 0) & F_SEAL_SHRINK) !== 0;
  if (!status.ok || !isSealed || size < needed || status.value.size < fileOffset + needed) return undefined;
  const lead = fileOffset % PAGE;
  const mapped = Mapping.map({ length: lead + needed, fd: file.fd, offset: fileOffset - lead });
  return mapped.ok ? mapped.value : undefined;
}
