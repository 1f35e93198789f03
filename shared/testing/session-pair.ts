/** Both real ends of vhost-user on a real socketpair, in one thread. */
import { expect } from '../lang/result.ts';
import { type FrontendAddress, type GuestAddress, frontendAddress, guestAddress } from '../memory/index.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import { createEventFd } from '../sys/eventfd.ts';
import { Mapping } from '../sys/mapping.ts';
import { createSealedMemfd } from '../sys/memfd.ts';
import type { OwnedFd } from '../sys/owned-fd.ts';
import { Watcher, type Watch } from '../sys/watcher.ts';
import { SOCK_STREAM, UnixSocket, socketPair } from '../sys/unix-socket.ts';
import { Session, type SessionOutcome } from '../vhost-user/backend/index.ts';
import { FRONTEND_PROTOCOL_FEATURES, Frontend, type FrontendError, type FrontendRegion } from '../vhost-user/frontend/index.ts';
import { CopyDevice } from './copy-device.ts';

export function toGuest(value: number): GuestAddress {
  const address = guestAddress(value);
  if (address === undefined) throw new RangeError(`${value} is no address`);
  return address;
}

export function toFrontend(value: number): FrontendAddress {
  const address = frontendAddress(value);
  if (address === undefined) throw new RangeError(`${value} is no address`);
  return address;
}

/** One region in a sealed memfd, and a mapping of it in the front end's hands. */
export class SharedRegion implements Disposable {
  readonly file: OwnedFd;
  readonly mapping: Mapping;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly region: FrontendRegion;

  constructor(guestStart: number, size: number) {
    this.file = expect(createSealedMemfd({ name: 'guest', size }), 'guest memory');
    this.mapping = expect(Mapping.map({ length: size, fd: this.file.fd }), 'guest memory');
    this.bytes = new Uint8Array(this.mapping.view());
    this.view = new DataView(this.bytes.buffer);
    const frontendStart = toFrontend(this.mapping.address);
    this.region = { guestStart: toGuest(guestStart), size, frontendStart, fd: this.file.fd, fdOffset: 0 };
  }

  /** The front end's address of the byte at `offset`. */
  at(offset: number): FrontendAddress {
    return toFrontend(this.mapping.address + offset);
  }

  [Symbol.dispose](): void {
    this.mapping.unmap();
    this.file.close();
  }
}

export interface PairOptions {
  readonly device?: CopyDevice;
  readonly wantedProtocolFeatures?: bigint;
  readonly replyTimeoutMs?: number;
}

export class SessionPair implements AsyncDisposable {
  readonly watcher = new Watcher();
  readonly device: CopyDevice;
  readonly session: Session;
  readonly frontend: Frontend;
  outcome: SessionOutcome = 'open';
  lost: FrontendError | undefined;
  /** Settled when the back end's session is over. */
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  readonly #watch: Watch;

  constructor(options: PairOptions = {}) {
    const [left, right] = expect(socketPair(SOCK_STREAM), 'socket pair');
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.device = options.device ?? new CopyDevice();
    this.session = new Session(new UnixSocket(right), this.device);
    this.#watch = this.watcher.watch(this.session.fd, EPOLLIN, () => this.#readable());
    this.frontend = new Frontend(new UnixSocket(left), this.watcher, {
      wantedFeatures: this.device.features,
      wantedProtocolFeatures: options.wantedProtocolFeatures ?? FRONTEND_PROTOCOL_FEATURES,
      replyTimeoutMs: options.replyTimeoutMs ?? 5000,
    });
    this.frontend.onLost = (why) => {
      this.lost = why;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.frontend.close();
    this.#watch.close();
    this.session.close();
    await this.watcher.close();
  }

  #readable(): void {
    this.outcome = this.session.readable();
    if (this.outcome === 'open') return;
    this.#watch.close();
    this.session.close();
    this.#end();
  }
}

export function eventFd(): OwnedFd {
  return expect(createEventFd(), 'eventfd');
}
