/** The registers of one virtio device as words of the arena. No rule lives here: `common-config.ts` and `virtio-pci-device.ts` keep them. */
import { VIRTIO_MSI_NO_VECTOR } from './spec.ts';

/** One word each. */
export const REGISTER = {
  lock: 0,
  status: 1,
  /** STATE bits. */
  state: 2,
  deviceFeatureSelect: 3,
  driverFeatureSelect: 4,
  driverFeaturesLow: 5,
  driverFeaturesHigh: 6,
  configVector: 7,
  queueSelect: 8,
  configGeneration: 9,
  isr: 10,
  /** Writes to the device's configuration: how many came, how many the main thread took, how many found no room. */
  configWritesHead: 11,
  configWritesTail: 12,
  configWritesLost: 13,
  /** 1: the copy of the device's configuration holds one. */
  configured: 14,
} as const;
const QUEUES = 16;

/** One word each, for every queue. */
export const QUEUE_REGISTER = {
  size: 0,
  vector: 1,
  enabled: 2,
  descriptorLow: 3,
  descriptorHigh: 4,
  driverLow: 5,
  driverHigh: 6,
  deviceLow: 7,
  deviceHigh: 8,
  /** 1: the queue's notifications are an ioeventfd in KVM. */
  notified: 9,
} as const;
const QUEUE_WORDS = 10;

export const STATE = {
  /** The driver has set DRIVER_OK: queues do not change any more. */
  active: 1,
  /** The driver has asked for a reset that the main thread has not finished. */
  resetting: 2,
} as const;

export function registerWords(queues: number): number {
  return QUEUES + queues * QUEUE_WORDS;
}

export class VirtioRegisters {
  readonly words: Int32Array;
  /** The greatest size of each queue. */
  readonly queueSizes: readonly number[];

  constructor(words: Int32Array, queueSizes: readonly number[]) {
    this.words = words;
    this.queueSizes = queueSizes;
  }

  get(register: number): number {
    return Atomics.load(this.words, register);
  }

  set(register: number, value: number): void {
    Atomics.store(this.words, register, value);
  }

  has(stateBit: number): boolean {
    return (this.get(REGISTER.state) & stateBit) !== 0;
  }

  /** `queue` is below the number of queues. */
  getQueue(queue: number, register: number): number {
    return Atomics.load(this.words, QUEUES + queue * QUEUE_WORDS + register);
  }

  setQueue(queue: number, register: number, value: number): void {
    Atomics.store(this.words, QUEUES + queue * QUEUE_WORDS + register, value);
  }

  /** A 64-bit register by its low word. */
  queueAddress(queue: number, lowRegister: number): number {
    return (this.getQueue(queue, lowRegister + 1) >>> 0) * 0x1_0000_0000 + (this.getQueue(queue, lowRegister) >>> 0);
  }

  /** What a device reset makes of everything the driver wrote (2.4). Configuration, its generation and ioeventfds stay. */
  reset(): void {
    for (const register of [
      REGISTER.status,
      REGISTER.state,
      REGISTER.deviceFeatureSelect,
      REGISTER.driverFeatureSelect,
      REGISTER.driverFeaturesLow,
      REGISTER.driverFeaturesHigh,
      REGISTER.queueSelect,
      REGISTER.isr,
    ]) {
      this.set(register, 0);
    }
    this.set(REGISTER.configVector, VIRTIO_MSI_NO_VECTOR);
    this.set(REGISTER.configWritesTail, this.get(REGISTER.configWritesHead));
    for (const [queue, size] of this.queueSizes.entries()) {
      for (let register = QUEUE_REGISTER.enabled; register <= QUEUE_REGISTER.deviceHigh; register++) this.setQueue(queue, register, 0);
      this.setQueue(queue, QUEUE_REGISTER.size, size);
      this.setQueue(queue, QUEUE_REGISTER.vector, VIRTIO_MSI_NO_VECTOR);
    }
  }
}
