/** The body of a vCPU's worker: what its thread needs of the kernel, then the run loop. The worker's entry calls it and nothing else. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '#shared/lang/assert.ts';
import { expect } from '#shared/lang/result.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { blockKickSignal, gettid, kickOnlySignalMask, kickThread } from '#shared/sys/thread.ts';
import type { FatalExit } from '../kvm/exit.ts';
import { Vcpu } from '../kvm/vcpu.ts';
import { REQUEST, WORD, controlWords } from './control-words.ts';
import { type ExitTarget, RunLoop } from './run-loop.ts';

/** Plain data, given to the worker by `VcpuThreads`. Descriptors are borrowed: the main thread owns them. */
export interface VcpuThreadData {
  readonly index: number;
  readonly vcpuFd: number;
  readonly runSize: number;
  readonly control: SharedArrayBuffer;
}

/** What a vCPU's thread posts to the main one: it is paused and waits for what is decided. */
export interface FatalReport {
  readonly vcpu: number;
  readonly exit: FatalExit;
  /** Which of the machine's lives it ended: `VcpuThreads.life`. */
  readonly life: number;
}

/** What a register's handler may do to the vCPU whose thread it runs on. */
export interface VcpuHooks {
  /** Keeps this vCPU from its next instruction until it is resumed: for a reset or power-off that the main thread carries out. */
  readonly hold: () => void;
}

/** Waits, in a worker of `VcpuWorker`'s, for what it is begun with. */
export function receiveVcpuData<T>(): T {
  const { begun }: { begun: Int32Array } = workerData;
  Atomics.wait(begun, 0, 0);
  const received = parentPort === null ? undefined : receiveMessageOnPort(parentPort);
  assert(received !== undefined, 'a vCPU thread was begun without its data');
  return received.message;
}

/** Runs the vCPU until it is asked to stop. Blocks the thread: its event loop does not turn meanwhile. */
export function runVcpuThread(data: VcpuThreadData, build: (hooks: VcpuHooks) => ExitTarget, report: (fatal: FatalReport) => void): void {
  const words = controlWords(data.control, data.index);
  const tid = gettid();
  blockKickSignal();
  Atomics.store(words, WORD.threadId, tid);
  const vcpuFd = asFd(data.vcpuFd);
  expect(new Vcpu(vcpuFd, data.index).setSignalMask(kickOnlySignalMask()), 'vCPU thread');
  const run = expect(Mapping.map({ fd: vcpuFd, length: data.runSize }), 'vCPU thread');
  const hold = (): void => {
    Atomics.compareExchange(words, WORD.request, REQUEST.run, REQUEST.pause);
    // The kick waits, blocked, for the next KVM_RUN, which it ends before the guest's next instruction. Whoever has asked for
    // something else meanwhile kicks too, but may not have come to that yet.
    kickThread(tid);
  };
  const loop = new RunLoop({
    vcpuFd,
    run: new DataView(run.view()),
    words,
    target: build({ hold }),
    onFatal: (exit, life) => report({ vcpu: data.index, exit, life }),
  });
  loop.serve();
}
