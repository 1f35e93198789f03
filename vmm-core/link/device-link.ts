/**
 * What runs a virtio device's queues: a back-end process behind a vhost-user session, or code of the core itself. Everything
 * here happens on the main thread, and nothing of it waits: what takes time is a promise.
 */
import type { Result } from '#shared/lang/result.ts';
import type { GuestMemory } from '#shared/memory/index.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { Watcher } from '#shared/sys/watcher.ts';
import type { FrontendRegion } from '#shared/vhost-user/frontend/index.ts';
import type { VirtioPciDevice, VirtioPciPlan } from '../virtio-pci/virtio-pci-device.ts';

/** What a device is to its driver, known before the machine is built. */
export type DeviceOffer = Pick<
  VirtioPciPlan,
  'deviceType' | 'classCode' | 'featuresLow' | 'featuresHigh' | 'queueSizes' | 'config' | 'writableConfig'
>;

/** What all links of a machine share. */
export interface LinkContext {
  readonly watcher: Watcher;
  /** Guest memory as this process has it mapped. */
  readonly memory: GuestMemory;
  /** The same memory, for a back end: its front-end addresses are this process's. */
  readonly regions: readonly FrontendRegion[];
  /** The device cannot go on: one line, without the device's name. `lost`: nor can it be brought back by a reset. */
  failed(id: string, failure: { readonly code: 'LOST' | 'NEEDS_RESET'; readonly message: string }): void;
  /** What happens to a device that is waited for. */
  told(id: string, news: DeviceNews): void;
}

/** What becomes of a device whose process is lost. */
export interface RecoveryPolicy {
  /** How long its requests wait for another one. */
  readonly deadlineMs: number;
  /** Afterwards the machine ends; or, until one comes, the requests wait on, the machine is paused, or further requests fail. */
  readonly afterwards: 'end' | 'stall' | 'pause' | 'error';
}

/** One line each, without the device's name. */
export type DeviceNews =
  /** Its requests wait for another process; or the one that was tried will not do. */
  | { readonly code: 'RECONNECTING'; readonly message: string }
  | { readonly code: 'BACK'; readonly message: string }
  /** None came in time. */
  | { readonly code: 'OVERDUE'; readonly afterwards: Exclude<RecoveryPolicy['afterwards'], 'end'>; readonly message: string };

export interface LinkError {
  readonly code: 'LINK';
  /** One line for the user, with the device's name. */
  readonly message: string;
}

export function linkError(id: string, problem: string): LinkError {
  return { code: 'LINK', message: `device ${id}: ${problem}` };
}

export interface DeviceLink {
  readonly id: string;
  readonly offer: DeviceOffer;

  /** Once, when the machine was built: whose registers this serves from now on. */
  attach(device: VirtioPciDevice): void;

  /** `VIRTIO_EFFECT` bits taken from the device's word. Serial: what they ask for happens after what earlier ones asked for. */
  take(bits: number): void;

  /**
   * Stops the queues once nothing is in flight; resolves to the next available index of each (0 for one that does not run).
   * The vCPUs are paused. What `take` was asked before has happened then.
   */
  suspend(): Promise<Result<readonly number[], LinkError>>;

  /** Starts the queues of an active device again, from those indexes: after `suspend`, or in a machine that was restored. */
  resume(bases: readonly number[]): Promise<Result<void, LinkError>>;

  /**
   * The machine is reset: stops the queues and forgets the driver. The vCPUs are paused; the caller then resets the device's
   * registers. Effects that were taken before are void.
   */
  reset(): Promise<Result<void, LinkError>>;

  /** Another process has come for the one that was lost, or comes in its place. Absent where no process runs the device. */
  reconnect?(socket: OwnedFd): Promise<Result<void, LinkError>>;

  /** Waits, at most so long, until what the guest has sent is out: its last words. Absent where nothing is kept. */
  drain?(timeoutMs: number): void;

  close(): void;
}
