/** One queue of a disk, driven by hand; waiting is bounded by a deadline, never by luck. */
import { expect } from '#shared/lang/result.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { DriverQueue, type UsedElement } from '#shared/testing/driver-queue.ts';
import { eventFd, toFrontend } from '#shared/testing/session-pair.ts';
import { type DiskProcess, SECTOR_SIZE } from './disk-process.ts';

export const BLK = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8 } as const;
export const STATUS = { ok: 0, ioError: 1, unsupported: 2 } as const;
export const UNTOUCHED = 0xee;
const DEADLINE_MS = 10_000;

export interface Place {
  /** Guest address of a page-aligned area of 0x4_0000 bytes: ring, indirect table, header, status, data. */
  readonly base: number;
  readonly size: number;
}

export class DiskDriver implements Disposable {
  readonly index: number;
  readonly queue: DriverQueue;
  readonly table: number;
  readonly header: number;
  readonly status: number;
  readonly data: number;
  readonly kick = eventFd();
  readonly call = eventFd();
  readonly error = eventFd();
  readonly #disk: DiskProcess;
  #used: UsedElement[] = [];

  constructor(disk: DiskProcess, index: number, { base, size }: Place) {
    this.#disk = disk;
    this.index = index;
    this.queue = new DriverQueue(disk.memory, { size, base, eventIdx: disk.eventIdx });
    this.table = base + 0x8000;
    this.header = base + 0xd000;
    this.status = base + 0xe000;
    this.data = base + 0x1_0000;
  }

  /** Starts the ring at `base`, as after a reset: everything in it forgotten. */
  async start(base = 0): Promise<void> {
    this.queue.startAt(base);
    this.queue.flags = 0;
    this.#used = [];
    await this.resume(base);
  }

  /** Starts a ring that was stopped, with what is in it. */
  async resume(base: number): Promise<void> {
    const { frontend } = this.#disk;
    const { config } = this.queue;
    drainEventFd(this.error.fd);
    const parts = {
      descriptor: toFrontend(config.descriptor),
      available: toFrontend(config.available),
      used: toFrontend(config.used),
    };
    const fds = { kickFd: this.kick.fd, callFd: this.call.fd, errFd: this.error.fd };
    const ring = { index: this.index, size: config.size, base, ...parts, ...fds };
    const [started, enabled] = await Promise.all([frontend.startRing(ring), frontend.enableRing(this.index, true)]);
    expect(started, 'start ring');
    expect(enabled, 'enable ring');
  }

  async stop(): Promise<number> {
    return expect(await this.#disk.frontend.stopRing(this.index), 'stop ring');
  }

  writeHeader(type: number, sector: number | bigint, at = this.header): void {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, type, true);
    header.setBigUint64(8, BigInt(sector), true);
    this.#disk.memory.writeBytes(at, new Uint8Array(header.buffer));
  }

  notify(): void {
    signalEventFd(this.kick.fd);
  }

  /** Whether the device has told that the ring is broken, and how often. */
  errors(): number {
    return drainEventFd(this.error.fd);
  }

  /** Waits for `count` returned chains. */
  returned(count: number): readonly UsedElement[] {
    this.#waitFor(() => this.#collect() >= count, this.call.fd, `${count} chains of queue ${this.index} returned`);
    const used = this.#used;
    this.#used = [];
    return used;
  }

  /** Waits until the device has told that the ring is broken; how often it told. */
  broken(): number {
    let told = 0;
    this.#waitFor(() => (told += this.errors()) > 0, this.error.fd, `queue ${this.index} told to be broken`);
    return told;
  }

  /** One well-made read of a sector: its status and bytes. */
  read(sector: number): { readonly status: number; readonly bytes: Uint8Array } {
    this.offerRead(sector);
    this.notify();
    this.returned(1);
    const bytes = new Uint8Array(SECTOR_SIZE);
    this.#disk.memory.readBytes(this.data, bytes);
    return { status: this.#disk.memory.readU8(this.status) ?? UNTOUCHED, bytes };
  }

  /** The same without waiting. */
  offerRead(sector: number): void {
    this.prepareRead(sector);
    this.queue.offer(0);
  }

  /** A read in descriptors 0 to 2, not yet available: a device may look without a kick. */
  prepareRead(sector: number): void {
    this.writeHeader(BLK.IN, sector);
    this.#disk.memory.writeU8(this.status, UNTOUCHED);
    this.queue.chain(0, [
      { address: this.header, length: 16 },
      { address: this.data, length: SECTOR_SIZE, writable: true },
      { address: this.status, length: 1, writable: true },
    ]);
    this.queue.usedEvent = this.queue.usedIdx;
  }

  [Symbol.dispose](): void {
    for (const fd of [this.kick, this.call, this.error]) fd.close();
  }

  #collect(): number {
    this.#used.push(...this.queue.collect());
    return this.#used.length;
  }

  #waitFor(isDone: () => boolean, fd: typeof this.call.fd, what: string): void {
    const end = performance.now() + DEADLINE_MS;
    while (!isDone()) {
      const left = end - performance.now();
      if (left <= 0 || !this.#disk.isRunning) throw new Error(`not within ${DEADLINE_MS} ms: ${what}\n${this.#disk.lastWords}`);
      // A signal may have been asked for by nobody: look again every now and then.
      pollNow(fd, EPOLLIN, Math.min(left, 50));
      if (fd === this.call.fd) drainEventFd(fd);
    }
  }
}
