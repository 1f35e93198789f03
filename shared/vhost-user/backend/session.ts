/**
 * One front end's session with a device, on the thread that owns both.
 *
 * The front end asks, we answer: only a few requests have an answer of their own, the others are acknowledged where
 * REPLY_ACK is negotiated and the request wants it. A request that is refused without anybody to tell ends the session: its
 * sender would believe that it was done. What each request does is in `requests.ts`.
 */
import { type Result, ok } from '../../lang/result.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { UnixSocket } from '../../sys/unix-socket.ts';
import { type BegunMessage, Channel, type Message, closeAll, encodeFrame } from '../channel.ts';
import type { ChannelError, RequestError, SessionError } from '../errors.ts';
import { encodeU64 } from '../message.ts';
import { VHOST_USER_PROTOCOL_F as F, VHOST_USER_REPLY } from '../spec.ts';
import type { VhostUserDevice } from './device.ts';
import type { Outcome } from './outcome.ts';
import { ANSWERED } from './request-rules.ts';
import { Requests } from './requests.ts';
import type { Trace } from './rings.ts';
import { type SessionState, descriptorsOf } from './session-state.ts';
import type { StateTransfer } from './state-transfer.ts';

/** `open`: call again when the socket is readable. Anything else is the end: the session holds nothing more but its socket. */
export type SessionOutcome = 'open' | 'closed' | SessionError;

/** A front end that floods us with messages must not keep us from our rings: the rest waits for the next readiness. */
const MESSAGES_PER_TURN = 64;

export class Session implements Disposable {
  readonly #channel: Channel;
  readonly #trace: Trace;
  readonly #requests: Requests;
  #isOpen = true;

  constructor(socket: UnixSocket, device: VhostUserDevice, trace: Trace = () => {}, begun?: BegunMessage<OwnedFd>) {
    this.#channel = new Channel(socket, begun);
    this.#trace = trace;
    this.#requests = new Requests(device, trace);
  }

  /** Goes on with what another process has handed over; the rings start with `resume`. Where that cannot be, nothing is left of it. */
  static adopt(state: SessionState<OwnedFd>, device: VhostUserDevice, trace?: Trace): Result<Session, RequestError> {
    const session = new Session(new UnixSocket(state.socket), device, trace, state.begun);
    const adopted = session.#requests.adopt(state);
    if (adopted.ok) return ok(session);
    session.close();
    for (const fd of descriptorsOf(state)) fd.close();
    return adopted;
  }

  /** A device state under way: its pipe is to be read whenever there is something, or now and then. */
  get transfer(): StateTransfer {
    return this.#requests.transfer;
  }

  /** For a level-triggered watch: `readable` may leave messages for the next turn. */
  get fd(): Fd {
    return this.#channel.fd;
  }

  /** Handles the messages that are there. Never waits for one. */
  readable(): SessionOutcome {
    for (let handled = 0; handled < MESSAGES_PER_TURN; handled++) {
      const reception = this.#channel.receive();
      switch (reception.kind) {
        case 'waiting':
          return 'open';
        case 'closed':
          return this.#end('closed');
        case 'failed':
          return this.#end({ code: 'CHANNEL', cause: reception.error });
        case 'message': {
          const failure = this.#receive(reception.message);
          if (failure !== undefined) return this.#end(failure);
        }
      }
    }
    return 'open';
  }

  /**
   * Between two calls of `readable`: ends the requests under way, and tells all that another process needs in order to go on. Until
   * `resume` no ring runs. The descriptors are lent, and good until then, or until `close`.
   */
  handOver(): SessionState<Fd> {
    return { ...this.#requests.suspend(), socket: this.#channel.fd, begun: this.#channel.begun };
  }

  /** The rings run on, or begin to run here, after a hand-over. */
  resume(): Result<void, RequestError> {
    return this.#requests.resume();
  }

  /** Ends the session and closes its socket. A watch of `fd` goes before. */
  close(): void {
    this.#letGo();
    this.#channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #end<T extends SessionOutcome>(outcome: T): T {
    this.#letGo();
    return outcome;
  }

  /** Rings stop, the device is reset, all descriptors and mappings go, but for the socket: its watch is the caller's. */
  #letGo(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#requests.close();
  }

  /** One message, answered; the error where the session cannot go on. */
  #receive(message: Message): SessionError | undefined {
    const { request, fds } = message;
    if (message.isReply) {
      closeAll(fds);
      return { code: 'UNEXPECTED_REPLY', request };
    }
    const outcome = this.#requests.handle(message);
    closeAll(fds);
    const wantsAck = message.needsReply && this.#requests.has(F.REPLY_ACK);
    if (!outcome.ok) {
      this.#trace('request refused', { request, error: outcome.error });
      if (!wantsAck || ANSWERED.has(request)) return { code: 'REQUEST_REFUSED', request, cause: outcome.error };
    }
    const sent = this.#answer(request, outcome, wantsAck);
    return sent.ok ? undefined : { code: 'CHANNEL', cause: sent.error };
  }

  #answer(request: number, outcome: Outcome, wantsAck: boolean): Result<void, ChannelError> {
    const answer = outcome.ok ? outcome.value : undefined;
    if (answer === undefined && !wantsAck) return ok();
    const payload = answer?.payload ?? encodeU64(outcome.ok ? 0n : 1n);
    return this.#channel.sendAll(encodeFrame(request, VHOST_USER_REPLY, payload), answer?.file === undefined ? [] : [answer.file]);
  }
}
