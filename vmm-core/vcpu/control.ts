/** The main thread's hold on the vCPU threads: it starts them, asks, kicks, and waits for what they answer. */
import { Worker } from 'node:worker_threads';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { kickThread } from '#shared/sys/thread.ts';
import { REQUEST, type Request, STATE, type State, WORD, controlBuffer, controlWords, stateOf } from './control-words.ts';
import type { FatalReport, VcpuThreadData } from './thread.ts';

/** A vCPU thread that did not come to the state asked of it in time. */
export interface ControlError {
  readonly code: 'VCPU_LATE';
  readonly vcpu: number;
  readonly message: string;
}

export interface VcpuThreadsOptions {
  /** The worker's entry, whose URL only a program's `main.ts` makes. */
  readonly entry: URL;
  /** Workers of that entry for the first vCPUs, made before there was anything to tell them. */
  readonly warm?: readonly VcpuWorker[];
  readonly runSize: number;
  /** vCPU descriptors in the order of their indices, borrowed until every thread has stopped. */
  readonly vcpuFds: readonly number[];
  /** What the first state of each vCPU shall be; those beyond the list are parked. */
  readonly first: readonly ('pause' | 'run' | 'park')[];
  /** Further data for the entry, the same for all: plain, or shared. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly onFatal: (report: FatalReport) => void;
}

/** Exits by kind since the vCPU's thread began, modulo 2^32. */
export interface ExitCounts {
  readonly pio: number;
  readonly mmio: number;
  readonly eoi: number;
  readonly interrupted: number;
}

/** A vCPU inside KVM_RUN leaves it some microseconds after its kick; it is kicked again this often, should one get lost. */
const KICK_AGAIN_MS = 20;
const DEFAULT_DEADLINE_MS = 5000;

/** A worker, named `vcpuN`, that has loaded its code, or is about to, and waits for `begin`: starting one takes 40 ms. */
export class VcpuWorker {
  readonly #worker: Worker;
  readonly #begun = new Int32Array(new SharedArrayBuffer(4));

  constructor(entry: URL, index: number) {
    this.#worker = new Worker(entry, { name: `vcpu${index}`, workerData: { begun: this.#begun } });
  }

