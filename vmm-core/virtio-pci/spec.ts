/** virtio 1.2, section 4.1: numbers of the PCI transport; and where our BAR 0 has each part (Cloud Hypervisor's places). */

export const VIRTIO_PCI_VENDOR_ID = 0x1af4;
/** Device id of device type 0 (4.1.2.1). */
export const VIRTIO_PCI_DEVICE_ID_BASE = 0x1040;
export const VIRTIO_PCI_REVISION = 1;

// 2.1 Device status.
export const VIRTIO_CONFIG_S_ACKNOWLEDGE = 1;
export const VIRTIO_CONFIG_S_DRIVER = 2;
export const VIRTIO_CONFIG_S_DRIVER_OK = 4;
export const VIRTIO_CONFIG_S_FEATURES_OK = 8;
export const VIRTIO_CONFIG_S_NEEDS_RESET = 0x40;
export const VIRTIO_CONFIG_S_FAILED = 0x80;

/** VIRTIO_F_VERSION_1 (bit 32) in the high half of the feature bits. */
export const VERSION_1_HIGH = 1;

// 4.1.4 Capabilities.
export const PCI_CAP_ID_VENDOR = 0x09;
export const VIRTIO_PCI_CAP_COMMON_CFG = 1;
export const VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
export const VIRTIO_PCI_CAP_ISR_CFG = 3;
export const VIRTIO_PCI_CAP_DEVICE_CFG = 4;
export const VIRTIO_PCI_CAP_PCI_CFG = 5;

// 4.1.4.5 ISR status.
export const VIRTIO_PCI_ISR_CONFIG = 2;

/** 4.1.5.1.2: no interrupt for this event. */
export const VIRTIO_MSI_NO_VECTOR = 0xffff;

// BAR 0.
export const VIRTIO_BAR_SIZE = 0x8_0000;
/** Of 64-bit BARs: some guests place devices sparsely. */
export const VIRTIO_BAR_64_ALIGNMENT = 0x80_0000;
export const COMMON_OFFSET = 0;
export const COMMON_SIZE = 56;
export const ISR_OFFSET = 0x2000;
export const ISR_SIZE = 1;
export const DEVICE_CONFIG_OFFSET = 0x4000;
export const DEVICE_CONFIG_SIZE = 0x1000;
export const NOTIFY_OFFSET = 0x6000;
export const NOTIFY_SIZE = 0x1000;
export const NOTIFY_MULTIPLIER = 4;
export const MSIX_TABLE_OFFSET = 0x8000;
export const MSIX_TABLE_SIZE = 0x4_0000;
export const MSIX_PENDING_OFFSET = 0x4_8000;
export const MSIX_PENDING_SIZE = 0x800;

/** 2.6: a split virtqueue has at most this many entries. */
export const QUEUE_SIZE_MAX = 0x8000;
