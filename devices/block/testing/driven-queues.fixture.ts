/**
 * A guest with several queues on one disk, each under a load of stamped writes, reads that are compared, and flushes. Its memory and its
 * rings outlive the process that serves them.
 */
import { expect } from '#shared/lang/result.ts';
import { GuestMemory } from '#shared/memory/index.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { createEventFd, drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { UnixSocket } from '#shared/sys/unix-socket.ts';
import { type Watch, Watcher } from '#shared/sys/watcher.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import type { Random } from '#shared/testing/random.ts';
import { SharedRegion } from '#shared/testing/session-pair.ts';
import { FRONTEND_PROTOCOL_FEATURES, Frontend } from '#shared/vhost-user/frontend/index.ts';
import { RING_FEATURES } from '#shared/virtio/index.ts';
import { VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH } from '../spec.ts';

export const HEADS = 32;
export const RING_SIZE = 64;
/** Bytes of a request, and sectors. */
export const BLOCK = 4096;
const SECTORS = 8;
/** Of each queue, from an address of its own: ring, then headers with their tables, then data. */
const QUEUE_MEMORY = 0x10_0000;
const RING = 0x1000;
const HEADERS = 0x1_0000;
const DATA = 0x2_0000;
const HEADER_SIZE = 128;
const [IN, OUT, FLUSH] = [0, 1, 4];

interface UnderWay {
  readonly type: number;
  /** What the block has to hold. */
  readonly stamp: number;
}

export class DrivenQueue {
  readonly index: number;
  readonly driver: DriverQueue;
  readonly kick = expect(createEventFd(), 'kick');
  readonly call = expect(createEventFd(), 'call');
  readonly error = expect(createEventFd(), 'error');
  /** How many requests came back. */
  done = 0;
  readonly #guest: DrivenQueues;
  readonly #base: number;
  readonly #underWay = new Map<number, UnderWay>();
  /** What each head's block on the disk holds. */
  readonly #stamps = new Uint32Array(HEADS);
  #left = 0;
  #version = 0;

