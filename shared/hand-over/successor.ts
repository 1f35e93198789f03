/** The process that takes a device over, towards the one that serves it still. */
import { type Result, err, ok } from '../lang/result.ts';
import { type SuccessorEnd, type TakeOver, type ToSuccessor, successorEnd } from '../rpc/hand-over-channel.ts';
import type { OwnedFd } from '../sys/owned-fd.ts';
import { Descriptors } from './descriptors.ts';
import { HAND_OVER_VERSION } from './predecessor.ts';

export interface Greeted {
  /** The command line that the other process was started with; empty where it got its orders otherwise. */
  readonly arguments: readonly string[];
  readonly directory: string;
}

export interface TakenOver {
  readonly message: TakeOver;
  readonly descriptors: Descriptors;
}

export class Successor {
  readonly #channel: SuccessorEnd;
  #hasSpoken = false;

  constructor(socket: OwnedFd) {
    this.#channel = successorEnd(socket);
  }

  /** Waits for what the other one has to say first. The error is one line. */
  greeted(kind: string): Result<Greeted, string> {
    const received = this.#receive();
    if (!received.ok) return received;
    const { greeting } = received.value.message;
    if (!greeting || greeting.kind !== kind) return err(`the process that serves is no ${kind} device`);
    if (greeting.version !== HAND_OVER_VERSION) return err(unknownVersion(greeting.version ?? 0));
    return ok({ arguments: greeting.arguments ?? [], directory: greeting.directory ?? '' });
  }

  /** All is there but what the other one has. Waits until it gives that away. */
  takeOver(): Result<TakenOver, string> {
    this.#channel.send({ ready: {} });
    const fds: OwnedFd[] = [];
    for (;;) {
      const received = this.#receive();
      if (!received.ok) {
        for (const fd of fds) fd.close();
        return received;
      }
      fds.push(...received.value.fds);
      const { takeOver, descriptors } = received.value.message;
      if (descriptors) continue;
      const given = new Descriptors(fds);
      if (takeOver?.version === HAND_OVER_VERSION) return ok({ message: takeOver, descriptors: given });
      given.close();
      return err(unknownVersion(takeOver?.version ?? 0));
    }
  }

  /** Says why not, unless it has said that it serves, and the other one did not hear it. */
  refuse(message: string): void {
    if (!this.#hasSpoken) this.#channel.send({ refused: { message } });
  }

  /** From the moment that this is true this process serves, and the other one does not. */
  serves(): boolean {
    this.#hasSpoken = true;
    const told = this.#channel.send({ serving: { pid: process.pid } });
    this.#channel.close();
    return told.ok;
  }

  #receive(): Result<{ readonly message: ToSuccessor; readonly fds: readonly OwnedFd[] }, string> {
    const received = this.#channel.receive();
    return received.ok ? received : err('the process that serves goes on, or has ended');
  }
}

function unknownVersion(version: number): string {
  return `a device is handed over in version ${version}; this program knows version ${HAND_OVER_VERSION}`;
}
