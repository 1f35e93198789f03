/** A virtio device of the core behind real registers and real rings, with a driver that does what a test wants. */
import { expect } from 'chai';
import { DriverQueue, type DriverQueueOptions } from '#shared/testing/driver-queue.ts';
import { type Layout, type TestMemory, makeMemory } from '#shared/testing/memory-builder.ts';
import { QuietWatcher } from '#shared/testing/quiet-watcher.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import type { DeviceLink, LinkContext } from '../../link/device-link.ts';
import { make, type Made } from '../../virtio-pci/testing/made-machine.ts';
import { NOTIFY_OFFSET } from '../../virtio-pci/spec.ts';

/** Guest memory: rings below DATA, buffers from there on, a hole, and a piece above it. */
export const DATA = 0x8_0000;
export const MEMORY_SIZE = 0x20_0000;
export const HOLE = MEMORY_SIZE;
const LAYOUT: Layout = [
  [0, MEMORY_SIZE],
  [0x100_0000, 0x1_0000],
];
const SIZE = 256;
const EVENT_IDX = 1 << 29;

export interface Driving {
  /** 0: negotiate no event index. */
  readonly eventIdx?: boolean;
  /** Where a queue's ring is, and so on, if not in its usual place. */
  readonly queues?: readonly Partial<DriverQueueOptions>[];
}

export class DrivenDevice<T extends DeviceLink> implements AsyncDisposable {
  readonly link: T;
  readonly made: Made;
  readonly watcher = new QuietWatcher();
  readonly memory: TestMemory = makeMemory(LAYOUT);
  /** One for each life of the driver: see `activate`. */
  queues: readonly DriverQueue[] = [];
  /** What the link told of, in order. */
  readonly failures: string[] = [];

  constructor(create: (context: LinkContext) => T) {
    const failed: LinkContext['failed'] = (id, { code, message }) => void this.failures.push(`${id} ${code}: ${message}`);
    this.link = create({ watcher: this.watcher, memory: this.memory.memory, regions: [], failed, told: () => {} });
    this.made = make({ name: this.link.id, writableConfig: [], ...this.link.offer });
    this.link.attach(this.made.machine.device);
  }

  get status(): number {
    return this.made.machine.read(0x14, 1);
  }

  queue(index: number): DriverQueue {
    const queue = this.queues[index];
    if (queue === undefined) throw new RangeError(`no queue ${index}`);
    return queue;
  }

  /** A driver that begins: new rings of zeroes, all features (but the event index, where asked), DRIVER_OK. */
  activate({ eventIdx = true, queues = [] }: Driving = {}): void {
    const { machine } = this.made;
    this.queues = this.link.offer.queueSizes.map((_, index) => {
      const options = { size: SIZE, base: 0x1_0000 * (index + 1), eventIdx, ...queues[index] };
      this.memory.memory.writeBytes(options.base, new Uint8Array(0x4000));
      return new DriverQueue(this.memory.memory, options);
    });
    for (const status of [1, 3]) machine.write(0x14, 1, status);
    for (const half of [0, 1]) {
      for (const select of [0x00, 0x08]) machine.write(select, 4, half);
      machine.write(0x0c, 4, machine.read(0x04, 4) & ~(half === 0 && !eventIdx ? EVENT_IDX : 0));
    }
    machine.write(0x14, 1, 0xb);
    machine.write(0x10, 2, 0);
    for (const [index, { ring }] of this.queues.entries()) {
      machine.write(0x16, 2, index);
      machine.write(0x1a, 2, index + 1);
      for (const [register, address] of [ring.descriptor, ring.available, ring.used].entries())
        machine.write(0x20 + register * 8, 4, address);
      machine.write(0x1c, 2, 1);
    }
    machine.write(0x14, 1, 0xf);
    this.takeEffects();
  }

  /** What the core does when it is woken. */
  takeEffects(): void {
    this.link.take(this.made.machine.effects.take(this.made.plan.effectIndex));
  }

  /** As the driver resets the device; whether that is over. */
  resetByDriver(): boolean {
    this.made.machine.write(0x14, 1, 0);
    this.takeEffects();
    return this.status === 0;
  }

  /** Lets everything happen that is under way. */
  settle(): Promise<void> {
    return this.watcher.settle();
  }

  kick(queue: number): void {
    this.made.machine.write(NOTIFY_OFFSET + queue * 4, 2, queue);
  }

  /** How often vector `vector` was signalled since the last call, by whoever runs a queue. */
  interrupts(vector: number): number {
    return drainEventFd(this.made.plan.vectorFds[vector] ?? -1);
  }

  /** Bytes of guest memory. */
  bytes(address: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    expect(this.memory.memory.readBytes(address, bytes)).to.equal(true);
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.close();
    await this.watcher.close();
    this.made[Symbol.dispose]();
    this.memory[Symbol.dispose]();
  }
}
