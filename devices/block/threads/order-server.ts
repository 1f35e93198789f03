/** What a thread that serves one queue does of what the session's thread tells it. */
import { receiveMessageOnPort } from 'node:worker_threads';
import { unreachable } from '#shared/lang/assert.ts';
import { GuestMemory } from '#shared/memory/index.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import type { RingSet } from '../ring-set.ts';
import { type FromThread, type ThreadAnswer, type ThreadData, type ThreadOrder, WORD } from './thread-orders.ts';

const DONE: ThreadAnswer = { kind: 'answer' };

export class OrderServer {
  readonly #rings: RingSet;
  readonly #data: ThreadData;

  constructor(rings: RingSet, data: ThreadData) {
    this.#rings = rings;
    this.#data = data;
  }

  /** Whoever waits for the thread may give orders. */
  begin(): void {
    this.#tell(WORD.ready);
    signalEventFd(this.#data.newsFd);
  }

  log(line: string): void {
    this.#send({ kind: 'log', line });
    signalEventFd(this.#data.newsFd);
  }

  /** Does what it was told, between two rounds of its loop. */
  serve(): void {
    for (;;) {
      const received: { message: ThreadOrder } | undefined = receiveMessageOnPort(this.#data.port);
      if (received === undefined) return;
      this.#send(this.#carryOut(received.message));
      this.#tell(WORD.answers);
    }
  }

  #carryOut(order: ThreadOrder): ThreadAnswer {
    const rings = this.#rings;
    switch (order.kind) {
      case 'start':
        return { ...DONE, started: rings.start(order.start, order.writeThrough) };
      case 'stop':
        return { ...DONE, nextAvailable: rings.stop(order.index) };
      case 'queues':
        return { ...DONE, queues: rings.queues() };
      default:
        this.#change(order);
        return DONE;
    }
  }

  #change(order: Exclude<ThreadOrder, { kind: 'start' | 'stop' | 'queues' }>): void {
    const rings = this.#rings;
    switch (order.kind) {
      case 'memory':
        // The regions are mapped in the process, by the session's thread: here they are only viewed.
        return rings.setMemory(new GuestMemory(order.regions));
      case 'call':
        return rings.setCall(order.index, order.fd);
      case 'kick':
        return rings.setKick(order.index, order.fd);
      case 'enable':
        return rings.setEnabled(order.index, order.enabled);
      case 'log':
        return rings.setLog(order.log);
      case 'ring-log':
        return rings.setRingLog(order.index, order.usedLog);
      case 'write-through':
        return rings.setWriteThrough(order.on);
      case 'sectors':
        return rings.setSectors(order.sectors);
      case 'limits':
        return rings.setLimits(order.limits, order.buckets);
      case 'hold':
        return rings.hold(() => this.#isIdle(order.hold));
      case 'release':
        return rings.release();
      default:
        return unreachable(order);
    }
  }

  #isIdle(hold: number): void {
    Atomics.store(this.#data.words, WORD.idle, hold);
    signalEventFd(this.#data.newsFd);
  }

  #send(message: FromThread): void {
    this.#data.port.postMessage(message);
  }

  #tell(word: number): void {
    Atomics.add(this.#data.words, word, 1);
    Atomics.notify(this.#data.words, word);
  }
}
