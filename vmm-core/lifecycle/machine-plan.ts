/** Where everything of a machine goes: decided once, as data, and followed by each thread. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { DeviceLink, DeviceOffer } from '../link/device-link.ts';
import type { MachinePlan } from '../machine.ts';
import { MSI_LAST_GSI } from '../memory/layout.ts';
import { endOf } from '../memory/map.ts';
import { type Placement, placeDevices } from '../pci/placement.ts';
import { VIRTIO_BAR_SIZE } from '../virtio-pci/spec.ts';
import type { VirtioPciPlan } from '../virtio-pci/virtio-pci-device.ts';
import { type MachineHost, eventFd } from './machine-host.ts';

/** Effect words: one for each of these, then one for each virtio device in order. */
export const EFFECT_WORD = { power: 0, serial: 1, firstDevice: 2 } as const;
const VIRTIO_ID_BLOCK = 2;

export interface PlannedDevice {
  readonly link: DeviceLink;
  /** The PCI slot that the user named. */
  readonly slot: number | undefined;
}

export interface PlanInput {
  readonly host: Pick<MachineHost, 'vm' | 'map'>;
  /** The eventfd of effects. */
  readonly wakeFd: number;
  /** Undefined: no serial port. */
  readonly serial: { readonly discardOutput: boolean } | undefined;
  /** In the order in which they were added. */
  readonly devices: readonly PlannedDevice[];
}

/** The plan, or one line that says why the devices have no place. */
export function planMachine({ host, wakeFd, serial, devices }: PlanInput): Result<MachinePlan, string> {
  const { map } = host;
  const twice = devices.find(({ link }, index) => devices.findIndex((other) => other.link.id === link.id) < index);
  if (twice !== undefined) return err(`two devices have the id ${twice.link.id}; give each its own`);
  const requests = devices.map(({ link, slot }) => ({
    name: link.id,
    ...(slot === undefined ? {} : { slot }),
    bar: { bits: barBits(link.offer), size: VIRTIO_BAR_SIZE, alignment: VIRTIO_BAR_SIZE },
  }));
  const placed = placeDevices(requests, { window32: map.pciWindow32, window64: map.pciWindow64 });
  if (!placed.ok) return err(placed.error.message);
  const [low] = map.ram;
  const virtio = devices.map(({ link }, index) => planDevice(link, index, placed.value[index]));
  return ok({
    vmFd: host.vm.fd,
    wakeFd,
    effectCount: EFFECT_WORD.firstDevice + devices.length,
    gsiCount: MSI_LAST_GSI + 1,
    platform: {
      ramBelow4G: endOf(low),
      ramAbove4G: map.ramSize - endOf(low),
      gedRegister: map.gedRegister,
      pciWindow32: map.pciWindow32,
      pciWindow64: map.pciWindow64,
      powerEffectIndex: EFFECT_WORD.power,
      ...(serial === undefined ? {} : { serial: { effectIndex: EFFECT_WORD.serial, ...serial, pinFd: eventFd().take() } }),
      gedPinFd: eventFd().take(),
      devices: virtio,
    },
  });
}

/** Firmware reads the registers of boot disks with 32-bit code. */
function barBits({ deviceType }: DeviceOffer): 32 | 64 {
  return deviceType === VIRTIO_ID_BLOCK ? 32 : 64;
}

function planDevice({ id, offer }: DeviceLink, index: number, place: Placement | undefined): VirtioPciPlan {
  const queues = offer.queueSizes.length;
  return {
    ...offer,
    name: id,
    slot: place?.slot ?? 0,
    effectIndex: EFFECT_WORD.firstDevice + index,
    bar: { bits: barBits(offer), address: place?.barAddress ?? 0 },
    kickFds: eventFds(queues),
    vectorFds: eventFds(queues + 1),
  };
}

/** Eventfds of the plan live as long as the process: threads know them by number. */
function eventFds(count: number): readonly number[] {
  return Array.from({ length: count }, () => eventFd().take());
}
