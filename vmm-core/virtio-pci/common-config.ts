/**
 * The common configuration structure (virtio 1.2, 4.1.4.3): a table of registers in the order of the specification.
 *
 * The driver is not trusted. An access that is not exactly one register (a half of a 64-bit one counts as one: 4.1.3.1) reads all ones
 * and writes nothing. Queues are set up between FEATURES_OK and DRIVER_OK; writes that come later, or name a queue that is not there,
 * change nothing: what a running queue was started with is what its registers go on saying.
 */
import { allOnes } from '../bus/bus.ts';
import { statusAfter } from './device-status.ts';
import { QUEUE_REGISTER as Q, REGISTER as R, STATE, type VirtioRegisters } from './registers.ts';
import { COMMON_SIZE, VERSION_1_HIGH, VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_FEATURES_OK, VIRTIO_MSI_NO_VECTOR } from './spec.ts';

export interface OfferedFeatures {
  /** Bits 31..0. */
  readonly low: number;
  /** Bits 63..32. */
  readonly high: number;
}

/** What follows from a register write; called under the device's lock. */
export interface CommonConfigEvents {
  /** The driver set DRIVER_OK. */
  activated(): void;
  /** The driver wrote 0 to the status while queues may be running. */
  resetWanted(): void;
  /** An active queue interrupts through another vector now. */
  queueVectorChanged(): void;
}

interface Register {
  readonly offset: number;
  readonly bytes: 1 | 2 | 4;
  readonly name: string;
  read(config: CommonConfig): number;
  /** Absent where the register is read-only. */
  write?(config: CommonConfig, value: number): void;
}

/** The greatest address bit that a queue part may have set lies below this word's value: addresses are safe integers. */
const ADDRESS_HIGH_END = 0x10_0000;

export class CommonConfig {
  readonly #registers: VirtioRegisters;
  readonly #offered: OfferedFeatures;
  readonly #vectors: number;
  readonly #events: CommonConfigEvents;

  /** `vectors` is the number of MSI-X vectors. */
  constructor(registers: VirtioRegisters, offered: OfferedFeatures, vectors: number, events: CommonConfigEvents) {
    this.#registers = registers;
    this.#offered = offered;
    this.#vectors = vectors;
    this.#events = events;
  }

  read(offset: number, size: number): number {
    const register = CommonConfig.#byOffset[offset];
    return register?.bytes === size ? register.read(this) : allOnes(size);
  }

