/** The front end's end of the channel over which the back end asks. */
import { EPOLLIN } from '../../sys/epoll.ts';
import type { OwnedFd } from '../../sys/owned-fd.ts';
import type { Watcher, Watch } from '../../sys/watcher.ts';
import { UnixSocket } from '../../sys/unix-socket.ts';
import { Channel, type Message, closeAll, encodeFrame } from '../channel.ts';
import type { FrontendError } from '../errors.ts';
import { encodeU64 } from '../message.ts';
import { VHOST_USER_BACKEND, VHOST_USER_REPLY } from '../spec.ts';

/** A back end may notify as often as it likes; each turn handles so many. */
const MESSAGES_PER_TURN = 16;

export interface BackendListenerEvents {
  onConfigChange(): void;
  /** The back end broke the protocol. */
  onFailure(why: FrontendError): void;
}

export class BackendListener {
  readonly #channel: Channel;
  readonly #events: BackendListenerEvents;
  readonly #watch: Watch;

  constructor(socket: OwnedFd, watcher: Watcher, events: BackendListenerEvents) {
    this.#channel = new Channel(new UnixSocket(socket));
    this.#events = events;
    this.#watch = watcher.watch(this.#channel.fd, EPOLLIN, () => this.#receive());
  }

  close(): void {
    this.#watch.close();
    this.#channel.close();
  }

  #receive(): void {
    let notified = false;
    for (let handled = 0; handled < MESSAGES_PER_TURN; handled++) {
      const reception = this.#channel.receive();
      if (reception.kind === 'waiting') break;
      // The back end may give its end up whenever it likes.
      if (reception.kind === 'closed') {
        this.#watch.close();
        break;
      }
      const failure = reception.kind === 'failed' ? failed(reception.error) : this.#handle(reception.message);
      if (failure !== undefined) return this.#events.onFailure(failure);
      notified = true;
    }
    // However many were there, config space is to be read once.
    if (notified) this.#events.onConfigChange();
  }

  #handle(message: Message): FrontendError | undefined {
    const unexpected =
      message.isReply ||
      message.request !== VHOST_USER_BACKEND.CONFIG_CHANGE_MSG ||
      message.payload.byteLength > 0 ||
      message.fds.length > 0;
    closeAll(message.fds);
    if (unexpected) return { code: 'UNEXPECTED_BACKEND_REQUEST', request: message.request };
    if (!message.needsReply) return undefined;
    const reply = encodeFrame(message.request, VHOST_USER_REPLY, encodeU64(0n));
    const sent = this.#channel.send(reply, 0, []);
    if (!sent.ok) return failed(sent.error);
    return sent.value === reply.bytes.length ? undefined : failed({ code: 'PEER_NOT_READING' });
  }
}

function failed(cause: Extract<FrontendError, { code: 'CHANNEL' }>['cause']): FrontendError {
  return { code: 'CHANNEL', cause };
}
