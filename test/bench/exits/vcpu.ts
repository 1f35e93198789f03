/** The vCPU thread of the exits benchmark: a line status register that counts its reads, and after a sample holds the vCPU. */
import { parentPort } from 'node:worker_threads';
import { exitOnUncaught } from '#shared/sys/process-exit.ts';
import { type VcpuThreadData, receiveVcpuData, runVcpuThread } from '../../../vmm-core/vcpu/thread.ts';

exitOnUncaught('exits benchmark');

const { thread, exits } = receiveVcpuData<{ thread: VcpuThreadData; exits: number }>();
/** Transmitter empty, as the register of an idle serial port reads. */
const LINE_STATUS = 0x60;

runVcpuThread(
  thread,
  ({ hold }) => {
    let count = 0;
    let startMs = 0;
    let startUser = 0;
    const read = (): number => {
      if (count === 0) {
        startUser = process.threadCpuUsage().user;
        startMs = performance.now();
      } else if (count === exits) {
        const elapsed = ((performance.now() - startMs) * 1000) / exits;
        const user = (process.threadCpuUsage().user - startUser) / exits;
        parentPort?.postMessage({ elapsed, user });
        count = -1;
        hold();
      }
      count++;
      return LINE_STATUS;
    };
    const pio = { read, write: (): void => {} };
    const mmio = { read: (): number => 0, write: (): void => {} };
    return { pio, mmio, ioapicEoi: () => {} };
  },
  (report) => parentPort?.postMessage(report),
);
