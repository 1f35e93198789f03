/** The process that serves a device, towards the one that is to take over from it. */
import { type Result, err, ok } from '../lang/result.ts';
import { type FromSuccessor, type PredecessorEnd, type TakeOver, predecessorEnd } from '../rpc/hand-over-channel.ts';
import { EPOLLIN } from '../sys/epoll.ts';
import type { Fd, OwnedFd } from '../sys/owned-fd.ts';
import { pollNow } from '../sys/poll.ts';
import { MAX_FDS } from '../sys/unix-socket.ts';

/** Of what is handed over. A successor refuses one that it does not know. */
export const HAND_OVER_VERSION = 1;

/** It has an image to lock and memory to map; the guest waits meanwhile. */
const ANSWER_MS = 10_000;

export interface Greeting {
  /** `block`. */
  readonly kind: string;
  /** Of a process that was started by hand. */
  readonly arguments?: readonly string[];
  readonly directory?: string;
}

/** `waiting`: it has not said anything. */
export type Readiness = 'ready' | 'waiting' | { readonly refused: string };

export class Predecessor {
  readonly #channel: PredecessorEnd;

  constructor(socket: OwnedFd, { kind, arguments: given = [], directory = '' }: Greeting) {
    this.#channel = predecessorEnd(socket);
    this.#channel.send({ greeting: { version: HAND_OVER_VERSION, kind, arguments: [...given], directory } });
  }

  /** For a watch. */
  get fd(): Fd {
    return this.#channel.fd;
  }

  /** Whether the successor has all that it needs before the device is given to it. */
  readiness(): Readiness {
    const said = this.#said();
    if (said === undefined) return 'waiting';
    if (!said.ok) return { refused: said.error };
    return said.value.ready ? 'ready' : { refused: 'the process that is to take over does not keep to the protocol' };
  }

  /** Gives the device away, and waits for what becomes of it: the process that serves, or a line that says why this one has to go on. */
  give(message: Omit<TakeOver, 'version'>, fds: readonly Fd[]): Result<number, string> {
    let at = 0;
    for (; at + MAX_FDS < fds.length; at += MAX_FDS) this.#channel.send({ descriptors: {} }, fds.slice(at, at + MAX_FDS));
    const sent = this.#channel.send({ takeOver: { ...message, version: HAND_OVER_VERSION } }, fds.slice(at));
    if (!sent.ok) return err(`the process that was to take over is gone: ${sent.error.message}`);
    pollNow(this.fd, EPOLLIN, ANSWER_MS);
    let said = this.#said();
    if (said === undefined) {
      this.#channel.shutdown();
      said = this.#said() ?? err('');
      if (!said.ok) return err(`the process that was to take over has not done so within ${ANSWER_MS / 1000} s`);
    }
    if (!said.ok) return said;
    return said.value.serving ? ok(said.value.serving.pid ?? 0) : err('the process that was to take over does not keep to the protocol');
  }

  /** A successor that has not said by now that it serves will not. */
  close(): void {
    // A watch may keep the socket open beyond this.
    this.#channel.shutdown();
    this.#channel.close();
  }

  /** What the successor says, where there is something; the error where it refuses, or is gone. */
  #said(): Result<FromSuccessor, string> | undefined {
    let received = this.#channel.tryReceive();
    // Once, where the other end was closed with something of ours unread; what it had sent before comes after that.
    if (!received.ok && received.error.code === 'SYS') received = this.#channel.tryReceive();
    if (!received.ok) return err('the process that was to take over has ended');
    if (received.value === undefined) return undefined;
    const { message, fds } = received.value;
    for (const fd of fds) fd.close();
    return message.refused ? err(message.refused.message ?? 'refused') : ok(message);
  }
}
