/**
 * A console's driver on a thread of its own, as Linux has it: it sleeps until it is interrupted, takes what has come, sends it back in
 * pieces of a line discipline's size, waiting for each, and offers the buffer again. It notifies only where the device asks for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { GuestMemory, type MemoryRegion } from '#shared/memory/index.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { type Buffer, DriverQueue, type DriverQueueOptions, type UsedElement } from '#shared/testing/driver-queue.ts';
import { Random } from '#shared/testing/random.ts';
import { VIRTQ_USED_F_NO_NOTIFY } from '#shared/virtio/spec.ts';
import { CONSOLE_RECEIVEQ, CONSOLE_TRANSMITQ } from '../spec.ts';

export interface EchoDriverData {
  readonly regions: readonly MemoryRegion[];
  /** Of the receive queue and the transmit queue. */
  readonly queues: readonly DriverQueueOptions[];
  readonly kickFds: readonly number[];
  /** The receive queue's interrupt. */
  readonly callFd: number;
  /** Buffers offered for what is received, from this address on. */
  readonly buffers: { readonly count: number; readonly length: number; readonly address: number };
  /** Two words: the first ends the thread where it is not 0; the other is the thread's own. */
  readonly stop: Int32Array;
}

/** What hvc sends at once. */
const PIECE = 16;
/** How long the thread sleeps before it looks whether it is to end. */
const LOOK_MS = 50;
/** How often it looks for what it sent without sleeping in between. */
const MOST_LOOKS = 500;

const { regions, queues, kickFds, callFd, buffers, stop }: EchoDriverData = workerData;
const memory = new GuestMemory(regions);
const random = new Random(buffers.count);

class Ring {
  readonly #queue: DriverQueue;
  readonly #eventIdx: boolean;
  readonly #kickFd: number;
  #offered = 0;
  #taken = 0;

  constructor(index: number) {
    const options = queues[index];
    if (options === undefined) throw new RangeError(`no queue ${index}`);
    this.#queue = new DriverQueue(memory, options);
    this.#eventIdx = options.eventIdx ?? false;
    this.#kickFd = kickFds[index] ?? -1;
  }

  describe(head: number, buffer: Buffer): void {
    this.#queue.chain(head, [buffer]);
  }

  offer(head: number): void {
    const before = this.#offered;
    this.#queue.offer(head);
    this.#offered = (before + 1) & 0xffff;
    fullBarrier();
    const isAwaited = this.#eventIdx ? this.#queue.availEvent === before : (this.#queue.usedFlags & VIRTQ_USED_F_NO_NOTIFY) === 0;
    if (isAwaited) signalEventFd(this.#kickFd);
  }

  /** What came back since the last time; the next to come is asked to interrupt. */
  take(): readonly UsedElement[] {
    const used = this.#queue.collect();
    this.#taken = (this.#taken + used.length) & 0xffff;
    this.#queue.usedEvent = this.#taken;
    fullBarrier();
    return used;
  }
}

const receive = new Ring(CONSOLE_RECEIVEQ);
const transmit = new Ring(CONSOLE_TRANSMITQ);
const addressOf = (head: number): number => buffers.address + head * buffers.length;

for (let head = 0; head < buffers.count; head++) {
  receive.describe(head, { address: addressOf(head), length: buffers.length, writable: true });
  receive.offer(head);
}
while (Atomics.load(stop, 0) === 0) {
  if (pollNow(asFd(callFd), EPOLLIN, LOOK_MS) === 0) continue;
  drainEventFd(callFd);
  for (let came = receive.take(); came.length > 0; came = receive.take()) {
    for (const { head, written } of came) {
      for (let done = 0; done < written; done += PIECE) send(addressOf(head) + done, Math.min(PIECE, written - done));
      receive.offer(head);
    }
  }
}
parentPort?.postMessage('ended');

function send(address: number, length: number): void {
  // At another point of what the device does meanwhile each time: some 10 us at most.
  for (let left = random.below(16_384); left > 0; left--) stop[1] = left;
  transmit.describe(0, { address, length });
  transmit.offer(0);
  for (let looks = 0; transmit.take().length === 0 && Atomics.load(stop, 0) === 0; looks++) {
    // The device may need this very processor.
    if (looks > MOST_LOOKS) Atomics.wait(stop, 0, 0, 1);
  }
}

/** Between a store and a load of other words. */
function fullBarrier(): void {
  Atomics.exchange(stop, 1, 0);
}
