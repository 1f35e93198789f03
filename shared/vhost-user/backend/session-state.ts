/**
 * A session as plain data and descriptors: what one process has to tell another that goes on with it. `F` is how a descriptor is held:
 * lent (`Fd`) by the process that hands over, owned (`OwnedFd`) by the one that takes over.
 *
 * No ring runs in it: requests that were taken have ended, chains that were not taken are still the driver's, and the in-flight area
 * says that there are none.
 */
import type { BegunMessage } from '../channel.ts';
import type { InflightDescription, LogDescription, RegionDescription, VringAddresses } from '../message.ts';

export interface SessionState<F> {
  readonly socket: F;
  /** What the front end accepted; undefined before SET_FEATURES and after a reset. */
  readonly features: bigint | undefined;
  readonly protocolFeatures: bigint;
  readonly status: number;
  readonly regions: readonly RegionState<F>[];
  /** One for each ring of the device, configured or not. */
  readonly rings: readonly RingState<F>[];
  readonly inflight: { readonly description: InflightDescription; readonly file: F } | undefined;
  readonly log: LogState<F> | undefined;
  readonly backendChannel: BackendChannelState<F> | undefined;
  readonly begun: BegunMessage<F>;
}

export interface RegionState<F> {
  readonly description: RegionDescription;
  readonly file: F;
}

export interface RingState<F> {
  readonly size: number | undefined;
  readonly addresses: VringAddresses | undefined;
  /** The next index to take from the available ring. */
  readonly base: number;
  /** A kick descriptor was set, or the word that there is none. */
  readonly kickArrived: boolean;
  readonly enabled: boolean;
  readonly kick: F | undefined;
  readonly call: F | undefined;
  readonly err: F | undefined;
}

/** Whether it is written to, the features say. */
export interface LogState<F> {
  readonly description: LogDescription;
  readonly file: F;
  readonly call: F | undefined;
}

export interface BackendChannelState<F> {
  readonly socket: F;
  /** The front end is still to be told. */
  readonly configChanged: boolean;
}

/** Every descriptor of a state, for whoever cannot use it. */
export function descriptorsOf<F>(state: SessionState<F>): readonly F[] {
  const { socket, regions, rings, inflight, log, backendChannel, begun } = state;
  const all = [
    socket,
    ...regions.map(({ file }) => file),
    ...rings.flatMap(({ kick, call, err }) => [kick, call, err]),
    inflight?.file,
    log?.file,
    log?.call,
    backendChannel?.socket,
    ...begun.fds,
  ];
  return all.filter((one): one is F & {} => one !== undefined && one !== null);
}
