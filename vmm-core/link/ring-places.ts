/** Where a driver's queues are, as a back end is told of them: in addresses of this process, which its memory table explains. */
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type FrontendAddress, type GuestMemory, frontendAddress } from '#shared/memory/index.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import type { FrontendRing } from '#shared/vhost-user/frontend/index.ts';
import { type GuestRing, locateRing } from '#shared/virtio/index.ts';
import type { QueueSetup, VirtioPciDevice } from '../virtio-pci/virtio-pci-device.ts';

export type PlacedRing = Omit<FrontendRing, 'errFd'>;

/** The enabled queues among the first `count`, to go on from `bases`; an error is the driver's fault. */
export function locateRings(
  device: VirtioPciDevice,
  count: number,
  memory: GuestMemory,
  bases: readonly number[] = [],
): Result<readonly PlacedRing[], string> {
  const rings: PlacedRing[] = [];
  for (const queue of enabledQueues(device, count)) {
    const { index, size } = queue;
    const host = locateRing(guestRing(queue), memory);
    if (!host.ok) return err(`its driver put queue ${index} where no memory is (${host.error.code})`);
    const { descriptor, available, used } = host.value;
    rings.push({
      ...{ index, size, base: bases[index] ?? 0 },
      ...{ descriptor: ownAddress(descriptor), available: ownAddress(available), used: ownAddress(used) },
      ...{ kickFd: borrowed(device.kickFdOf(index)), callFd: borrowed(device.callFdOf(index)) },
    });
  }
  return ok(rings);
}

export function enabledQueues(device: VirtioPciDevice, count: number): readonly QueueSetup[] {
  return Array.from({ length: count }, (_, index) => device.queue(index)).filter(({ enabled }) => enabled);
}

/** The used index of each queue: what came before it is done, whoever did it. */
export function usedIndexes(device: VirtioPciDevice, count: number, memory: GuestMemory): readonly number[] {
  return Array.from({ length: count }, (_, index) => memory.readU16(device.queue(index).deviceAddress + 2) ?? 0);
}

/** Whether the driver has made nothing available that was not returned. */
export function isAllReturned(device: VirtioPciDevice, count: number, memory: GuestMemory): boolean {
  return enabledQueues(device, count).every(
    ({ driverAddress, deviceAddress }) => memory.readU16(driverAddress + 2) === memory.readU16(deviceAddress + 2),
  );
}

export function guestRing({ size, descriptorAddress, driverAddress, deviceAddress }: QueueSetup): GuestRing {
  return { size, descriptor: descriptorAddress, available: driverAddress, used: deviceAddress };
}

export function borrowed(fd: number | undefined): Fd | undefined {
  return fd === undefined ? undefined : asFd(fd);
}

/** An address that our own memory table gave. */
function ownAddress(value: number): FrontendAddress {
  const address = frontendAddress(value);
  assert(address !== undefined, `${value} is no address`);
  return address;
}
