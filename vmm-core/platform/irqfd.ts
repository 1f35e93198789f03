import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import type { VmIoctls } from '../bus/vm-ioctls.ts';

/**
 * Makes signals of `fd` raise `gsi`, whose route must be installed; signals that came before raise it once. KVM would inject those by
 * itself but leave the counter standing, and it would be injected again after the next masking: so they are taken and given anew.
 */
export function connectIrqfd(ioctls: VmIoctls, fd: number, gsi: number): void {
  const pending = drainEventFd(fd) > 0;
  ioctls.assignIrqfd(fd, gsi);
  if (pending) signalEventFd(fd);
}
