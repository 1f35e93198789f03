/** A vCPU's thread. */
import { parentPort } from 'node:worker_threads';
import { exitOnUncaught, keepCompiledCode } from '#shared/sys/process-exit.ts';
import { type MachinePlan, buildMachine, exitTarget } from '../machine.ts';
import { type VcpuThreadData, receiveVcpuData, runVcpuThread } from './thread.ts';

exitOnUncaught('vcpu');

const { thread, plan, registers } = receiveVcpuData<{ thread: VcpuThreadData; plan: MachinePlan; registers: SharedArrayBuffer }>();
runVcpuThread(
  thread,
  (hooks) => {
    const machine = buildMachine(plan, registers);
    keepCompiledCode();
    return exitTarget(machine, () => hooks.hold());
  },
  (report) => parentPort?.postMessage(report),
);
