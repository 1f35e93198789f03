/** The orchestrator's public face: what `chctl run` hosts in its own process. */
export { BegunMachine, type Programs, type RunOptions } from './run-machine.ts';
export type { LaunchError } from './launch/launch-error.ts';
export type { Outcome } from './supervise/outcome.ts';
export { SLOW_KVM, cpuHasVirtualization } from './launch/slow-kvm.ts';
export { type FoundDevice, findDevices } from './launch/find-devices.ts';
