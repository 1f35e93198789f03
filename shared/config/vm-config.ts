/** One virtual machine as its user described it: every value parsed and in range, every default filled in. */
import type { ImageConfig } from './disk-keys.ts';

export interface VmConfig {
  readonly payload: Payload;
  readonly cpus: CpusConfig;
  readonly memory: MemoryConfig;
  readonly disks: readonly DiskConfig[];
  readonly serial: ConsoleMode;
  readonly console: ConsoleConfig;
  readonly rng: RngConfig;
  readonly platform: PlatformConfig;
  /** The guest's first triple fault stops it instead of resetting it. */
  readonly noReboot: boolean;
}

/** Paths are as the user wrote them. A firmware finds its kernel, initramfs and command line by itself. */
export type Payload =
  | { readonly kind: 'kernel'; readonly path: string; readonly initramfs?: string; readonly cmdline: string }
  | { readonly kind: 'firmware'; readonly path: string };

export interface CpusConfig {
  readonly boot: number;
  readonly max: number;
}

export interface MemoryConfig {
  /** A multiple of 1 MiB. */
  readonly sizeBytes: number;
  /** Touch all of it before the guest starts. */
  readonly prefault: boolean;
  /** Bytes of one huge page of hugetlbfs; undefined: ordinary pages. */
  readonly hugePageBytes: number | undefined;
}

export interface DiskConfig extends ImageConfig {
  readonly id: string;
  /** How long the disk's requests wait for its process to be started again; 0: the machine ends with that process. */
  readonly restartTimeoutMs: number;
  /** Afterwards the machine ends; or, until the process is back, requests wait on, the machine is paused, or further requests fail. */
  readonly onRestartTimeout: 'end' | 'stall' | 'pause' | 'error';
  /** The group whose limits this disk's are, shared by all its disks. */
  readonly rateLimitGroup: string | undefined;
  /** 1 to 31; undefined: the lowest free slot. */
  readonly pciDeviceId: number | undefined;
}

/** Where the bytes of a serial port or console go. `null` swallows them, `off` is no such device at all. */
export type ConsoleMode = { readonly mode: 'off' | 'null' | 'tty' | 'pty' } | { readonly mode: 'file' | 'socket'; readonly path: string };

export interface ConsoleConfig {
  readonly channel: ConsoleMode;
  readonly id: string;
  readonly pciDeviceId: number | undefined;
}

export interface RngConfig {
  readonly source: string;
  readonly id: string;
  readonly pciDeviceId: number | undefined;
}

/** SMBIOS strings. */
export interface PlatformConfig {
  readonly manufacturer?: string;
  readonly productName?: string;
  readonly version?: string;
  readonly serialNumber?: string;
  readonly uuid?: string;
  readonly skuNumber?: string;
  readonly family?: string;
  readonly chassisAssetTag?: string;
  readonly oemStrings: readonly string[];
}
