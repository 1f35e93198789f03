/** A thread that serves one queue, as the session's thread has it: every call waits until the thread has done it. */
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { assert } from '#shared/lang/assert.ts';
import { type Result, expect, ok } from '#shared/lang/result.ts';
import type { GuestMemory, LogPlace } from '#shared/memory/index.ts';
import { createEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import type { RingError, RingStart } from '#shared/vhost-user/backend/index.ts';
import type { BucketMemory } from '../limits/rate-limiter.ts';
import type { QueueState, RingHost } from '../ring-host.ts';
import { type FromThread, type ThreadAnswer, type ThreadData, type ThreadOrder, WORD, WORDS } from './thread-orders.ts';

/**
 * How long a thread may take to load, and for one order. What takes long is the end of requests under way, and a host's storage that
 * takes longer does not answer any more: the process ends, and whoever looks after it decides.
 */
const LONGEST_MS = 120_000;

export type ThreadFacts = Omit<ThreadData, 'port' | 'words' | 'wakeFd'>;

export class DataThread implements RingHost {
  readonly #name: string;
  readonly #log: (line: string) => void;
  readonly #port: MessagePort;
  readonly #words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  readonly #wakeFd = expect(createEventFd(), 'wake-up of a data thread').take();
  readonly #begin: () => void;
  #hold = 0;
  #whenIdle: (() => void) | undefined;

  /** What it has to say goes to `log`. */
  constructor(script: URL, facts: ThreadFacts, log: (line: string) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#name = `data${facts.rings.thread}`;
    this.#log = log;
    this.#port = port1;
    const workerData: ThreadData = { ...facts, port: port2, words: this.#words, wakeFd: this.#wakeFd };
    this.#begin = () => void new Worker(script, { name: this.#name, workerData, transferList: [port2] });
  }

  /** It loads what it runs, beside the calling thread. Once. */
  begin(): void {
    this.#begin();
  }

  get hasLoaded(): boolean {
    return Atomics.load(this.#words, WORD.ready) !== 0;
  }

  /** Returns when the thread has loaded what it runs. */
  awaitStart(): void {
    this.#await(WORD.ready, 0);
  }

  setMemory({ regions }: GuestMemory): void {
    this.#ask({ kind: 'memory', regions });
  }

  start(start: RingStart, writeThrough: boolean): Result<void, RingError> {
    return this.#ask({ kind: 'start', start, writeThrough }).started ?? ok();
  }

  stop(index: number): number {
    return this.#ask({ kind: 'stop', index }).nextAvailable ?? 0;
  }

  setCall(index: number, fd: Fd | undefined): void {
    this.#ask({ kind: 'call', index, fd });
  }

  setKick(index: number, fd: Fd | undefined): void {
    this.#ask({ kind: 'kick', index, fd });
  }

  setEnabled(index: number, enabled: boolean): void {
    this.#ask({ kind: 'enable', index, enabled });
  }

  setLog(log: LogPlace | undefined): void {
    this.#ask({ kind: 'log', log });
  }

  setRingLog(index: number, usedLog: number | undefined): void {
    this.#ask({ kind: 'ring-log', index, usedLog });
  }

  queues(): readonly QueueState[] {
    return this.#ask({ kind: 'queues' }).queues ?? [];
  }

  setWriteThrough(on: boolean): void {
    this.#ask({ kind: 'write-through', on });
  }

  setSectors(sectors: number): void {
    this.#ask({ kind: 'sectors', sectors });
  }

  setLimits(limits: RateLimits, buckets: BucketMemory | undefined): void {
    this.#ask({ kind: 'limits', limits, buckets });
  }

  hold(done: () => void): void {
    this.#hold = (this.#hold + 1) | 0;
    this.#whenIdle = done;
    this.#ask({ kind: 'hold', hold: this.#hold });
  }

  release(): void {
    this.#whenIdle = undefined;
    this.#ask({ kind: 'release' });
  }

  /** The thread has news: its lines are passed on, and who waits for the requests under way is called, if they have ended. */
  hear(): void {
    this.#receive();
    if (this.#whenIdle === undefined || Atomics.load(this.#words, WORD.idle) !== this.#hold) return;
    const done = this.#whenIdle;
    this.#whenIdle = undefined;
    done();
  }

  #ask(order: ThreadOrder): ThreadAnswer {
    const before = Atomics.load(this.#words, WORD.answers);
    this.#port.postMessage(order);
    signalEventFd(this.#wakeFd);
    this.#await(WORD.answers, before);
    const answer = this.#receive();
    assert(answer !== undefined, 'a thread says that it has answered, and has not');
    return answer;
  }

  /** Takes what has come: the answer, if there is one. */
  #receive(): ThreadAnswer | undefined {
    for (;;) {
      const received: { message: FromThread } | undefined = receiveMessageOnPort(this.#port);
      if (received === undefined) return undefined;
      if (received.message.kind === 'answer') return received.message;
      this.#log(received.message.line);
    }
  }

  /** Until the word is another one: a wait may also be ended by the notice of the change before, which came after we had seen that. */
  #await(word: number, before: number): void {
    while (Atomics.load(this.#words, word) === before) {
      if (Atomics.wait(this.#words, word, before, LONGEST_MS) === 'timed-out') throw new Error(`thread ${this.#name} does not answer`);
    }
  }
}
