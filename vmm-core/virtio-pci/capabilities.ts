/** The capabilities by which a driver finds the parts of BAR 0 (virtio 1.2, 4.1.4), in Cloud Hypervisor's order. */
import type { ConfigSpace } from '../pci/config-space.ts';
import {
  COMMON_OFFSET,
  COMMON_SIZE,
  DEVICE_CONFIG_OFFSET,
  DEVICE_CONFIG_SIZE,
  ISR_OFFSET,
  ISR_SIZE,
  NOTIFY_MULTIPLIER,
  NOTIFY_OFFSET,
  NOTIFY_SIZE,
  PCI_CAP_ID_VENDOR,
  VIRTIO_PCI_CAP_COMMON_CFG,
  VIRTIO_PCI_CAP_DEVICE_CFG,
  VIRTIO_PCI_CAP_ISR_CFG,
  VIRTIO_PCI_CAP_NOTIFY_CFG,
  VIRTIO_PCI_CAP_PCI_CFG,
} from './spec.ts';

// struct virtio_pci_cap: vendor id and link, then these.
const CAP_LENGTH = 2;
const CAP_TYPE = 3;
export const CAP_BAR = 4;
export const CAP_OFFSET = 8;
export const CAP_REGION_LENGTH = 12;
const CAP_SIZE = 16;
/** What follows in the longer ones: the notify multiplier, or the window of the PCI configuration access. */
export const CAP_EXTRA = 16;

/** Adds all but MSI-X; returns the offset of the PCI configuration access capability. */
export function addVirtioCapabilities(config: ConfigSpace, hasDeviceConfig: boolean): number {
  add(config, VIRTIO_PCI_CAP_COMMON_CFG, COMMON_OFFSET, COMMON_SIZE);
  add(config, VIRTIO_PCI_CAP_ISR_CFG, ISR_OFFSET, ISR_SIZE);
  if (hasDeviceConfig) add(config, VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE_CONFIG_OFFSET, DEVICE_CONFIG_SIZE);
  const notify = capability(VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_OFFSET, NOTIFY_SIZE, 4);
  notify.setUint32(CAP_EXTRA, NOTIFY_MULTIPLIER, true);
  config.addCapability(PCI_CAP_ID_VENDOR, bodyOf(notify));
  const access = capability(VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 4);
  const writable = [CAP_BAR, ...range(CAP_OFFSET, 12)].map((offset) => ({ offset, mask: 0xff }));
  return config.addCapability(PCI_CAP_ID_VENDOR, bodyOf(access), writable);
}

function add(config: ConfigSpace, type: number, offset: number, length: number): void {
  config.addCapability(PCI_CAP_ID_VENDOR, bodyOf(capability(type, offset, length, 0)));
}

function capability(type: number, offset: number, length: number, extraBytes: number): DataView {
  const view = new DataView(new ArrayBuffer(CAP_SIZE + extraBytes));
  view.setUint8(CAP_LENGTH, CAP_SIZE + extraBytes);
  view.setUint8(CAP_TYPE, type);
  view.setUint32(CAP_OFFSET, offset, true);
  view.setUint32(CAP_REGION_LENGTH, length, true);
  return view;
}

/** Without id and link, which the configuration space fills in. */
function bodyOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, 2);
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}
