/** The socket between a device process and the one that takes over from it (proto/ch/handover/v1/handover.proto). */
import type { OwnedFd } from '../sys/owned-fd.ts';
import { UnixSocket } from '../sys/unix-socket.ts';
import { ch } from './generated/hand-over.js';
import { type Codec, StartChannel } from './start-channel.ts';

const messages = ch.handover.v1;

export type ToSuccessor = ch.handover.v1.IToSuccessor;
export type FromSuccessor = ch.handover.v1.IFromSuccessor;
export type TakeOver = ch.handover.v1.ITakeOver;
export type SessionMessage = ch.handover.v1.ISession;
export type RingMessage = ch.handover.v1.IRing;
export type BitsMessage = ch.handover.v1.IBits;
export type CountersMessage = ch.handover.v1.ICounters;
export type DeviceStateMessage = ch.handover.v1.IDeviceState;

const toSuccessor: Codec<ToSuccessor> = {
  encode: (message) => messages.ToSuccessor.encode(message).finish(),
  decode: (bytes) => messages.ToSuccessor.decode(bytes),
};
const fromSuccessor: Codec<FromSuccessor> = {
  encode: (message) => messages.FromSuccessor.encode(message).finish(),
  decode: (bytes) => messages.FromSuccessor.decode(bytes),
};

/** The end of the process that serves. */
export type PredecessorEnd = StartChannel<ToSuccessor, FromSuccessor>;
/** The end of the one that takes over. */
export type SuccessorEnd = StartChannel<FromSuccessor, ToSuccessor>;

export function predecessorEnd(socket: OwnedFd): PredecessorEnd {
  return new StartChannel(new UnixSocket(socket), toSuccessor, fromSuccessor);
}

export function successorEnd(socket: OwnedFd): SuccessorEnd {
  return new StartChannel(new UnixSocket(socket), fromSuccessor, toSuccessor);
}
