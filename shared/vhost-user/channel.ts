/**
 * Cuts a stream socket into messages, and keeps each message's descriptors with it.
 *
 * Descriptors travel with a byte of the stream, and a read that runs over the end of one message could pick up those of the
 * next. So a receive never asks for more than the rest of one message: first the header, then the payload that it promises.
 * Nothing blocks: bytes may dribble in one at a time, and the message is handed over when its last one is there.
 */
import { type Result, err, ok } from '../lang/result.ts';
import { EAGAIN } from '../sys/errno.ts';
import { type NativeBuffer, allocate } from '../sys/ffi.ts';
import type { Fd, OwnedFd } from '../sys/owned-fd.ts';
import { pollNow } from '../sys/poll.ts';
import { EPOLLOUT } from '../sys/epoll.ts';
import { MSG_DONTWAIT, type UnixSocket } from '../sys/unix-socket.ts';
import type { ChannelError } from './errors.ts';
import {
  MAX_MEMORY_REGIONS,
  MAX_PAYLOAD,
  VHOST_USER_KNOWN_FLAGS,
  VHOST_USER_NEED_REPLY,
  VHOST_USER_REPLY,
  VHOST_USER_VERSION,
  VHOST_USER_VERSION_MASK,
  VhostUserHeader,
} from './spec.ts';

/** One whole message whose header is sound. */
export interface Message {
  readonly request: number;
  readonly isReply: boolean;
  readonly needsReply: boolean;
  /** Good until the next receive. */
  readonly payload: DataView;
  /** The receiver's: it shifts out those that it keeps and closes the rest with `closeAll`. */
  readonly fds: OwnedFd[];
}

export type Reception =
  | { readonly kind: 'message'; readonly message: Message }
  /** Nothing, or not all of a message, is there yet. */
  | { readonly kind: 'waiting' }
  /** The peer closed between two messages. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: ChannelError };

/** A message that has come in part. */
export interface BegunMessage<F> {
  /** Fewer than a whole one has: at most MAX_FRAME. */
  readonly bytes: Uint8Array;
  readonly fds: readonly F[];
}
const NOTHING_BEGUN: BegunMessage<OwnedFd> = { bytes: new Uint8Array(), fds: [] };

export const MAX_FRAME = VhostUserHeader.size + MAX_PAYLOAD;

/** How long `sendAll` waits for a peer to make room. Only one that has stopped reading takes that long. */
const SEND_PATIENCE_MS = 1000;

const WAITING: Reception = { kind: 'waiting' };
const CLOSED: Reception = { kind: 'closed' };

export class Channel implements Disposable {
  readonly #socket: UnixSocket;
  readonly #buffer = allocate(MAX_FRAME);
  #received = 0;
  #fds: OwnedFd[] = [];

  /** `begun`: what another process has read already of the message that comes. */
  constructor(socket: UnixSocket, begun: BegunMessage<OwnedFd> = NOTHING_BEGUN) {
    this.#socket = socket;
    this.#buffer.bytes.set(begun.bytes);
    this.#received = begun.bytes.length;
    this.#fds = [...begun.fds];
  }

