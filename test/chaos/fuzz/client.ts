/** A raw connection: requests and answers by hand, each wait with an end. */
import { EPOLLIN, EPOLLOUT } from '#shared/sys/epoll.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { MSG_DONTWAIT, UnixSocket } from '#shared/sys/unix-socket.ts';
import { Channel, closeAll } from '#shared/vhost-user/channel.ts';
import { VHOST_USER, VHOST_USER_NEED_REPLY, VHOST_USER_VERSION, VhostUserHeader } from '#shared/vhost-user/spec.ts';

/** A device has so long to answer whatever it is asked. */
export const DEADLINE_MS = 60_000;

export interface Answer {
  readonly request: number;
  readonly bytes: Buffer;
  readonly fds: OwnedFd[];
}

export class Client {
  readonly #socket: UnixSocket;
  readonly #channel: Channel;
  /** The other end still listens, as far as is known. */
  isOpen = true;
  /** Requests that are always answered, and were not yet. */
  #asked = 0;

  constructor(socket: OwnedFd) {
    this.#socket = new UnixSocket(socket);
    this.#channel = new Channel(this.#socket);
  }

  /** Sends bytes as they are; false where the other end has gone, or does not read. */
  sendBytes(bytes: Uint8Array, fds: readonly Fd[] = []): boolean {
    const buffer = allocate(Math.max(1, bytes.length));
    buffer.bytes.set(bytes);
    for (let sent = 0; sent < bytes.length && this.isOpen;) {
      const result = this.#socket.send(buffer, sent, bytes.length - sent, sent === 0 ? fds : [], MSG_DONTWAIT);
      if (result.ok) sent += result.value;
      else if (pollNow(this.#socket.fd, EPOLLOUT, DEADLINE_MS) !== EPOLLOUT) this.isOpen = false;
    }
    return this.isOpen;
  }

  send(request: number, payload: Uint8Array, fds: readonly Fd[] = [], flags: number = VHOST_USER_NEED_REPLY): boolean {
    const header = new DataView(new ArrayBuffer(VhostUserHeader.size));
    VhostUserHeader.set.request(header, 0, request);
    VhostUserHeader.set.flags(header, 0, VHOST_USER_VERSION | flags);
    VhostUserHeader.set.size(header, 0, payload.length);
    if (request === VHOST_USER.GET_FEATURES) this.#asked++;
    return this.sendBytes(Buffer.concat([new Uint8Array(header.buffer), payload]), fds);
  }

  /**
   * The answer to the request sent last, if it was given one; undefined too where the connection is over. Asks one more thing that is
   * always answered. Throws where the other end says nothing for too long.
   */
  settled(): Answer | undefined {
    if (!this.send(VHOST_USER.GET_FEATURES, new Uint8Array(), [], 0)) return undefined;
    let before: Answer | undefined;
    for (;;) {
      const answer = this.#next();
      if (answer === undefined) {
        closeAll(before?.fds ?? []);
        return undefined;
      }
      if (answer.request === VHOST_USER.GET_FEATURES && --this.#asked === 0) return before;
      closeAll(before?.fds ?? []);
      before = answer;
    }
  }

  close(): void {
    this.isOpen = false;
    this.#channel.close();
  }

  #next(): Answer | undefined {
    const end = performance.now() + DEADLINE_MS;
    for (;;) {
      const reception = this.#channel.receive();
      if (reception.kind === 'message') {
        const { request, payload, fds } = reception.message;
        return { request, bytes: Buffer.from(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)), fds };
      }
      if (reception.kind !== 'waiting') {
        this.isOpen = false;
        return undefined;
      }
      const left = end - performance.now();
      if (left <= 0) throw new Error(`no answer within ${DEADLINE_MS} ms`);
      pollNow(this.#socket.fd, EPOLLIN, Math.min(left, 1000));
    }
  }
}
