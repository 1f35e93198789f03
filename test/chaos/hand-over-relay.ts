/** Between two processes of a hand-over: passes their messages on, and stops before the one that a test wants. */
import { expect } from '#shared/lang/result.ts';
import {
  type FromSuccessor,
  type PredecessorEnd,
  type SuccessorEnd,
  type ToSuccessor,
  predecessorEnd,
  successorEnd,
} from '#shared/rpc/hand-over-channel.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_SEQPACKET, socketPair } from '#shared/sys/unix-socket.ts';

/** The messages, in their order. */
export const STEPS = ['greeting', 'ready', 'takeOver', 'serving'] as const;
export type Step = (typeof STEPS)[number];

type Held =
  | { readonly to: 'second'; readonly message: ToSuccessor; readonly fds: readonly OwnedFd[] }
  | { readonly to: 'first'; readonly message: FromSuccessor; readonly fds: readonly OwnedFd[] };

export class HandOverRelay implements Disposable {
  /** For the process that hands over, and for the one that takes over. */
  readonly giving: OwnedFd;
  readonly taking: OwnedFd;
  /** Towards the first process: as its successor; towards the second: as its predecessor. */
  readonly #first: SuccessorEnd;
  readonly #second: PredecessorEnd;
  #held: Held | undefined;

  constructor() {
    const [giving, first] = expect(socketPair(SOCK_SEQPACKET), 'socket pair');
    const [taking, second] = expect(socketPair(SOCK_SEQPACKET), 'socket pair');
    this.giving = giving;
    this.taking = taking;
    this.#first = successorEnd(first);
    this.#second = predecessorEnd(second);
  }

  /** Passes on what comes; true once the message of that step is here, and held back. */
  forwardUntil(step: Step): boolean {
    while (this.#held === undefined) {
      const held = this.#next();
      if (held === undefined) return false;
      this.#held = held;
      const isWanted =
        held.to === 'second'
          ? step === 'greeting'
            ? held.message.greeting
            : step === 'takeOver' && held.message.takeOver
          : step === 'ready'
            ? held.message.ready
            : step === 'serving' && held.message.serving;
      if (!isWanted) this.forward();
    }
    return true;
  }

  /** Passes on all that has come. */
  forwardAll(): void {
    do {
      this.forward();
      this.#held = this.#next();
    } while (this.#held !== undefined);
  }

  /** Passes on what is held back. */
  forward(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const fds = held.fds.map(({ fd }) => fd);
    // Whoever it is for may be gone.
    if (held.to === 'second') this.#second.send(held.message, fds);
    else this.#first.send(held.message, fds);
    for (const fd of held.fds) fd.close();
  }

  /** What is held back is lost, and the other process sees the end of the connection. */
  close(dead: 'first' | 'second'): void {
    for (const fd of this.#held?.fds ?? []) fd.close();
    this.#held = undefined;
    if (dead === 'first') this.#second.close();
    else this.#first.close();
  }

  [Symbol.dispose](): void {
    this.close('first');
    this.close('second');
  }

  #next(): Held | undefined {
    const fromFirst = this.#first.tryReceive();
    if (fromFirst.ok && fromFirst.value !== undefined) return { to: 'second', ...fromFirst.value };
    const fromSecond = this.#second.tryReceive();
    if (fromSecond.ok && fromSecond.value !== undefined) return { to: 'first', ...fromSecond.value };
    return undefined;
  }
}