  /** The part of a message that was read and not handed over; the descriptors stay the channel's. */
  get begun(): BegunMessage<Fd> {
    return { bytes: this.#buffer.bytes.slice(0, this.#received), fds: this.#fds.map(({ fd }) => fd) };
  }

  /** For a watch. */
  get fd(): Fd {
    return this.#socket.fd;
  }

  /** Takes what is there of the next message. Never blocks. After `closed` or `failed` only `close` makes sense. */
  receive(): Reception {
    for (;;) {
      const wanted = this.#wanted();
      if (!wanted.ok) return this.#fail(wanted.error);
      if (this.#received === wanted.value) return { kind: 'message', message: this.#take() };
      const got = this.#socket.receive(this.#buffer, this.#received, wanted.value - this.#received, MSG_DONTWAIT);
      if (!got.ok) return got.error.errno === EAGAIN ? WAITING : this.#fail({ code: 'SYS', cause: got.error });
      this.#fds.push(...got.value.fds);
      if (got.value.truncated || this.#fds.length > MAX_MEMORY_REGIONS) return this.#fail({ code: 'TOO_MANY_DESCRIPTORS' });
      if (got.value.length === 0) return this.#received === 0 ? CLOSED : this.#fail({ code: 'TRUNCATED', received: this.#received });
      this.#received += got.value.length;
    }
  }

  /** Sends from `offset` of `frame` what fits now, `fds` beside the first byte; the number of bytes, 0 where none fitted. */
  send(frame: NativeBuffer, offset: number, fds: readonly Fd[]): Result<number, ChannelError> {
    const sent = this.#socket.send(frame, offset, frame.bytes.length - offset, offset === 0 ? fds : [], MSG_DONTWAIT);
    if (sent.ok) return sent;
    return sent.error.errno === EAGAIN ? ok(0) : err({ code: 'SYS', cause: sent.error });
  }

  /** Sends all of `frame`, waiting a bounded time for a peer that is behind with reading. */
  sendAll(frame: NativeBuffer, fds: readonly Fd[] = []): Result<void, ChannelError> {
    let offset = 0;
    while (offset < frame.bytes.length) {
      const sent = this.send(frame, offset, fds);
      if (!sent.ok) return sent;
      offset += sent.value;
      if (sent.value === 0 && pollNow(this.fd, EPOLLOUT, SEND_PATIENCE_MS) === 0) return err({ code: 'PEER_NOT_READING' });
    }
    return ok();
  }

  close(): void {
    closeAll(this.#fds);
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The length of the message under way as far as it is known: its header's, or with its payload. */
  #wanted(): Result<number, ChannelError> {
    const { size: headerSize, get } = VhostUserHeader;
    if (this.#received < headerSize) return ok(headerSize);
    const flags = get.flags(this.#buffer.view, 0);
    const size = get.size(this.#buffer.view, 0);
    const version = flags & VHOST_USER_VERSION_MASK;
    if (version !== VHOST_USER_VERSION) return err({ code: 'BAD_VERSION', version });
    if ((flags & ~VHOST_USER_KNOWN_FLAGS) !== 0) return err({ code: 'UNKNOWN_FLAGS', flags });
    if (size > MAX_PAYLOAD) return err({ code: 'MESSAGE_TOO_LONG', size, limit: MAX_PAYLOAD });
    return ok(headerSize + size);
  }

  #take(): Message {
    const { size: headerSize, get } = VhostUserHeader;
    const { view } = this.#buffer;
    const flags = get.flags(view, 0);
    const message: Message = {
      request: get.request(view, 0),
      isReply: (flags & VHOST_USER_REPLY) !== 0,
      needsReply: (flags & VHOST_USER_NEED_REPLY) !== 0,
      payload: new DataView(view.buffer, headerSize, this.#received - headerSize),
      fds: this.#fds,
    };
    this.#fds = [];
    this.#received = 0;
    return message;
  }

  #fail(error: ChannelError): Reception {
    closeAll(this.#fds);
    return { kind: 'failed', error };
  }
}

/** One message as bytes. `flags` are added to the version. */
export function encodeFrame(request: number, flags: number, payload: DataView): NativeBuffer {
  const frame = allocate(VhostUserHeader.size + payload.byteLength);
  VhostUserHeader.set.request(frame.view, 0, request);
  VhostUserHeader.set.flags(frame.view, 0, VHOST_USER_VERSION | flags);
  VhostUserHeader.set.size(frame.view, 0, payload.byteLength);
  frame.bytes.set(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), VhostUserHeader.size);
  return frame;
}

/** Closes and forgets every descriptor of the list. */
export function closeAll(fds: OwnedFd[]): void {
  for (const fd of fds.splice(0)) fd.close();
}
