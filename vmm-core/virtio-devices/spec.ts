/** Console Device (virtio 1.2, 5.3) and Entropy Device (5.4), in the specification's spelling and order. */
import { le16, le32 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';

/** 5.3.2 Virtqueues: port 0's. */
export const CONSOLE_RECEIVEQ = 0;
export const CONSOLE_TRANSMITQ = 1;

/** 5.3.3 Feature bits */
export const VIRTIO_CONSOLE_F_SIZE = 1n << 0n;

/** 5.3.4 Device configuration layout */
export const VirtioConsoleConfig = struct('virtio_console_config', { cols: le16, rows: le16, max_nr_ports: le32, emerg_wr: le32 });

/** 5.4.2 Virtqueues */
export const RNG_REQUESTQ = 0;

/** Entries of each queue of either, as Cloud Hypervisor has them. */
export const QUEUE_SIZE = 256;
