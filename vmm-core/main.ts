/**
 * ch-vmm: the core of one virtual machine. It starts with one inherited socket, which brings everything else: what the machine is, its
 * files, /dev/kvm, the connections to its devices. ARCHITECTURE.md tells the start in steps.
 */
import { type CoreEnd, type FromCore, coreStartChannel } from '#shared/rpc/start-channel.ts';
import { monotonicMs } from '#shared/sys/clock.ts';
import { compileForSize } from '#shared/sys/compile-less.ts';
import { EXIT, exitNow, exitOnUncaught, keepCompiledCode } from '#shared/sys/process-exit.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { type ControllerParts, Controller } from './lifecycle/controller.ts';
import { EarlyOrders } from './lifecycle/early-orders.ts';
import { type DeviceSpec, type MachineSpec, readDevice, readMachine } from './lifecycle/machine-spec.ts';
import { type Phase, phase, startMachine } from './lifecycle/start-machine.ts';
import type { VirtualMachine } from './lifecycle/virtual-machine.ts';
import { VcpuWorker } from './vcpu/control.ts';

exitOnUncaught('ch-vmm');
// SIGTERM and SIGINT have no handler here: so they end the process whatever this thread is waiting for.

const VCPU_ENTRY = new URL(import.meta.url.endsWith('.ts') ? './vcpu/worker.ts' : './vcpu/worker.js', import.meta.url);
const phases: Phase[] = [phase('process', monotonicMs() - performance.now()), phase('code')];
const channel = coreStartChannel();
// Every machine has a first vCPU: its thread starts while this one waits for its orders.
const warm = [new VcpuWorker(VCPU_ENTRY, 0)];
const orders = readOrders(channel);
void run(orders);

interface Orders {
  readonly spec: MachineSpec;
  readonly devices: readonly DeviceSpec[];
  /** The vCPUs are to wait until they are resumed. */
  readonly paused: boolean;
}

/** Waits for the messages up to `run`. A launcher that goes away before has its own reasons: nothing is to be said. */
function readOrders(from: CoreEnd): Orders {
  let spec: MachineSpec | undefined;
  const devices: DeviceSpec[] = [];
  for (;;) {
    const received = from.receive();
    if (!received.ok) return exitNow(received.error.code === 'CLOSED' ? EXIT.poweredOff : EXIT.failed);
    const { message, fds } = received.value;
    if (message.stop) return exitNow(EXIT.poweredOff);
    if (spec === undefined) {
      const machine = readMachine(received.value);
      if (!machine.ok) return fail(machine.error);
      spec = machine.value;
    } else if (message.addDevice) {
      const device = readDevice(message.addDevice, fds);
      if (!device.ok) return fail(device.error);
      devices.push(device.value);
    } else if (message.run) {
      return { spec, devices, paused: message.run.paused ?? false };
    } else {
      return fail('a machine that does not run yet can only be given devices');
    }
  }
}

async function run({ spec, devices, paused }: Orders): Promise<void> {
  phases.push(phase('orders'));
  const watcher = new Watcher();
  const early = new EarlyOrders(channel, watcher);
  const running: { controller?: Controller } = {};
  const deviceFailed: Controller['deviceFailed'] = (id, failure) => {
    // Before there is a machine, one without its device is of no use.
    if (running.controller === undefined) fail(`device ${id}: ${failure.message}`);
    running.controller.deviceFailed(id, failure);
  };
  const deviceNews: Controller['deviceNews'] = (id, news) => {
    // Nor is one that is to wait for it before it has begun.
    if (running.controller === undefined) fail(`device ${id}: ${news.message}`);
    running.controller.deviceNews(id, news);
  };
  const mark = (name: string): void => void phases.push(phase(name));
  const started = await startMachine(spec, devices, { watcher, mark, deviceFailed, deviceNews });
  if (!started.ok) return fail(started.error);
  const { machine, host, wake } = started.value;
  const parts: ControllerParts = { channel, watcher, host, machine, wake, noReboot: spec.noReboot, paused, log: logger(spec.logLevel) };
  const controller = new Controller(parts);
  running.controller = controller;
  machine.start({ entry: VCPU_ENTRY, warm, paused, onFatal: (report) => controller.vcpuFailed(report) });
  controller.begin(early.take(), tellStarted(machine));
}

/** Whatever the guest does at once is told after this. */
async function tellStarted(machine: VirtualMachine): Promise<void> {
  await machine.threads.begun(0);
  phases.push(phase('running'));
  tell({ started: { phases } });
  // Now, for what is compiled later is compiled with other flags, and of no use to the next process.
  keepCompiledCode();
  compileForSize();
}

function logger(level: number): ControllerParts['log'] {
  return (of, message) => {
    if (of <= level) tell({ log: { level: of, message } });
  };
}

function tell(message: FromCore): void {
  channel.send(message);
}

function fail(message: string): never {
  tell({ failed: { message } });
  return exitNow(EXIT.failed);
}