  constructor(guest: DrivenQueues, index: number) {
    this.#guest = guest;
    this.index = index;
    this.#base = index * QUEUE_MEMORY;
    this.driver = new DriverQueue(guest.memory, { size: RING_SIZE, base: this.#base + RING, eventIdx: true });
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Has so many requests more done, as many at once as there are heads. */
  load(requests: number): void {
    this.#left += requests;
    this.#pump();
  }

  /** What is not begun stays so. */
  unload(): void {
    this.#left = 0;
  }

  get isIdle(): boolean {
    return this.#left === 0 && this.#underWay.size === 0;
  }

  /** The head's block on the disk, in bytes. */
  offsetOf(head: number): number {
    return (this.index * HEADS + head) * BLOCK;
  }

  stampOf(head: number): number {
    return this.#stamps[head] ?? 0;
  }

  /** Makes a request of a head available that is not under way; data from `data` on. */
  submit(head: number, type: number, data = this.#base + DATA + head * BLOCK): void {
    const { view, bytes } = this.#guest.region;
    if (type === OUT) {
      this.#stamps[head] = ((this.index * HEADS + head) << 20) | (++this.#version & 0xfffff);
      for (let at = 0; at < BLOCK; at += 4) view.setUint32(data + at, this.stampOf(head), true);
    } else if (type === IN) {
      bytes.fill(0xee, data, data + BLOCK);
    }
    const header = this.#base + HEADERS + head * HEADER_SIZE;
    view.setUint32(header, type, true);
    view.setBigUint64(header + 8, BigInt(type === FLUSH ? 0 : this.offsetOf(head) / (BLOCK / SECTORS)), true);
    view.setUint8(header + 16, 0xee);
    const body = type === FLUSH ? [] : [{ address: data, length: BLOCK, writable: type === IN }];
    const parts = [{ address: header, length: 16 }, ...body, { address: header + 16, length: 1, writable: true }];
    this.driver.chain(0, parts, header + 32);
    this.driver.describe(head, header + 32, parts.length * 16, 4);
    this.#underWay.set(head, { type, stamp: this.stampOf(head) });
    this.driver.offer(head);
    signalEventFd(this.kick.fd);
  }

  /** Takes what came back, and goes on with the load. Throws where something did that should not have. */
  collect(): void {
    drainEventFd(this.call.fd);
    let seen: number;
    do {
      seen = this.driver.usedIdx;
      this.driver.usedEvent = seen;
      // What was written is seen before what follows is read.
      Atomics.store(BARRIER, 0, 0);
      for (const { head } of this.driver.collect()) this.#check(head);
    } while (this.driver.usedIdx !== seen);
    this.#pump();
  }

  close(): void {
    this.kick.close();
    this.call.close();
    this.error.close();
  }

  #check(head: number): void {
    const request = this.#underWay.get(head);
    if (request === undefined) throw new Error(`queue ${this.index}: head ${head} came back that was not under way`);
    this.#underWay.delete(head);
    this.done++;
    const { view } = this.#guest.region;
    const status = view.getUint8(this.#base + HEADERS + head * HEADER_SIZE + 16);
    if (status !== 0) throw new Error(`queue ${this.index}: head ${head} of type ${request.type} has status ${status}`);
    if (request.type !== IN) return;
    for (let at = 0; at < BLOCK; at += 4) {
      const found = view.getUint32(this.#base + DATA + head * BLOCK + at, true);
      if (found !== request.stamp) throw new Error(`queue ${this.index}: head ${head} reads ${found}, not ${request.stamp}`);
    }
  }

  #pump(): void {
    const { random } = this.#guest;
    for (let head = 0; head < HEADS && this.#left > 0; head++) {
      if (this.#underWay.has(head)) continue;
      this.#left--;
      const kind = random.below(20);
      this.submit(head, kind === 0 ? FLUSH : kind < 10 ? IN : OUT);
    }
  }
}

export class DrivenQueues implements AsyncDisposable {
  readonly region: SharedRegion;
  readonly memory: GuestMemory;
  readonly queues: readonly DrivenQueue[];
  readonly random: Random;
  readonly #watcher = new Watcher();
  readonly #watches: readonly Watch[];
  #frontend: Frontend | undefined;
  #inflight: { readonly file: OwnedFd; readonly description: Parameters<Frontend['setInflight']>[0] } | undefined;
  #told: () => void = () => {};
  #failure: Error | undefined;
  configChanges = 0;

  constructor(count: number, random: Random) {
    this.random = random;
    this.region = new SharedRegion(0, count * QUEUE_MEMORY);
    this.memory = new GuestMemory([{ ...this.region.region, hostAddress: this.region.mapping.address }]);
    this.queues = Array.from({ length: count }, (_, index) => new DrivenQueue(this, index));
    this.#watches = this.queues.map((queue) =>
      this.#watcher.watch(queue.call.fd, EPOLLIN, () => {
        this.#collect(queue);
        this.#told();
      }),
    );
  }

  get frontend(): Frontend {
    if (this.#frontend === undefined) throw new Error('not connected');
    return this.#frontend;
  }

  /** Has the back end at `socket` serve all queues: from their beginning, or from where another left them. */
  async connect(socket: OwnedFd): Promise<void> {
    const frontend = new Frontend(new UnixSocket(socket), this.#watcher, {
      wantedFeatures: RING_FEATURES | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE,
      wantedProtocolFeatures: FRONTEND_PROTOCOL_FEATURES,
      replyTimeoutMs: 20_000,
    });
    frontend.onConfigChange = () => {
      this.configChanges++;
      this.#told();
    };
    frontend.onLost = () => this.#told();
    this.#frontend = frontend;
    const offer = expect(await frontend.negotiate(), 'negotiate');
    expect(await frontend.setMemoryTable([this.region.region]), 'memory table');
    expect(await frontend.ackFeatures(offer.features), 'features');
    if (this.#inflight === undefined) this.#inflight = expect(await frontend.getInflight(this.queues.length, RING_SIZE), 'in-flight area');
    else expect(await frontend.setInflight(this.#inflight.description, this.#inflight.file.fd), 'in-flight area');
    for (const queue of this.queues) await this.startRing(queue, queue.driver.usedIdx);
  }

  async startRing({ driver, index, kick, call, error }: DrivenQueue, base: number): Promise<void> {
    const { size, descriptor, available, used } = driver.ring;
    const { region } = this;
    const places = { descriptor: region.at(descriptor), available: region.at(available), used: region.at(used) };
    const descriptors = { kickFd: kick.fd, callFd: call.fd, errFd: error.fd };
    expect(await this.frontend.startRing({ index, size, base, ...places, ...descriptors }), 'ring');
    expect(await this.frontend.enableRing(index, true), 'enable');
  }

  /** Has every queue do so many requests more. */
  load(requests: number): void {
    for (const queue of this.queues) queue.load(requests);
  }

  unload(): void {
    for (const queue of this.queues) queue.unload();
  }

  async whenIdle(): Promise<void> {
    await this.when(() => this.queues.every(({ isIdle }) => isIdle));
  }

  /** Resolves when `holds` does, which is looked at whenever a device has said something. */
  async when(holds: () => boolean): Promise<void> {
    for (;;) {
      const told = new Promise<void>((resolve) => void (this.#told = resolve));
      for (const queue of this.queues) this.#collect(queue);
      if (this.#failure !== undefined) throw this.#failure;
      if (holds()) return;
      await told;
    }
  }

  /** The back end is gone. */
  disconnect(): void {
    this.#frontend?.close();
    this.#frontend = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
    for (const watch of this.#watches) watch.close();
    await this.#watcher.close();
    for (const queue of this.queues) queue.close();
    this.#inflight?.file.close();
    this.region[Symbol.dispose]();
  }

  #collect(queue: DrivenQueue): void {
    try {
      queue.collect();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }
}

const BARRIER = new Int32Array(new SharedArrayBuffer(4));
