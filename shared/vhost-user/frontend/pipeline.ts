/**
 * Questions to a back end, sent without waiting for the answers before them.
 *
 * A back end answers in the order of the requests, so answers are matched by their place alone; one that names another
 * request than the oldest open one ends the session. Nothing here blocks: what does not fit the socket waits for room, and
 * a question that has no answer in time ends the session too.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import { EPOLLIN, EPOLLOUT } from '../../sys/epoll.ts';
import type { NativeBuffer } from '../../sys/ffi.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import type { Watcher, Timer, Watch } from '../../sys/watcher.ts';
import type { UnixSocket } from '../../sys/unix-socket.ts';
import { Channel, type Message, closeAll, encodeFrame } from '../channel.ts';
import type { FrontendError } from '../errors.ts';
import { VHOST_USER_NEED_REPLY } from '../spec.ts';

/** Answers that may be open at once: a back end that answers at once never fills its socket with them. */
const WINDOW = 64;
const MESSAGES_PER_TURN = 64;

/** Reads an answer; what it does not take out of `fds` is closed. Any error but REFUSED ends the session. */
export type Decode<T> = (payload: DataView, fds: OwnedFd[]) => Result<T, FrontendError>;

export interface Question {
  readonly request: number;
  readonly payload: DataView;
  /** Borrowed until the answer is there. */
  readonly fds?: readonly Fd[];
  /** Asks for an acknowledgement by the NEED_REPLY flag. */
  readonly needsReply: boolean;
  /** Milliseconds within which its answer must come, where that is another time than for all others. */
  readonly timeoutMs?: number;
}

interface Settling {
  readonly hasAnswer: boolean;
  /** Settles the question; an error that comes back ends the session. */
  answered(message: Message): FrontendError | undefined;
  sent(): void;
  failed(why: FrontendError): void;
}

interface Open extends Settling {
  readonly request: number;
  readonly frame: NativeBuffer;
  readonly fds: readonly Fd[];
  readonly timeoutMs: number;
  askedAtMs: number;
  sentBytes: number;
}

export class Pipeline {
  readonly #channel: Channel;
  readonly #watcher: Watcher;
  readonly #timeoutMs: number;
  readonly #onLost: (why: FrontendError) => void;
  readonly #watch: Watch;
  readonly #unsent: Open[] = [];
  readonly #awaited: Open[] = [];
  #timer: Timer | undefined;
  /** When it ends. */
  #timerEndsMs = 0;
  #waitsForRoom = false;
  #lost: FrontendError | undefined;

  constructor(socket: UnixSocket, watcher: Watcher, timeoutMs: number, onLost: (why: FrontendError) => void) {
    this.#channel = new Channel(socket);
    this.#watcher = watcher;
    this.#timeoutMs = timeoutMs;
    this.#onLost = onLost;
    this.#watch = watcher.watch(this.#channel.fd, EPOLLIN, () => this.#ready());
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Settled by its answer. */
  ask<T>(question: Question, decode: Decode<T>): Promise<Result<T, FrontendError>> {
    return new Promise((resolve) => {
      const answered = (message: Message): FrontendError | undefined => {
        const answer = decode(message.payload, message.fds);
        resolve(answer);
        return answer.ok || answer.error.code === 'REFUSED' ? undefined : answer.error;
      };
      this.#enter(question, { hasAnswer: true, answered, sent: () => {}, failed: (why) => resolve(err(why)) });
    });
  }

  /** Settled when it is sent: there is no answer. */
  tell(question: Question): Promise<Result<void, FrontendError>> {
    return new Promise((resolve) => {
      this.#enter(question, { hasAnswer: false, answered: () => undefined, sent: () => resolve(ok()), failed: (why) => resolve(err(why)) });
    });
  }

  /** Ends the session: every open question fails with `why`. The first call counts. */
  lose(why: FrontendError): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#watch.close();
    this.#timer?.cancel();
    this.#channel.close();
    for (const open of [...this.#awaited.splice(0), ...this.#unsent.splice(0)]) open.failed(why);
    if (why.code !== 'CLOSED') this.#onLost(why);
  }

  #enter({ request, payload, fds = [], needsReply, timeoutMs = this.#timeoutMs }: Question, settling: Settling): void {
    if (this.#lost !== undefined) return settling.failed(this.#lost);
    const frame = encodeFrame(request, needsReply ? VHOST_USER_NEED_REPLY : 0, payload);
    this.#unsent.push({ ...settling, request, frame, fds, timeoutMs, askedAtMs: performance.now(), sentBytes: 0 });
    this.#flush();
    this.#armTimer();
  }

  #ready(): void {
    if (this.#lost !== undefined) return;
    this.#receive();
    if (this.#lost === undefined) this.#flush();
  }

  #receive(): void {
    for (let handled = 0; handled < MESSAGES_PER_TURN && this.#lost === undefined; handled++) {
      const reception = this.#channel.receive();
      switch (reception.kind) {
        case 'waiting':
          return;
        case 'closed':
          return this.lose({ code: 'PEER_CLOSED' });
        case 'failed':
          return this.lose({ code: 'CHANNEL', cause: reception.error });
        case 'message':
          this.#settleOldest(reception.message);
      }
    }
  }

  #settleOldest(message: Message): void {
    const oldest = this.#awaited[0];
    if (oldest === undefined || !message.isReply || message.request !== oldest.request) {
      closeAll(message.fds);
      return this.lose({ code: 'UNEXPECTED_MESSAGE', request: message.request, expected: oldest?.request });
    }
    this.#awaited.shift();
    const failure = oldest.answered(message);
    closeAll(message.fds);
    if (failure === undefined) this.#armTimer();
    else this.lose(failure);
  }

  #flush(): void {
    while (this.#awaited.length < WINDOW) {
      const next = this.#unsent[0];
      if (next === undefined) return this.#waitForRoom(false);
      const sent = this.#channel.send(next.frame, next.sentBytes, next.fds);
      if (!sent.ok) return this.lose({ code: 'CHANNEL', cause: sent.error });
      if (sent.value === 0) return this.#waitForRoom(true);
      next.sentBytes += sent.value;
      if (next.sentBytes < next.frame.bytes.length) continue;
      this.#unsent.shift();
      // A back end has its time from when it could know of the question.
      next.askedAtMs = performance.now();
      if (next.hasAnswer) this.#awaited.push(next);
      else next.sent();
    }
    // The next answer makes room.
    this.#waitForRoom(false);
  }

  #waitForRoom(waits: boolean): void {
    if (waits === this.#waitsForRoom) return;
    this.#waitsForRoom = waits;
    this.#watch.modify(waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  /** One timer, for the oldest question: the others are answered after it. One that was for a question before may end sooner. */
  #armTimer(): void {
    const oldest = this.#awaited[0] ?? this.#unsent[0];
    if (oldest === undefined || this.#lost !== undefined) return;
    const endsMs = oldest.askedAtMs + oldest.timeoutMs;
    if (this.#timer !== undefined && this.#timerEndsMs <= endsMs) return;
    this.#timer?.cancel();
    this.#timerEndsMs = endsMs;
    this.#timer = this.#watcher.after(Math.max(0, endsMs - performance.now()), () => {
      this.#timer = undefined;
      // Where this thread was busy past the deadline, timers come first, though the answer may have lain there all along.
      this.#ready();
      const still = this.#awaited[0] ?? this.#unsent[0];
      const isLate = still !== undefined && performance.now() - still.askedAtMs >= still.timeoutMs;
      if (isLate) this.lose({ code: 'TIMEOUT', request: still.request, afterMs: still.timeoutMs });
      else this.#armTimer();
    });
  }
}
