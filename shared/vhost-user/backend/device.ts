/**
 * What a device program implements, and the session calls: on the session's thread, one call at a time. The session owns every
 * descriptor and mapping that it passes; the device borrows them until the call that takes them away.
 */
import type { Result } from '../../lang/result.ts';
import type { GuestMemory, LogPlace } from '../../memory/index.ts';
import type { Fd } from '../../sys/owned-fd.ts';
import type { RingConfig } from '../../virtio/ring-config.ts';

export interface VhostUserDevice {
  /** Offered virtio features. The session adds VHOST_USER_F_PROTOCOL_FEATURES. */
  readonly features: bigint;
  /** Which of the session's optional protocol features (DEVICE_PROTOCOL_FEATURES) this device has a use for. */
  readonly protocolFeatures: bigint;
  readonly queueCount: number;
  /** Entries; a power of two. */
  readonly maxQueueSize: number;

  /** A copy of `length` bytes of config space from `offset`, or undefined where that is not all there. */
  readConfig(offset: number, length: number): Uint8Array | undefined;
  /** False where a field may not be written, or not so. `bytes` are good during the call only. */
  writeConfig(offset: number, bytes: Uint8Array): boolean;

  /** The virtio features that the driver accepted, a part of `features`. No ring runs. */
  setFeatures(acked: bigint): void;
  /**
   * Replaces the memory table. No ring runs: those that did were stopped, and start again on the new one. The old one is
   * unmapped when this returns.
   */
  setMemory(memory: GuestMemory, generation: number): void;

  /**
   * Every write to guest memory from now on, whoever makes it for the device, is noted there before the driver learns of it; also in
   * memory tables to come. Undefined: no more. Rings may run. The log of before is unmapped when this returns. Only a device whose
   * `protocolFeatures` have LOG_SHMFD is given one.
   */
  setLog(log: LogPlace | undefined): void;

  /** Begins to process a ring. It counts as kicked: what is in it already has to be found. */
  startRing(ring: RingStart): Result<void, RingError>;
  /** Ends a ring after its requests under way are done; returns the next index to take from its available ring. */
  stopRing(index: number): number;
  /** A running ring's new descriptors. The old ones are closed when this returns. */
  setRingCall(index: number, callFd: Fd | undefined): void;
  setRingKick(index: number, kickFd: Fd | undefined): void;
  /** Under which guest address a running ring's writes to its used ring are logged; undefined: they are not. */
  setRingLog(index: number, usedLog: number | undefined): void;
  /** A running ring's switch. While off, a ring takes no requests; kicks are kept and count when it is switched on. */
  setRingEnabled(index: number, enabled: boolean): void;

  /**
   * What a migration needs of the device that rings, features and configuration do not say, with a version of its own; at most
   * MAX_DEVICE_STATE bytes. No ring runs. This and the next only of a device whose `protocolFeatures` have DEVICE_STATE.
   */
  saveState(): Uint8Array;
  /** Becomes what another device was that saved this, or stays as it is and says why. The bytes are anybody's. No ring runs. */
  loadState(state: Uint8Array): Result<void, { readonly code: string }>;

  /** Back to the initial state, features forgotten. All rings were stopped before. The front end may be gone, or not. */
  reset(): void;
  /** Where to send notifications to the front end, or that there is no such place any more. */
  setBackendChannel(channel: BackendRequests | undefined): void;
}

/** A ring as it starts: its three parts are aligned and wholly mapped, its in-flight slice is large enough for its size. */
export interface RingStart extends RingConfig {
  readonly index: number;
  /** Undefined: the ring has to be polled. */
  readonly kickFd: Fd | undefined;
  /** Undefined: the driver polls. */
  readonly callFd: Fd | undefined;
  readonly errFd: Fd | undefined;
  readonly enabled: boolean;
  /** As `setRingLog` has it. */
  readonly usedLog: number | undefined;
}

/** Why a device will not start a ring: any error with a code. The ring stays stopped, its error descriptor is signalled. */
export interface RingError {
  readonly code: string;
}

/** The other direction: what a back end may ask of its front end. */
export interface BackendRequests {
  /** Config space has changed on our side. Never waits; kept back while no ring runs, as the specification demands. */
  configChanged(): void;
}
