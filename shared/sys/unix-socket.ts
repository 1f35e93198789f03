/**
 * Unix sockets with descriptors beside the bytes (SCM_RIGHTS, unix(7)). node's own sockets cannot receive them.
 */
import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, retryInterrupted, sysError } from './errno.ts';
import { type NativeBuffer, allocate, syscall } from './ffi.ts';
import { type Fd, OwnedFd, asFd } from './owned-fd.ts';
import { SYS } from './syscall-numbers.ts';

const AF_UNIX = 1;
export const SOCK_STREAM = 1;
/** Keeps message boundaries: one send is one receive. */
export const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
export const MSG_DONTWAIT = 0x40;
export const MSG_PEEK = 2;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_CTRUNC = 8;
const MSG_TRUNC = 0x20;
const SHUT_RDWR = 2;

/** As many as one message may carry here; the kernel's own bound (SCM_MAX_FD) is 253. */
export const MAX_FDS = 64;
const CMSG_HEADER = 16;
const CONTROL_SIZE = CMSG_HEADER + MAX_FDS * 4;
/** sun_family and the longest sun_path. */
const SOCKADDR_UN_SIZE = 110;
export const MAX_SOCKET_PATH = 107;

/** SOCK_STREAM with SOCK_NONBLOCK: a connection is refused (EAGAIN) where the listener has too many waiting. */
export const SOCK_STREAM_NONBLOCK = 0o4001;
export type SocketType = typeof SOCK_STREAM | typeof SOCK_SEQPACKET | typeof SOCK_STREAM_NONBLOCK;

export function socketPair(type: SocketType): Result<[OwnedFd, OwnedFd], SysError> {
  const pair = allocate(8);
  const result = syscall(SYS.socketpair, AF_UNIX, type | SOCK_CLOEXEC, 0, pair.address);
  if (result < 0) return err(sysError('socketpair', -result));
  return ok([new OwnedFd(pair.view.getInt32(0, true)), new OwnedFd(pair.view.getInt32(4, true))]);
}

/** Binds and listens. An existing path is refused (EADDRINUSE): stale sockets are their owner's to judge. */
export function listenUnix(path: string, backlog = 1, type: SocketType = SOCK_STREAM): Result<OwnedFd, SysError> {
  return withSocket(`listen on ${path}`, path, type, (fd, address, length) => {
    const bound = syscall(SYS.bind, fd, address, length);
    return bound < 0 ? bound : syscall(SYS.listen, fd, backlog);
  });
}

export function connectUnix(path: string, type: SocketType = SOCK_STREAM): Result<OwnedFd, SysError> {
  return withSocket(`connect to ${path}`, path, type, (fd, address, length) =>
    retryInterrupted(() => syscall(SYS.connect, fd, address, length)),
  );
}

/** Waits for a client of a listening socket. */
export function accept(listener: Fd): Result<OwnedFd, SysError> {
  const fd = retryInterrupted(() => syscall(SYS.accept4, listener, 0, 0, SOCK_CLOEXEC));
  return fd < 0 ? err(sysError('accept', -fd)) : ok(new OwnedFd(fd));
}

