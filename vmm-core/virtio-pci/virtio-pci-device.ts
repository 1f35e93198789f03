/**
 * A virtio device on PCI, as a modern driver finds it (virtio 1.2, 4.1). Every thread makes one from the same plan and arena.
 *
 * vCPUs serve its registers: configuration space under the PCI lock, BAR 0 under the device's own. What the registers ask for beyond
 * themselves is an effect for the main thread, which runs the queues or has a device process run them. Nobody waits:
 * - DRIVER_OK raises `activate`; kicks stay in their eventfds until the queues run. Where they cannot be run: `needsReset`.
 * - A status of 0 raises `reset` and reads as it was until `completeReset`. An `activate` taken together with a `reset` came before it
 *   and is void.
 */
import { assert } from '#shared/lang/assert.ts';
import { EPOLLOUT } from '#shared/sys/epoll.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { allOnes } from '../bus/bus.ts';
import { touches } from '../pci/config-space.ts';
import { Msix, type MsixWiring, msixWords } from '../pci/msix.ts';
import { PciFunction } from '../pci/pci-function.ts';
import type { StateArena } from '../state/arena.ts';
import type { Effects } from '../state/effects.ts';
import type { Lock } from '../state/lock.ts';
import { AccessWindow } from './access-window.ts';
import { addVirtioCapabilities } from './capabilities.ts';
import { CommonConfig } from './common-config.ts';
import { CONFIG_WRITE_WORDS, type ConfigField, DeviceConfig } from './device-config.ts';
import { QUEUE_REGISTER as Q, REGISTER as R, STATE, VirtioRegisters, registerWords } from './registers.ts';
import {
  COMMON_SIZE,
  DEVICE_CONFIG_OFFSET,
  DEVICE_CONFIG_SIZE,
  ISR_OFFSET,
  MSIX_PENDING_OFFSET,
  MSIX_PENDING_SIZE,
  MSIX_TABLE_OFFSET,
  MSIX_TABLE_SIZE,
  NOTIFY_MULTIPLIER,
  NOTIFY_OFFSET,
  NOTIFY_SIZE,
  QUEUE_SIZE_MAX,
  VERSION_1_HIGH,
  VIRTIO_BAR_SIZE,
  VIRTIO_CONFIG_S_NEEDS_RESET,
  VIRTIO_PCI_DEVICE_ID_BASE,
  VIRTIO_PCI_ISR_CONFIG,
  VIRTIO_PCI_REVISION,
  VIRTIO_PCI_VENDOR_ID,
} from './spec.ts';

/** What the main thread finds in the device's effect word. */
export const VIRTIO_EFFECT = {
  /** The driver is ready: start the enabled queues. */
  activate: 1,
  /** Stop all queues, then `completeReset`. */
  reset: 2,
  /** `takeConfigWrite` has something. */
  configWrite: 4,
  /** `callFdOf` of an active queue has changed. */
  callChanged: 8,
} as const;

/** JSON-able. */
export interface VirtioPciPlan {
  /** Unique: names the slices. */
  readonly name: string;
  readonly slot: number;
  /** The device's word in `Effects`. */
  readonly effectIndex: number;
  /** virtio 1.2, 5: 2 is a block device. */
  readonly deviceType: number;
  /** PCI base class and sub-class: 0x0180 for block, 0x0200 for net, else 0xffff. */
  readonly classCode: number;
  /** Offered feature bits 31..0 and 63..32; VERSION_1 is among them. */
  readonly featuresLow: number;
  readonly featuresHigh: number;
  /** The greatest size of each queue, powers of two. */
  readonly queueSizes: readonly number[];
  /** The device's configuration at first; empty where it has none. */
  readonly config: readonly number[];
  /** Parts of it that the driver may write. */
  readonly writableConfig?: readonly ConfigField[];
  readonly bar: { readonly bits: 32 | 64; readonly address: number };
  /** The eventfd of each queue's notifications. */
  readonly kickFds: readonly number[];
  /** The eventfd of each MSI-X vector: one more than queues. */
  readonly vectorFds: readonly number[];
}

/** A queue as the driver set it up. Addresses are guest-physical and not checked against memory. */
export interface QueueSetup {
  readonly index: number;
  readonly size: number;
  readonly enabled: boolean;
  readonly descriptorAddress: number;
  readonly driverAddress: number;
  readonly deviceAddress: number;
}