  /** `data` becomes what `receiveVcpuData` answers there. Resolves when the worker has ended. */
  begin(data: unknown, onFatal: (report: FatalReport) => void): Promise<void> {
    this.#worker.on('message', onFatal);
    const ended = new Promise<void>((resolve) => void this.#worker.once('exit', () => resolve()));
    this.#worker.postMessage(data);
    Atomics.store(this.#begun, 0, 1);
    Atomics.notify(this.#begun, 0);
    return ended;
  }
}

export class VcpuThreads {
  readonly #words: readonly Int32Array[];
  readonly #exits: readonly Promise<void>[];

  /** Starts a thread for every vCPU. */
  constructor(options: VcpuThreadsOptions) {
    const control = controlBuffer(options.vcpuFds.length);
    this.#words = options.vcpuFds.map((_, index) => controlWords(control, index));
    this.#exits = options.vcpuFds.map((vcpuFd, index) => {
      Atomics.store(this.#wordsOf(index), WORD.request, REQUEST[options.first[index] ?? 'park']);
      const thread: VcpuThreadData = { index, vcpuFd, runSize: options.runSize, control };
      const worker = options.warm?.[index] ?? new VcpuWorker(options.entry, index);
      return worker.begin({ ...options.data, thread }, options.onFatal);
    });
  }

  get count(): number {
    return this.#words.length;
  }

  /** How often the machine was reset. */
  get life(): number {
    return Atomics.load(this.#wordsOf(0), WORD.life);
  }

  /** The machine was reset: what a vCPU has failed of before is of no interest any more. Every vCPU is paused or parked. */
  renew(): void {
    for (const words of this.#words) Atomics.add(words, WORD.life, 1);
  }

  stateOf(index: number): State {
    return stateOf(this.#wordsOf(index));
  }

  /** Resolves once the vCPU's thread has its machine and does what was asked first. */
  async begun(index: number): Promise<void> {
    const words = this.#wordsOf(index);
    while (stateOf(words) === STATE.created) await Atomics.waitAsync(words, WORD.state, STATE.created).value;
  }

  exitCounts(index: number): ExitCounts {
    const words = this.#wordsOf(index);
    const count = (word: number): number => Atomics.load(words, word) >>> 0;
    return {
      pio: count(WORD.pioExits),
      mmio: count(WORD.mmioExits),
      eoi: count(WORD.eoiExits),
      interrupted: count(WORD.interruptedExits),
    };
  }

  /** Every vCPU that is not parked leaves the guest with its last access completed. */
  pauseAll(deadlineMs = DEFAULT_DEADLINE_MS): Promise<Result<void, ControlError>> {
    for (const index of this.#words.keys()) if (!this.#isParked(index)) this.#ask(index, REQUEST.pause);
    return this.#allCome(isOutOfGuest, deadlineMs);
  }

  /** Every paused vCPU enters the guest. Does not wait for it. */
  resumeAll(): void {
    for (const index of this.#words.keys()) if (!this.#isParked(index)) this.#ask(index, REQUEST.run);
  }

  /** Plugs a parked vCPU in: it enters the guest and waits there for its start-up message. */
  unpark(index: number): void {
    this.#ask(index, REQUEST.run);
  }

  /** Ends every vCPU thread. One that is late keeps its thread: leave the process through `exitNow` then. */
  async stopAll(deadlineMs = DEFAULT_DEADLINE_MS): Promise<Result<void, ControlError>> {
    for (const index of this.#words.keys()) this.#ask(index, REQUEST.stop);
    const stopped = await this.#allCome((words) => stateOf(words) === STATE.stopped, deadlineMs);
    if (stopped.ok) await Promise.all(this.#exits);
    return stopped;
  }

  #isParked(index: number): boolean {
    return Atomics.load(this.#wordsOf(index), WORD.request) === REQUEST.park;
  }

  #ask(index: number, request: Request): void {
    const words = this.#wordsOf(index);
    // What has been stopped is not called back.
    if (Atomics.load(words, WORD.request) === REQUEST.stop) return;
    Atomics.store(words, WORD.request, request);
    Atomics.notify(words, WORD.request);
    this.#kick(index);
  }

  #kick(index: number): void {
    const words = this.#wordsOf(index);
    const tid = Atomics.load(words, WORD.threadId);
    // Also one that is about to enter the guest: its kick waits for it there.
    if (tid !== 0 && stateOf(words) !== STATE.stopped) kickThread(tid);
  }

  async #allCome(reached: (words: Int32Array) => boolean, deadlineMs: number): Promise<Result<void, ControlError>> {
    const until = performance.now() + deadlineMs;
    for (const [index, words] of this.#words.entries()) {
      while (!reached(words)) {
        const left = until - performance.now();
        if (left <= 0) return err({ code: 'VCPU_LATE', vcpu: index, message: `vCPU ${index} did not stop within ${deadlineMs} ms` });
        await Atomics.waitAsync(words, WORD.state, stateOf(words), Math.min(left, KICK_AGAIN_MS)).value;
        if (!reached(words)) this.#kick(index);
      }
    }
    return ok();
  }

  #wordsOf(index: number): Int32Array {
    const words = this.#words[index];
    if (words === undefined) throw new RangeError(`no vCPU ${index}`);
    return words;
  }
}

/** A thread stores its id before it looks what is asked of it: one without an id will find what was asked last. */
function isOutOfGuest(words: Int32Array): boolean {
  const state = stateOf(words);
  return state === STATE.created ? Atomics.load(words, WORD.threadId) === 0 : state !== STATE.running;
}
