/** A machine made for one test, and what its tests ask of it. */
import { InterruptTarget } from '../../bus/testing/interrupt-target.ts';
import type { VirtioPciPlan } from '../virtio-pci-device.ts';
import { ARENA_SIZE, BAR_ADDRESS, VirtioMachine, blockPlan } from './virtio-machine.ts';

export interface Made extends Disposable {
  readonly target: InterruptTarget;
  readonly machine: VirtioMachine;
  readonly plan: VirtioPciPlan;
  readonly buffer: SharedArrayBuffer;
  readonly wakeFd: number;
}

/** A machine that was switched on, with eventfds that end with it. */
export function make(changes: Partial<VirtioPciPlan> = {}): Made {
  const target = new InterruptTarget();
  const buffer = new SharedArrayBuffer(ARENA_SIZE);
  const queues = changes.queueSizes?.length ?? 2;
  const fds = (count: number): number[] => Array.from({ length: count }, () => target.eventFd());
  const plan = blockPlan({ kickFds: fds(queues), vectorFds: fds(queues + 1) }, changes);
  const wakeFd = target.eventFd();
  const machine = new VirtioMachine(buffer, target.vm.fd, wakeFd, plan);
  machine.powerOn();
  return { target, machine, plan, buffer, wakeFd, [Symbol.dispose]: () => target[Symbol.dispose]() };
}

/** Whether KVM takes the queue's notifications. */
export function isKickInKvm({ target, plan }: Made, queue: number, bar = BAR_ADDRESS): boolean {
  const address = bar + 0x6000 + queue * 4;
  const fd = plan.kickFds[queue] ?? -1;
  // KVM refuses the same one twice.
  const isNew = target.ioctls.assignIoeventfd(address, 0, fd);
  if (isNew) target.ioctls.deassignIoeventfd(address, 0, fd);
  return !isNew;
}

/** Writes a vector's table entry, unmasked: vector `data` of the first CPU. */
export function setVector({ machine }: Made, vector: number, data: number): void {
  for (const [index, word] of [0xfee0_0000, 0, data, 0].entries()) machine.write(0x8000 + vector * 16 + index * 4, 4, word);
}