export class VirtioPciDevice {
  readonly plan: VirtioPciPlan;
  /** For `PciRoot.add`. */
  readonly function: PciFunction;
  readonly #registers: VirtioRegisters;
  readonly #lock: Lock;
  readonly #common: CommonConfig;
  readonly #config: DeviceConfig;
  readonly #msix: Msix;
  readonly #msixControlAt: number;
  readonly #window: AccessWindow;
  readonly #effects: Effects;
  readonly #wiring: MsixWiring;

  constructor(plan: VirtioPciPlan, arena: StateArena, effects: Effects, wiring: MsixWiring) {
    checkPlan(plan);
    this.plan = plan;
    this.#effects = effects;
    this.#wiring = wiring;
    const registers = registerWords(plan.queueSizes.length);
    const msix = registers + msixWords(plan.vectorFds.length);
    const writes = msix + CONFIG_WRITE_WORDS;
    const { words, bytes } = arena.slice(`${plan.name}-virtio`, 1, writes * 4 + plan.config.length);
    this.#registers = new VirtioRegisters(words.subarray(0, registers), plan.queueSizes);
    this.#lock = arena.lock(words, R.lock);
    this.#msix = new Msix(words.subarray(registers, msix), plan.vectorFds, wiring);
    const configBytes = bytes.subarray(writes * 4, writes * 4 + plan.config.length);
    this.#config = new DeviceConfig(this.#registers, configBytes, words.subarray(msix, writes), plan.writableConfig ?? []);
    const offered = { low: plan.featuresLow, high: plan.featuresHigh };
    this.#common = new CommonConfig(this.#registers, offered, plan.vectorFds.length, {
      activated: () => this.#activated(),
      resetWanted: () => this.#resetWanted(),
      queueVectorChanged: () => this.#raise(VIRTIO_EFFECT.callChanged),
    });
    this.function = this.#makeFunction(arena);
    this.#window = new AccessWindow(this.function.config, addVirtioCapabilities(this.function.config, plan.config.length > 0));
    this.#msixControlAt = this.#msix.addCapability(this.function.config, MSIX_TABLE_OFFSET, MSIX_PENDING_OFFSET);
  }

  /** Power-on values, but for a configuration that has changed: a disk keeps its size. By one thread, before the first vCPU runs. */
  reset(): void {
    this.#lock.acquire();
    // While BAR 0 is still where the guest had it: there KVM knows the ioeventfds.
    this.#disconnectKicks();
    this.#msix.reset();
    this.#registers.reset();
    if (this.#registers.get(R.configured) === 0) this.#config.set(Uint8Array.from(this.plan.config), 0);
    this.#registers.set(R.configured, 1);
    this.#registers.set(R.configGeneration, 0);
    this.#lock.release();
    this.function.reset();
  }

  /** Before the arena is saved: all vCPUs paused, the queues stopped. */
  saving(): void {
    this.#msix.saving();
  }

  /** What of its part of the arena cannot have been saved, once that is restored. */
  fault(): string | undefined {
    const fault = this.#common.fault() ?? this.#config.fault() ?? this.#msix.fault();
    return fault === undefined ? undefined : `${this.plan.name}: ${fault}`;
  }

  /** After a restore, once the routes are: gives the new VM its irqfds and ioeventfds; by one thread. */
  restored(): void {
    this.#lock.acquire();
    this.#msix.restored();
    for (const queue of this.plan.queueSizes.keys()) {
      if (this.#registers.getQueue(queue, Q.notified) !== 0) this.#connectKick(queue);
    }
    this.#lock.release();
  }

  /** Whether the driver has set DRIVER_OK and no reset is underway: its queues should be running. */
  get isActive(): boolean {
    return this.#registers.has(STATE.active) && !this.#registers.has(STATE.resetting);
  }

  /** The feature bits that the driver accepted; settled once it is active. */
  get ackedFeatures(): bigint {
    const high = this.#registers.get(R.driverFeaturesHigh) >>> 0;
    return (BigInt(high) << 32n) | BigInt(this.#registers.get(R.driverFeaturesLow) >>> 0);
  }

  queue(index: number): QueueSetup {
    return {
      index,
      size: this.#registers.getQueue(index, Q.size),
      enabled: this.#registers.getQueue(index, Q.enabled) !== 0,
      descriptorAddress: this.#registers.queueAddress(index, Q.descriptorLow),
      driverAddress: this.#registers.queueAddress(index, Q.driverLow),
      deviceAddress: this.#registers.queueAddress(index, Q.deviceLow),
    };
  }

  /** The eventfd that whoever runs the queue signals to interrupt the driver; undefined where the driver wants no interrupt. */
  callFdOf(queue: number): number | undefined {
    return this.plan.vectorFds[this.#registers.getQueue(queue, Q.vector)];
  }

  /** The eventfd that is signalled when the driver notifies the queue. */
  kickFdOf(queue: number): number | undefined {
    return this.plan.kickFds[queue];
  }

  /** Main thread: every queue is stopped; the driver may begin anew. */
  completeReset(): void {
    this.#lock.acquire();
    if (this.#registers.has(STATE.resetting)) this.#registers.reset();
    this.#lock.release();
  }

  /** Main thread: the queues cannot be run, or not any more (2.1.2). Without effect once the driver has asked for a reset. */
  needsReset(): void {
    this.#lock.acquire();
    if (this.isActive) {
      this.#registers.set(R.status, this.#registers.get(R.status) | VIRTIO_CONFIG_S_NEEDS_RESET);
      this.#interruptForConfig();
    }
    this.#lock.release();
  }

  /** Main thread: changes bytes of the device's configuration without telling the driver. */
  setConfig(bytes: Uint8Array, offset = 0): void {
    this.#lock.acquire();
    this.#config.set(bytes, offset);
    this.#lock.release();
  }

  /** Main thread: tells the driver to read the configuration again. */
  configChanged(): void {
    this.#lock.acquire();
    if (this.isActive) this.#interruptForConfig();
    this.#lock.release();
  }

  /** Main thread: the next configuration write to replay, oldest first. */
  takeConfigWrite(): { readonly offset: number; readonly bytes: Uint8Array } | undefined {
    this.#lock.acquire();
    const write = this.#config.takeWrite();
    this.#lock.release();
    return write;
  }

  #makeFunction(arena: StateArena): PciFunction {
    const { name, deviceType, classCode, bar } = this.plan;
    const id = VIRTIO_PCI_DEVICE_ID_BASE + deviceType;
    const vendor = VIRTIO_PCI_VENDOR_ID;
    const ids = { vendor, device: id, revision: VIRTIO_PCI_REVISION, classCode: classCode << 8, subsystemVendor: vendor, subsystem: id };
    const handler = {
      read: (offset: number, size: number) => this.#read(offset, size),
      write: (offset: number, size: number, value: number) => this.#write(offset, size, value),
    };
    const moved = (from: number): void => this.#moveKicks(from);
    return new PciFunction(
      {
        name,
        ids,
        bars: [{ index: 0, bits: bar.bits, size: VIRTIO_BAR_SIZE, address: bar.address, handler, moved }],
        beforeRead: (offset, size) => this.#loadAccessWindow(offset, size),
        afterWrite: (offset, size) => this.#configWritten(offset, size),
      },
      arena,
    );
  }

  #read(offset: number, size: number): number {
    this.#lock.acquire();
    const value = this.#readLocked(offset, size);
    this.#lock.release();
    return value;
  }

  #readLocked(offset: number, size: number): number {
    if (offset < COMMON_SIZE) return this.#common.read(offset, size);
    if (offset === ISR_OFFSET && size === 1) return Atomics.exchange(this.#registers.words, R.isr, 0);
    if (isInside(offset, size, DEVICE_CONFIG_OFFSET, DEVICE_CONFIG_SIZE)) return this.#config.read(offset - DEVICE_CONFIG_OFFSET, size);
    if (isInside(offset, size, MSIX_TABLE_OFFSET, MSIX_TABLE_SIZE)) return this.#msix.readTable(offset - MSIX_TABLE_OFFSET, size);
    if (isInside(offset, size, MSIX_PENDING_OFFSET, MSIX_PENDING_SIZE)) return this.#msix.readPending(offset - MSIX_PENDING_OFFSET, size);
    return allOnes(size);
  }

  #write(offset: number, size: number, value: number): void {
    if (isInside(offset, size, NOTIFY_OFFSET, NOTIFY_SIZE)) {
      this.#notified(offset - NOTIFY_OFFSET);
      return;
    }
    this.#lock.acquire();
    if (offset < COMMON_SIZE) this.#common.write(offset, size, value);
    else if (isInside(offset, size, DEVICE_CONFIG_OFFSET, DEVICE_CONFIG_SIZE))
      this.#writeConfig(offset - DEVICE_CONFIG_OFFSET, size, value);
    else if (isInside(offset, size, MSIX_TABLE_OFFSET, MSIX_TABLE_SIZE)) this.#msix.writeTable(offset - MSIX_TABLE_OFFSET, size, value);
    this.#lock.release();
  }

  /** A notification that KVM did not take for us: before DRIVER_OK, at an odd place, or where it had no room for the ioeventfd. */
  #notified(offset: number): void {
    const fd = offset % NOTIFY_MULTIPLIER === 0 ? this.plan.kickFds[offset / NOTIFY_MULTIPLIER] : undefined;
    // Whoever runs the queue has the eventfd too, and could have filled it and made it a blocking one. A full one is as good as signalled.
    if (fd !== undefined && (pollNow(asFd(fd), EPOLLOUT) & EPOLLOUT) !== 0) signalEventFd(fd);
  }

  #writeConfig(offset: number, size: number, value: number): void {
    if (this.#config.write(offset, size, value)) this.#raise(VIRTIO_EFFECT.configWrite);
  }

  #activated(): void {
    for (const queue of this.plan.queueSizes.keys()) {
      if (this.#registers.getQueue(queue, Q.enabled) !== 0) this.#connectKick(queue);
    }
    this.#raise(VIRTIO_EFFECT.activate);
  }

  #resetWanted(): void {
    this.#disconnectKicks();
    this.#raise(VIRTIO_EFFECT.reset);
  }

  #interruptForConfig(): void {
    Atomics.or(this.#registers.words, R.isr, VIRTIO_PCI_ISR_CONFIG);
    this.#msix.raise(this.#registers.get(R.configVector));
  }

  #raise(bits: number): void {
    this.#effects.raise(this.plan.effectIndex, bits);
  }

  #connectKick(queue: number): void {
    const isTaken = this.#wiring.ioctls.assignIoeventfd(this.#kickAddress(queue), 0, this.plan.kickFds[queue] ?? -1);
    this.#registers.setQueue(queue, Q.notified, isTaken ? 1 : 0);
  }

  #disconnectKicks(): void {
    for (const queue of this.plan.queueSizes.keys()) this.#disconnectKick(queue, this.#kickAddress(queue));
  }

  #disconnectKick(queue: number, address: number): boolean {
    if (this.#registers.getQueue(queue, Q.notified) === 0) return false;
    this.#wiring.ioctls.deassignIoeventfd(address, 0, this.plan.kickFds[queue] ?? -1);
    this.#registers.setQueue(queue, Q.notified, 0);
    return true;
  }

  /** BAR 0 has moved away from `from`. */
  #moveKicks(from: number): void {
    this.#lock.acquire();
    for (const queue of this.plan.queueSizes.keys()) {
      if (this.#disconnectKick(queue, kickAddress(from, queue))) this.#connectKick(queue);
    }
    this.#lock.release();
  }

  #kickAddress(queue: number): number {
    return kickAddress(this.function.bars[0]?.mapped ?? 0, queue);
  }

  #configWritten(offset: number, size: number): void {
    if (touches(offset, size, this.#msixControlAt, 2)) {
      this.#lock.acquire();
      this.#msix.setControl(this.function.config.view.getUint16(this.#msixControlAt, true));
      this.#lock.release();
    }
    const part = this.#window.partOf(offset, size);
    if (part !== undefined) this.#write(part.offset, part.length, this.#window.data(part));
  }

  #loadAccessWindow(offset: number, size: number): void {
    const part = this.#window.partOf(offset, size);
    if (part !== undefined) this.#window.show(this.#read(part.offset, part.length));
  }
}

function isInside(offset: number, size: number, start: number, length: number): boolean {
  return offset >= start && offset + size <= start + length;
}

function kickAddress(bar: number, queue: number): number {
  return bar + NOTIFY_OFFSET + queue * NOTIFY_MULTIPLIER;
}

function checkPlan(plan: VirtioPciPlan): void {
  const queues = plan.queueSizes.length;
  assert(queues > 0 && queues * NOTIFY_MULTIPLIER <= NOTIFY_SIZE, `${plan.name} has ${queues} queues`);
  assert(plan.kickFds.length === queues && plan.vectorFds.length === queues + 1, `${plan.name} lacks eventfds`);
  assert(plan.config.length <= DEVICE_CONFIG_SIZE, `${plan.name} has ${plan.config.length} bytes of configuration`);
  assert((plan.featuresHigh & VERSION_1_HIGH) !== 0, `${plan.name} does not offer VIRTIO_F_VERSION_1`);
  for (const size of plan.queueSizes) {
    assert(size > 0 && size <= QUEUE_SIZE_MAX && (size & (size - 1)) === 0, `${plan.name} has a queue of ${size}`);
  }
}
