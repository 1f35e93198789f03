/** The worker of a tiny machine's vCPU: its buses write what the guest does into a log that the test reads. */
import { parentPort } from 'node:worker_threads';
import { exitOnUncaught } from '#shared/sys/process-exit.ts';
import { REQUEST, WORD, controlWords } from '../../vmm-core/vcpu/control-words.ts';
import type { IoSpace } from '../../vmm-core/vcpu/run-loop.ts';
import { type VcpuThreadData, receiveVcpuData, runVcpuThread } from '../../vmm-core/vcpu/thread.ts';
import { AccessLog } from './access-log.ts';

exitOnUncaught('tiny vCPU');

const { thread, log } = receiveVcpuData<{ thread: VcpuThreadData; log: SharedArrayBuffer }>();
const accesses = new AccessLog(log);
/** A write to this port keeps the vCPU where it is, as the power-off port does. */
const HOLD_PORT = 0x600;
/** The same, just after the main thread has asked for a pause, and before its kick. */
const ASKED_PORT = 0x601;
const words = controlWords(thread.control, thread.index);

runVcpuThread(
  thread,
  ({ hold }) => {
    const space = (name: 'pio' | 'mmio'): IoSpace => ({
      // What a read gives tells its address and size.
      read: (address, size) => {
        accesses.add({ space: name, direction: 'read', address, value: 0, size });
        return size === 1 ? address & 0xff : (address + size) >>> 0;
      },
      write: (address, size, value) => {
        accesses.add({ space: name, direction: 'write', address, value, size });
        if (name === 'pio' && address === ASKED_PORT) Atomics.store(words, WORD.request, REQUEST.pause);
        if (name === 'pio' && (address === HOLD_PORT || address === ASKED_PORT)) hold();
      },
    });
    return {
      pio: space('pio'),
      mmio: space('mmio'),
      ioapicEoi: (vector) => accesses.add({ space: 'eoi', direction: 'write', address: vector, value: 0, size: 1 }),
    };
  },
  (report) => parentPort?.postMessage(report),
);