function withSocket(
  what: string,
  path: string,
  type: SocketType,
  act: (fd: number, address: number, length: number) => number,
): Result<OwnedFd, SysError> {
  const encoded = Buffer.from(path);
  if (encoded.length > MAX_SOCKET_PATH) return err(sysError(`${what}: path longer than ${MAX_SOCKET_PATH} bytes`, 36));
  const fd = syscall(SYS.socket, AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return err(sysError(what, -fd));
  const owned = new OwnedFd(fd);
  const address = allocate(SOCKADDR_UN_SIZE);
  address.view.setUint16(0, AF_UNIX, true);
  address.bytes.set(encoded, 2);
  const result = act(fd, address.address, 2 + encoded.length + 1);
  if (result < 0) {
    owned.close();
    return err(sysError(what, -result));
  }
  return ok(owned);
}

/** What one receive brought. */
export interface Received {
  /** Bytes stored from the start of the buffer; 0 when the peer has closed. */
  readonly length: number;
  /** Descriptors that came beside them: the receiver's to close. */
  readonly fds: readonly OwnedFd[];
  /** The message was longer than the buffer (SEQPACKET), or carried more descriptors than MAX_FDS: the rest is lost. */
  readonly truncated: boolean;
}

/** One end of a unix socket, with buffers for its message headers made once. */
export class UnixSocket implements Disposable {
  readonly #socket: OwnedFd;
  readonly #header = allocate(56);
  readonly #iovec = allocate(16);
  readonly #control = allocate(CONTROL_SIZE);

  constructor(socket: OwnedFd) {
    this.#socket = socket;
  }

  get fd(): Fd {
    return this.#socket.fd;
  }

  /**
   * Sends `length` bytes from `offset` of `data` with descriptors beside them; the descriptors stay the caller's.
   * Returns the bytes sent: all of them on SEQPACKET, maybe fewer on a stream (then the descriptors have gone).
   */
  send(data: NativeBuffer, offset: number, length: number, fds: readonly Fd[] = [], flags = 0): Result<number, SysError> {
    this.#prepare(data.address + offset, length, fds.length === 0 ? 0 : CMSG_HEADER + fds.length * 4);
    if (fds.length > MAX_FDS) return err(sysError(`send of ${fds.length} descriptors`, 7));
    if (fds.length > 0) {
      const control = this.#control.view;
      control.setBigUint64(0, BigInt(CMSG_HEADER + fds.length * 4), true);
      control.setInt32(8, SOL_SOCKET, true);
      control.setInt32(12, SCM_RIGHTS, true);
      for (const [index, fd] of fds.entries()) control.setInt32(CMSG_HEADER + index * 4, fd, true);
    }
    const sent = retryInterrupted(() => syscall(SYS.sendmsg, this.fd, this.#header.address, MSG_NOSIGNAL | flags));
    return sent < 0 ? err(sysError('sendmsg', -sent)) : ok(sent);
  }

  /** Receives at most `length` bytes into `data` at `offset`. */
  receive(data: NativeBuffer, offset: number, length: number, flags = 0): Result<Received, SysError> {
    this.#prepare(data.address + offset, length, CONTROL_SIZE);
    const got = retryInterrupted(() => syscall(SYS.recvmsg, this.fd, this.#header.address, MSG_CMSG_CLOEXEC | flags));
    if (got < 0) return err(sysError('recvmsg', -got));
    const messageFlags = this.#header.view.getInt32(48, true);
    return ok({ length: got, fds: this.#takeFds(), truncated: (messageFlags & (MSG_CTRUNC | MSG_TRUNC)) !== 0 });
  }

  /** Neither end can send any more; what was sent before can still be received. */
  shutdown(): void {
    syscall(SYS.shutdown, this.fd, SHUT_RDWR);
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** struct msghdr (64-bit): name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48. */
  #prepare(address: number, length: number, controlLength: number): void {
    const iovec = this.#iovec.view;
    iovec.setBigUint64(0, BigInt(address), true);
    iovec.setBigUint64(8, BigInt(length), true);
    const header = this.#header.view;
    header.setBigUint64(16, BigInt(this.#iovec.address), true);
    header.setBigUint64(24, 1n, true);
    header.setBigUint64(32, controlLength === 0 ? 0n : BigInt(this.#control.address), true);
    header.setBigUint64(40, BigInt(controlLength), true);
    header.setInt32(48, 0, true);
  }

  /** Every control message the kernel wrote; only SCM_RIGHTS can be among them here. */
  #takeFds(): OwnedFd[] {
    const fds: OwnedFd[] = [];
    const end = Number(this.#header.view.getBigUint64(40, true));
    let at = 0;
    while (at + CMSG_HEADER <= end) {
      const length = Number(this.#control.view.getBigUint64(at, true));
      if (length < CMSG_HEADER) break;
      const rights = this.#control.view.getInt32(at + 8, true) === SOL_SOCKET && this.#control.view.getInt32(at + 12, true) === SCM_RIGHTS;
      for (let fdAt = at + CMSG_HEADER; rights && fdAt + 4 <= at + length; fdAt += 4) {
        fds.push(new OwnedFd(asFd(this.#control.view.getInt32(fdAt, true))));
      }
      at += Math.ceil(length / 8) * 8;
    }
    return fds;
  }
}
