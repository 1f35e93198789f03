/** The front end and the driver of a disk in another process: real sockets, real ring memory. */
import { expect } from '#shared/lang/result.ts';
import { GuestMemory } from '#shared/memory/index.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { UnixSocket } from '#shared/sys/unix-socket.ts';
import { type Watch, Watcher } from '#shared/sys/watcher.ts';
import { type Buffer, DriverQueue } from '#shared/testing/driver-queue.ts';
import { SharedRegion } from '#shared/testing/session-pair.ts';
import { FRONTEND_PROTOCOL_FEATURES, Frontend } from '#shared/vhost-user/frontend/index.ts';
import { RING_FEATURES } from '#shared/virtio/index.ts';
import { VIRTIO_BLK_F_FLUSH } from '../spec.ts';

const MEMORY = 0x40_0000;
/** Of a ring that has room for chains of its own descriptors; one of this size takes indirect ones. */
const RING_SIZE = 64;
const LARGE_RING_SIZE = 256;
/** Each head has a header, a status byte, a table of 64 descriptors and 64 KiB of data of its own. */
const HEADERS = 0x1_0000;
const TABLES = 0x2_0000;
const TABLE_SIZE = 0x400;
const DATA = 0x10_0000;
export const DATA_SIZE = 0x1_0000;
/** Requests at the same time, and heads. */
export const HEADS = 32;
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;

export interface DriverOptions {
  /** That the driver knows besides those of rings. */
  readonly features?: bigint;
  readonly hasLargeRing?: boolean;
}

export class DrivenDisk implements AsyncDisposable {
  readonly region = new SharedRegion(0, MEMORY);
  readonly memory = new GuestMemory([{ ...this.region.region, hostAddress: this.region.mapping.address }]);
  readonly driver: DriverQueue;
  /** What a head has of the ring's own. */
  readonly #descriptors: number;
  readonly watcher = new Watcher();
  readonly frontend: Frontend;
  readonly #kick = expect(createEventFd(), 'kick');
  readonly #call = expect(createEventFd(), 'call');
  readonly #watch: Watch;
  /** Heads that came back, in their order, with what became of them. */
  readonly done: { readonly head: number; readonly status: number }[] = [];
  readonly #status = new Map<number, number>();
  #told: () => void = () => {};
  configChanges = 0;

  private constructor(socket: OwnedFd, { features = VIRTIO_BLK_F_FLUSH, hasLargeRing = false }: DriverOptions) {
    const size = hasLargeRing ? LARGE_RING_SIZE : RING_SIZE;
    this.driver = new DriverQueue(this.memory, { size, base: 0x1000, eventIdx: true });
    this.#descriptors = size / HEADS;
    this.frontend = new Frontend(new UnixSocket(socket), this.watcher, {
      wantedFeatures: RING_FEATURES | features,
      wantedProtocolFeatures: FRONTEND_PROTOCOL_FEATURES,
      replyTimeoutMs: 5000,
    });
    this.frontend.onConfigChange = () => {
      this.configChanges++;
      this.#told();
    };
    this.#watch = this.watcher.watch(this.#call.fd, EPOLLIN, () => this.#collect());
  }

  /** With its one queue running. */
  static async start(socket: OwnedFd, options: DriverOptions = {}): Promise<DrivenDisk> {
    const disk = new DrivenDisk(socket, options);
    const { frontend, driver, region } = disk;
    const offer = expect(await frontend.negotiate(), 'negotiate');
    expect(await frontend.setMemoryTable([region.region]), 'memory table');
    expect(await frontend.ackFeatures(offer.features), 'features');
    const { size, descriptor, available, used } = driver.ring;
    const ring = { index: 0, size, base: 0, kickFd: disk.#kick.fd, callFd: disk.#call.fd };
    const places = { descriptor: region.at(descriptor), available: region.at(available), used: region.at(used) };
    expect(await frontend.startRing({ ...ring, ...places }), 'ring');
    expect(await frontend.enableRing(0, true), 'enable');
    return disk;
  }

  /** Where the data of a head is. */
  dataOf(head: number): number {
    return DATA + head * DATA_SIZE;
  }

  /** Makes one request available, with a kick; `head` is below 32 and not under way. */
  submit(head: number, type: number, sector: number, length: number): void {
    if (head >= HEADS || length > DATA_SIZE) throw new RangeError('not in this memory');
    const header = this.headerOf(head);
    const bytes = new DataView(new ArrayBuffer(17));
    bytes.setUint32(0, type, true);
    bytes.setBigUint64(8, BigInt(sector), true);
    bytes.setUint8(16, 0xee);
    this.memory.writeBytes(header, new Uint8Array(bytes.buffer));
    const data = { address: this.dataOf(head), length, writable: type === 0 };
    this.offer(head, [
      { address: header, length: 16 },
      ...(length === 0 ? [] : [data]),
      { address: header + 16, length: 1, writable: true },
    ]);
  }

  /** Where the header of a head is, and behind it its status byte. */
  headerOf(head: number): number {
    return HEADERS + head * 32;
  }

  /** Makes a chain of any form available, with a kick; `status` is where its last byte is. */
  offer(head: number, parts: readonly Buffer[], { isDirect = false, status = this.headerOf(head) + 16 } = {}): void {
    this.#status.set(head, status);
    if (isDirect && parts.length <= this.#descriptors) {
      this.#describe(head, parts);
    } else {
      const table = TABLES + head * TABLE_SIZE;
      this.driver.chain(0, parts, table);
      this.driver.describe(head, table, parts.length * 16, INDIRECT);
    }
    this.driver.offer(head);
    signalEventFd(this.#kick.fd);
  }

  /** In the ring's own table: the head, then those that are the head's alone. */
  #describe(head: number, parts: readonly Buffer[]): void {
    const indexOf = (part: number): number => (part === 0 ? head : HEADS + head * (this.#descriptors - 1) + part - 1);
    for (const [part, { address, length, writable = false }] of parts.entries()) {
      const isLast = part === parts.length - 1;
      this.driver.describe(indexOf(part), address, length, (writable ? WRITE : 0) | (isLast ? 0 : NEXT), isLast ? 0 : indexOf(part + 1));
    }
  }

  /** Resolves when as many requests have come back since the start. */
  async until(count: number): Promise<void> {
    await this.when(() => this.done.length >= count);
  }

  /** Resolves when `holds` does, which is looked at whenever the device has said something. */
  async when(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const told = new Promise<void>((resolve) => void (this.#told = resolve));
      this.#collect();
      if (holds()) return;
      await told;
    }
  }

  /** One request to its end: its status byte. */
  async request(type: number, sector: number, length: number): Promise<number> {
    const before = this.done.length;
    this.submit(0, type, sector, length);
    await this.until(before + 1);
    return this.done[before]?.status ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.frontend.close();
    this.#watch.close();
    await this.watcher.close();
    this.#kick.close();
    this.#call.close();
    this.region[Symbol.dispose]();
  }

  /** Asks for a signal at the next one before it looks whether that has come. */
  #collect(): void {
    drainEventFd(this.#call.fd);
    let seen: number;
    do {
      seen = this.driver.usedIdx;
      this.driver.usedEvent = seen;
      // What was written is seen before what follows is read.
      Atomics.store(BARRIER, 0, 0);
      for (const { head } of this.driver.collect()) {
        this.done.push({ head, status: this.memory.readU8(this.#status.get(head) ?? 0) ?? -1 });
      }
    } while (this.driver.usedIdx !== seen);
    this.#told();
  }
}

const BARRIER = new Int32Array(new SharedArrayBuffer(4));
