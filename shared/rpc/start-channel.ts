/**
 * The inherited socket over which a process gets its specification and its descriptors, and answers its launcher.
 *
 * One packet is one message of `proto/ch/start/v1/start.proto` with its descriptors beside it. Both ends block at most for
 * the packet itself: a full socket is the reader's failure, not something to wait for.
 */
import protobuf from 'protobufjs/minimal.js';
import { type Result, err, ok } from '../lang/result.ts';
import { EAGAIN, type SysError } from '../sys/errno.ts';
import { allocate } from '../sys/ffi.ts';
import { type Fd, OwnedFd } from '../sys/owned-fd.ts';
import { MSG_DONTWAIT, SOCK_SEQPACKET, UnixSocket, socketPair } from '../sys/unix-socket.ts';
import { ch } from './generated/start.js';

// 64-bit fields are plain numbers: every one of them is a size or a time below 2^53.
Reflect.set(protobuf.util, 'Long', null);
protobuf.configure();

const start = ch.start.v1;

export type ToCore = ch.start.v1.IToCore;
export type FromCore = ch.start.v1.IFromCore;
export type ToDevice = ch.start.v1.IToDevice;
export type FromDevice = ch.start.v1.IFromDevice;
export type CreateVm = ch.start.v1.CreateVm;
export type AddDevice = ch.start.v1.AddDevice;
export type StartBlock = ch.start.v1.StartBlock;
export type RateLimitsMessage = ch.start.v1.IRateLimits;
export type QueueAffinityMessage = ch.start.v1.IQueueAffinity;
export type WriteCacheMessage = ch.start.v1.WriteCache;
export type Phase = ch.start.v1.IPhase;
export const EndedReason = start.Ended.Reason;
export const EventKind = start.Event.Kind;
export const RecoveryAfterwards = start.Recovery.Afterwards;
export const WriteCache = start.WriteCache;

/** The descriptor number at which every process of this project finds its start socket. */
export const START_FD = 3;

/** A command line may take 64 KiB, the rest of a message is small; the kernel's default socket buffer holds 208 KiB. */
const MAX_MESSAGE = 128 * 1024;

export type StartError =
  | { readonly code: 'SYS'; readonly message: string; readonly cause: SysError }
  /** The other end is gone. */
  | { readonly code: 'CLOSED'; readonly message: string }
  | { readonly code: 'MALFORMED'; readonly message: string };

/** The two directions of one kind of process. */
export interface Codec<T> {
  encode(message: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

export interface Incoming<T> {
  readonly message: T;
  /** The receiver's to close; a message's field `n` means `fds[n - 1]`. */
  readonly fds: readonly OwnedFd[];
}

export class StartChannel<Sent, Got> implements Disposable {
  readonly #socket: UnixSocket;
  readonly #sent: Codec<Sent>;
  readonly #got: Codec<Got>;
  readonly #buffer = allocate(MAX_MESSAGE);

  constructor(socket: UnixSocket, sent: Codec<Sent>, got: Codec<Got>) {
    this.#socket = socket;
    this.#sent = sent;
    this.#got = got;
  }

  /** For a watch. */
  get fd(): Fd {
    return this.#socket.fd;
  }

  /** Sends one message; `fds` are duplicated by the kernel and stay the caller's. */
  send(message: Sent, fds: readonly Fd[] = []): Result<void, StartError> {
    const encoded = this.#sent.encode(message);
    if (encoded.length > MAX_MESSAGE)
      return err({ code: 'MALFORMED', message: `a start message of ${encoded.length} bytes exceeds ${MAX_MESSAGE}` });
    this.#buffer.bytes.set(encoded);
    const sent = this.#socket.send(this.#buffer, 0, encoded.length, fds);
    return sent.ok ? ok() : err(fromSys(sent.error));
  }

  /** Waits for the next message. */
  receive(): Result<Incoming<Got>, StartError> {
    return this.#receive(0);
  }

  /** The next message if one is there, else undefined. */
  tryReceive(): Result<Incoming<Got> | undefined, StartError> {
    const received = this.#receive(MSG_DONTWAIT);
    if (!received.ok && received.error.code === 'SYS' && received.error.cause.errno === EAGAIN) return ok(undefined);
    return received;
  }

  /** Neither end can send any more; what was sent before can still be received. */
  shutdown(): void {
    this.#socket.shutdown();
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #receive(flags: number): Result<Incoming<Got>, StartError> {
    const received = this.#socket.receive(this.#buffer, 0, MAX_MESSAGE, flags);
    if (!received.ok) return err(fromSys(received.error));
    const { length, fds, truncated } = received.value;
    if (length === 0) return err({ code: 'CLOSED', message: 'the start socket was closed' });
    const message = truncated ? undefined : this.#decode(length);
    if (message === undefined) {
      for (const fd of fds) fd.close();
      return err({ code: 'MALFORMED', message: `a start message of ${length} bytes could not be read` });
    }
    return ok({ message, fds });
  }

  #decode(length: number): Got | undefined {
    try {
      // A copy: decoded byte fields alias their source.
      return this.#got.decode(this.#buffer.bytes.slice(0, length));
    } catch {
      return undefined;
    }
  }
}

function fromSys(cause: SysError): StartError {
  return { code: 'SYS', message: cause.message, cause };
}

const toCore: Codec<ToCore> = { encode: (m) => start.ToCore.encode(m).finish(), decode: (b) => start.ToCore.decode(b) };
const fromCore: Codec<FromCore> = { encode: (m) => start.FromCore.encode(m).finish(), decode: (b) => start.FromCore.decode(b) };
const toDevice: Codec<ToDevice> = { encode: (m) => start.ToDevice.encode(m).finish(), decode: (b) => start.ToDevice.decode(b) };
const fromDevice: Codec<FromDevice> = { encode: (m) => start.FromDevice.encode(m).finish(), decode: (b) => start.FromDevice.decode(b) };

export type CoreEnd = StartChannel<FromCore, ToCore>;
export type CoreLauncherEnd = StartChannel<ToCore, FromCore>;
export type DeviceEnd = StartChannel<FromDevice, ToDevice>;
export type DeviceLauncherEnd = StartChannel<ToDevice, FromDevice>;

/** The core's own end, inherited. */
export function coreStartChannel(): CoreEnd {
  return new StartChannel(new UnixSocket(new OwnedFd(START_FD)), fromCore, toCore);
}

/** The launcher's end towards a core. */
export function coreLauncherChannel(socket: OwnedFd): CoreLauncherEnd {
  return new StartChannel(new UnixSocket(socket), toCore, fromCore);
}

/** A device's own end, inherited. */
export function deviceStartChannel(): DeviceEnd {
  return deviceStartChannelOf(new OwnedFd(START_FD));
}

/** A device's end of a socket pair. */
export function deviceStartChannelOf(socket: OwnedFd): DeviceEnd {
  return new StartChannel(new UnixSocket(socket), fromDevice, toDevice);
}

/** The launcher's end towards a device. */
export function deviceLauncherChannel(socket: OwnedFd): DeviceLauncherEnd {
  return new StartChannel(new UnixSocket(socket), toDevice, fromDevice);
}

/** Both ends of a start socket: the launcher keeps the first, the child inherits the second as START_FD. */
export function startSocketPair(): Result<[OwnedFd, OwnedFd], SysError> {
  return socketPair(SOCK_SEQPACKET);
}