  write(offset: number, size: number, value: number): void {
    const register = CommonConfig.#byOffset[offset];
    // While a reset is underway nothing can be written, not even another reset.
    if (register?.bytes === size && !this.#registers.has(STATE.resetting)) register.write?.(this, value);
  }

  /** What of the registers no driver can have brought about, once they are restored. */
  fault(): string | undefined {
    const isU16 = (value: number): boolean => value >= 0 && value <= 0xffff;
    const [status, state] = [this.#get(R.status), this.#get(R.state)];
    if (status < 0 || status > 0xff) return `its status is 0x${(status >>> 0).toString(16)}`;
    if (state !== 0 && (state & ~STATE.resetting) !== STATE.active) return `its state is ${state}`;
    if (!isU16(this.#get(R.queueSelect))) return `it has selected queue ${this.#get(R.queueSelect)}`;
    if (this.#vectorOrNone(this.#get(R.configVector)) !== this.#get(R.configVector)) return 'its configuration has a vector that is none';
    for (const [queue, most] of this.#registers.queueSizes.entries()) {
      const size = this.#registers.getQueue(queue, Q.size);
      const vector = this.#registers.getQueue(queue, Q.vector);
      const enabled = this.#registers.getQueue(queue, Q.enabled);
      if (!isQueueSize(size, most)) return `queue ${queue} has ${size} entries`;
      if (this.#vectorOrNone(vector) !== vector) return `queue ${queue} has a vector that is none`;
      if (enabled !== 0 && (enabled !== 1 || !this.#hasUsableAddresses(queue))) return `queue ${queue} cannot have been enabled`;
    }
    return undefined;
  }

  static readonly #table: readonly Register[] = [
    {
      offset: 0x00,
      bytes: 4,
      name: 'device_feature_select',
      read: (c) => c.#get(R.deviceFeatureSelect),
      write: (c, v) => c.#set(R.deviceFeatureSelect, v),
    },
    { offset: 0x04, bytes: 4, name: 'device_feature', read: (c) => c.#deviceFeature() },
    {
      offset: 0x08,
      bytes: 4,
      name: 'driver_feature_select',
      read: (c) => c.#get(R.driverFeatureSelect),
      write: (c, v) => c.#set(R.driverFeatureSelect, v),
    },
    { offset: 0x0c, bytes: 4, name: 'driver_feature', read: (c) => c.#driverFeature(), write: (c, v) => c.#acceptFeatures(v) },
    {
      offset: 0x10,
      bytes: 2,
      name: 'config_msix_vector',
      read: (c) => c.#get(R.configVector),
      write: (c, v) => c.#set(R.configVector, c.#vectorOrNone(v)),
    },
    { offset: 0x12, bytes: 2, name: 'num_queues', read: (c) => c.#registers.queueSizes.length },
    { offset: 0x14, bytes: 1, name: 'device_status', read: (c) => c.#get(R.status), write: (c, v) => c.#writeStatus(v) },
    { offset: 0x15, bytes: 1, name: 'config_generation', read: (c) => c.#get(R.configGeneration) & 0xff },
    { offset: 0x16, bytes: 2, name: 'queue_select', read: (c) => c.#get(R.queueSelect), write: (c, v) => c.#set(R.queueSelect, v) },
    { offset: 0x18, bytes: 2, name: 'queue_size', read: (c) => c.#getQueue(Q.size, 0), write: (c, v) => c.#resizeQueue(v) },
    {
      offset: 0x1a,
      bytes: 2,
      name: 'queue_msix_vector',
      read: (c) => c.#getQueue(Q.vector, VIRTIO_MSI_NO_VECTOR),
      write: (c, v) => c.#assignVector(v),
    },
    { offset: 0x1c, bytes: 2, name: 'queue_enable', read: (c) => c.#getQueue(Q.enabled, 0), write: (c, v) => c.#enableQueue(v) },
    { offset: 0x1e, bytes: 2, name: 'queue_notify_off', read: (c) => (c.#selectedQueue() < 0 ? 0 : c.#selectedQueue()) },
    {
      offset: 0x20,
      bytes: 4,
      name: 'queue_desc (low)',
      read: (c) => c.#getQueue(Q.descriptorLow, 0),
      write: (c, v) => c.#configureQueue(Q.descriptorLow, v),
    },
    {
      offset: 0x24,
      bytes: 4,
      name: 'queue_desc (high)',
      read: (c) => c.#getQueue(Q.descriptorHigh, 0),
      write: (c, v) => c.#configureQueue(Q.descriptorHigh, v),
    },
    {
      offset: 0x28,
      bytes: 4,
      name: 'queue_driver (low)',
      read: (c) => c.#getQueue(Q.driverLow, 0),
      write: (c, v) => c.#configureQueue(Q.driverLow, v),
    },
    {
      offset: 0x2c,
      bytes: 4,
      name: 'queue_driver (high)',
      read: (c) => c.#getQueue(Q.driverHigh, 0),
      write: (c, v) => c.#configureQueue(Q.driverHigh, v),
    },
    {
      offset: 0x30,
      bytes: 4,
      name: 'queue_device (low)',
      read: (c) => c.#getQueue(Q.deviceLow, 0),
      write: (c, v) => c.#configureQueue(Q.deviceLow, v),
    },
    {
      offset: 0x34,
      bytes: 4,
      name: 'queue_device (high)',
      read: (c) => c.#getQueue(Q.deviceHigh, 0),
      write: (c, v) => c.#configureQueue(Q.deviceHigh, v),
    },
  ];

  /** The register that begins at each offset. */
  static readonly #byOffset: readonly (Register | undefined)[] = Array.from({ length: COMMON_SIZE }, (_, offset) =>
    CommonConfig.#table.find((register) => register.offset === offset),
  );

  #deviceFeature(): number {
    const select = this.#get(R.deviceFeatureSelect);
    return select === 0 ? this.#offered.low : select === 1 ? this.#offered.high : 0;
  }

  #driverFeature(): number {
    const select = this.#get(R.driverFeatureSelect);
    return select === 0 ? this.#get(R.driverFeaturesLow) : select === 1 ? this.#get(R.driverFeaturesHigh) : 0;
  }

  #acceptFeatures(bits: number): void {
    const select = this.#get(R.driverFeatureSelect);
    if ((this.#get(R.status) & VIRTIO_CONFIG_S_FEATURES_OK) !== 0) return;
    if (select === 0) this.#set(R.driverFeaturesLow, bits);
    else if (select === 1) this.#set(R.driverFeaturesHigh, bits);
  }

  #writeStatus(written: number): void {
    if (written === 0) {
      this.#reset();
      return;
    }
    const current = this.#get(R.status);
    const next = statusAfter(current, written);
    const added = next & ~current;
    // 2.2.2: the device MUST NOT accept FEATURES_OK for features that it cannot do together; we know no machine without VERSION_1.
    if ((added & VIRTIO_CONFIG_S_FEATURES_OK) !== 0 && !this.#canDoFeatures()) return;
    this.#set(R.status, next);
    if ((added & VIRTIO_CONFIG_S_DRIVER_OK) === 0) return;
    this.#set(R.state, STATE.active);
    this.#events.activated();
  }

  #canDoFeatures(): boolean {
    const low = this.#get(R.driverFeaturesLow);
    const high = this.#get(R.driverFeaturesHigh);
    return (low & ~this.#offered.low) === 0 && (high & ~this.#offered.high) === 0 && (high & VERSION_1_HIGH) !== 0;
  }

  #reset(): void {
    if (!this.#registers.has(STATE.active)) {
      this.#registers.reset();
      return;
    }
    // Until the queues are stopped the status goes on reading as it was, which is not 0 (4.1.4.3.1).
    this.#set(R.state, STATE.active | STATE.resetting);
    this.#events.resetWanted();
  }

  #resizeQueue(size: number): void {
    const queue = this.#configurableQueue();
    if (queue >= 0 && isQueueSize(size, this.#registers.queueSizes[queue] ?? 0)) this.#registers.setQueue(queue, Q.size, size);
  }

  #assignVector(vector: number): void {
    const queue = this.#selectedQueue();
    if (queue < 0) return;
    const before = this.#registers.getQueue(queue, Q.vector);
    const after = this.#vectorOrNone(vector);
    this.#registers.setQueue(queue, Q.vector, after);
    if (before !== after && this.#registers.has(STATE.active)) this.#events.queueVectorChanged();
  }

  #enableQueue(value: number): void {
    const queue = this.#configurableQueue();
    const isNegotiated = (this.#get(R.status) & VIRTIO_CONFIG_S_FEATURES_OK) !== 0;
    if (queue >= 0 && value === 1 && isNegotiated && this.#hasUsableAddresses(queue)) this.#registers.setQueue(queue, Q.enabled, 1);
  }

  /** 2.7: the parts are aligned to 16, 2 and 4. Whether there is memory is seen when the queue is started. */
  #hasUsableAddresses(queue: number): boolean {
    return (
      this.#isUsableAddress(queue, Q.descriptorLow, 16) &&
      this.#isUsableAddress(queue, Q.driverLow, 2) &&
      this.#isUsableAddress(queue, Q.deviceLow, 4)
    );
  }

  #isUsableAddress(queue: number, lowRegister: number, alignment: number): boolean {
    const low = this.#registers.getQueue(queue, lowRegister);
    const high = this.#registers.getQueue(queue, lowRegister + 1) >>> 0;
    return (low & (alignment - 1)) === 0 && high < ADDRESS_HIGH_END;
  }

  #configureQueue(register: number, value: number): void {
    const queue = this.#configurableQueue();
    if (queue >= 0) this.#registers.setQueue(queue, register, value);
  }

  #vectorOrNone(vector: number): number {
    return vector >= 0 && vector < this.#vectors ? vector : VIRTIO_MSI_NO_VECTOR;
  }

  /** The queue that queue_select names, or -1. */
  #selectedQueue(): number {
    const queue = this.#get(R.queueSelect);
    return queue < this.#registers.queueSizes.length ? queue : -1;
  }

  /** The same where it may still be set up, or -1. */
  #configurableQueue(): number {
    const queue = this.#selectedQueue();
    const isSettled = queue < 0 || this.#registers.has(STATE.active) || this.#registers.getQueue(queue, Q.enabled) !== 0;
    return isSettled ? -1 : queue;
  }

  #getQueue(register: number, whereNone: number): number {
    const queue = this.#selectedQueue();
    return queue < 0 ? whereNone : this.#registers.getQueue(queue, register);
  }

  #get(register: number): number {
    return this.#registers.get(register);
  }

  #set(register: number, value: number): void {
    this.#registers.set(register, value);
  }
}

/** A power of two, at most `most` (2.6). */
function isQueueSize(size: number, most: number): boolean {
  return size > 0 && (size & (size - 1)) === 0 && size <= most;
}
