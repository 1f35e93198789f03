/** Between a session as plain data and its message. */
import { type Result, err, ok } from '../lang/result.ts';
import { frontendAddress, guestAddress } from '../memory/index.ts';
import type { BitsMessage, RingMessage, SessionMessage } from '../rpc/hand-over-channel.ts';
import type { Fd, OwnedFd } from '../sys/owned-fd.ts';
import type { RegionState, RingState, SessionState } from '../vhost-user/backend/index.ts';
import { MAX_FRAME } from '../vhost-user/channel.ts';
import { VHOST_VRING_F_LOG } from '../vhost-user/spec.ts';
import type { DescriptorList, Descriptors } from './descriptors.ts';

export function sessionMessage(state: SessionState<Fd>, list: DescriptorList): SessionMessage {
  const { features, inflight, log, backendChannel, begun } = state;
  return {
    socket: list.add(state.socket),
    ...(features === undefined ? {} : { features: bitsMessage(features) }),
    protocolFeatures: bitsMessage(state.protocolFeatures),
    status: state.status,
    regions: state.regions.map(({ description, file }) => ({ ...description, file: list.add(file) })),
    rings: state.rings.map((ring) => ringMessage(ring, list)),
    ...(inflight === undefined ? {} : { inflight: { ...inflight.description, file: list.add(inflight.file) } }),
    ...(log === undefined ? {} : { log: { ...log.description, file: list.add(log.file), call: list.add(log.call) } }),
    ...(backendChannel === undefined ? {} : { backendChannel: { ...backendChannel, socket: list.add(backendChannel.socket) } }),
    begun: begun.bytes,
    begunDescriptors: begun.fds.map((fd) => list.add(fd)),
  };
}

/** Takes the session's descriptors. The error is one line: what is wrong with the message. */
export function readSession(message: SessionMessage, descriptors: Descriptors): Result<SessionState<OwnedFd>, string> {
  const socket = descriptors.take(message.socket);
  const regions = (message.regions ?? []).map((region) => readRegion(region, descriptors));
  const rings = (message.rings ?? []).map((ring, index) => readRing(ring, index, descriptors));
  const inflight = message.inflight ? readInflight(message.inflight, descriptors) : 'none';
  const log = message.log ? readLog(message.log, descriptors) : 'none';
  const backendChannel = message.backendChannel ? readBackendChannel(message.backendChannel, descriptors) : 'none';
  const begun = readBegun(message, descriptors);
  if (socket === undefined) return err('it has no socket');
  if (regions.includes(undefined)) return err('a region of it lacks its file, or lies where none can');
  if (rings.includes(undefined)) return err('a ring of it lies where none can');
  if (inflight === undefined) return err('its in-flight area lacks its file');
  if (log === undefined) return err('its dirty log lacks its file');
  if (backendChannel === undefined) return err('its back-end channel lacks its socket');
  if (begun === undefined) return err('the message under way is none');
  return ok({
    socket,
    features: message.features ? readBits(message.features) : undefined,
    protocolFeatures: readBits(message.protocolFeatures ?? {}),
    status: message.status ?? 0,
    regions: regions.filter((region) => region !== undefined),
    rings: rings.filter((ring) => ring !== undefined),
    inflight: inflight === 'none' ? undefined : inflight,
    log: log === 'none' ? undefined : log,
    backendChannel: backendChannel === 'none' ? undefined : backendChannel,
    begun,
  });
}

function ringMessage({ size, addresses, base, kickArrived, enabled, kick, call, err: error }: RingState<Fd>, list: DescriptorList) {
  return {
    size: size ?? 0,
    ...(addresses === undefined ? {} : { addresses: { ...addresses } }),
    base,
    kickArrived,
    enabled,
    kick: list.add(kick),
    call: list.add(call),
    err: list.add(error),
  };
}

function readRing({ addresses, ...ring }: RingMessage, index: number, descriptors: Descriptors): RingState<OwnedFd> | undefined {
  const parts = [addresses?.descriptor, addresses?.available, addresses?.used].map((value) => frontendAddress(value ?? 0));
  const [descriptor, available, used] = parts;
  const fds = { kick: descriptors.take(ring.kick), call: descriptors.take(ring.call), err: descriptors.take(ring.err) };
  if (descriptor === undefined || available === undefined || used === undefined) return undefined;
  return {
    size: ring.size || undefined,
    addresses: addresses ? { index, descriptor, available, used, ...readFlags(addresses) } : undefined,
    base: ring.base ?? 0,
    kickArrived: ring.kickArrived ?? false,
    enabled: ring.enabled ?? false,
    ...fds,
  };
}

function readFlags(addresses: NonNullable<RingMessage['addresses']>): { flags: number; log?: number } {
  const flags = addresses.flags ?? 0;
  return (flags & VHOST_VRING_F_LOG) === 0 ? { flags } : { flags, log: addresses.log ?? 0 };
}

function readRegion(region: NonNullable<SessionMessage['regions']>[number], descriptors: Descriptors): RegionState<OwnedFd> | undefined {
  const file = descriptors.take(region.file);
  const guestStart = guestAddress(region.guestStart ?? 0);
  const frontendStart = frontendAddress(region.frontendStart ?? 0);
  const size = region.size ?? 0;
  if (file === undefined || guestStart === undefined || frontendStart === undefined || size === 0) return undefined;
  return { description: { guestStart, size, frontendStart, fileOffset: region.fileOffset ?? 0 }, file };
}

type InflightMessage = NonNullable<SessionMessage['inflight']>;

function readInflight({ size, fileOffset, queueCount, queueSize, file }: InflightMessage, descriptors: Descriptors) {
  const taken = descriptors.take(file);
  const description = { size: size ?? 0, fileOffset: fileOffset ?? 0, queueCount: queueCount ?? 0, queueSize: queueSize ?? 0 };
  return taken && { description, file: taken };
}

function readLog({ size, fileOffset, file, call }: NonNullable<SessionMessage['log']>, descriptors: Descriptors) {
  const [taken, signalled] = [descriptors.take(file), descriptors.take(call)];
  return taken && { description: { size: size ?? 0, fileOffset: fileOffset ?? 0 }, file: taken, call: signalled };
}

function readBackendChannel({ socket, configChanged }: NonNullable<SessionMessage['backendChannel']>, descriptors: Descriptors) {
  const taken = descriptors.take(socket);
  return taken && { socket: taken, configChanged: configChanged ?? false };
}

function readBegun({ begun, begunDescriptors }: SessionMessage, descriptors: Descriptors): SessionState<OwnedFd>['begun'] | undefined {
  const bytes = begun ?? new Uint8Array();
  const fds = (begunDescriptors ?? []).map((at) => descriptors.take(at));
  return bytes.length >= MAX_FRAME || fds.includes(undefined) ? undefined : { bytes, fds: fds.filter((fd) => fd !== undefined) };
}

function bitsMessage(bits: bigint): BitsMessage {
  return { ones: Array.from({ length: NO_FEATURE }, (_, bit) => bit).filter((bit) => (bits & (1n << BigInt(bit))) !== 0n) };
}

/** No device offers it. */
const NO_FEATURE = 64;

function readBits({ ones }: BitsMessage): bigint {
  return (ones ?? []).reduce((bits, bit) => bits | (1n << BigInt(Math.min(bit, NO_FEATURE))), 0n);
}
