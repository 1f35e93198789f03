/**
 * Hands the disk over to another process, which goes on in the place of this one; on the data thread.
 *
 * A client asks for it, and somebody has the other process: the launcher, which starts it, or whoever started this one by hand. It loads
 * all that it needs while this one serves. Then the requests under way end, the rings stop, the image's lock is let go, and the other
 * one gets the session. From then until it says that it serves nobody does; where it does not say so, this one takes the lock again and
 * goes on. ARCHITECTURE.md has the argument why never both do.
 */
import { writeSync } from 'node:fs';
import { type Result, err } from '#shared/lang/result.ts';
import { DescriptorList, type Greeting, Predecessor, sessionMessage } from '#shared/hand-over/index.ts';
import type { Successor } from '#shared/rpc/device-control.ts';
import type { Problem } from '#shared/rpc/problem.ts';
import { sysError } from '#shared/sys/errno.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { pause } from '#shared/sys/pause.ts';
import { EXIT, exitNow } from '#shared/sys/process-exit.ts';
import type { Answer, CommandServer } from '../control/command-server.ts';
import type { DataLoop } from '../data-loop.ts';
import { type ImageToOpen, openImage } from '../open-image.ts';
import { SECTOR_SIZE } from '../spec.ts';
import { type SharedStatistics, readStatistics } from '../stats/statistics.ts';
import { deviceStateMessage } from './device-state.ts';
import type { HeldImage } from './held-image.ts';

export const KIND = 'block';

/** For the lock that another process may have taken and not used: it is about to end. */
const RETAKE_MS = 10_000;
/** The thread that talks with clients ends the process as soon as they have their answers. */
const LAST_ANSWERS_MS = 2000;

export interface HandingOverHost {
  /** Gets hold of the other process, whose socket comes by `give`; or says, then or later by `fail`, why not. */
  seek(successor: Successor): Result<void, Problem>;
  readonly greeting: Greeting;
  /** Where clients connect. */
  clientListener(): Fd | undefined;
  /** Nothing of this process's surroundings is its own any more. */
  handedOver(): void;
}

export interface HandingOverParts {
  readonly loop: DataLoop;
  readonly commands: CommandServer;
  readonly image: HeldImage;
  /** What its format is opened by; the same files again. */
  readonly toOpen: ImageToOpen;
  readonly statistics: SharedStatistics;
}

export class HandingOver {
  readonly #parts: HandingOverParts;
  readonly #host: HandingOverHost;
  /** Who has asked for it, where one is under way. */
  #answer: Answer | undefined;
  /** Nobody waits for an answer. */
  #isUnasked = false;
  #generation = 0;
  #predecessor: Predecessor | undefined;

  constructor(parts: HandingOverParts, host: HandingOverHost) {
    this.#parts = parts;
    this.#host = host;
  }

  begin(successor: Successor, generation: number, answer: Answer): void {
    if (this.#answer !== undefined) return answer(err(UNDER_WAY));
    this.#answer = answer;
    this.#generation = generation;
    const sought = this.#host.seek(successor);
    if (!sought.ok) this.fail(sought.error);
  }

  /** The socket to the other process, which was asked for, or is there unasked. */
  give(socket: OwnedFd): void {
    if (this.#predecessor !== undefined) return socket.close();
    this.#isUnasked = this.#answer === undefined;
    this.#answer ??= () => {};
    this.#predecessor = new Predecessor(socket, this.#host.greeting);
    this.#await(this.#predecessor);
  }

  /** There is no other process, or it is of no use. */
  fail(problem: Problem): void {
    this.#parts.commands.goOn();
    this.#predecessor?.close();
    this.#predecessor = undefined;
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(err(problem));
  }

  /** It takes too long. */
  abandon(): void {
    if (this.#answer !== undefined) this.fail(failed('it was given up'));
  }

  #await(predecessor: Predecessor): void {
    this.#parts.loop.watchOnce(predecessor.fd, () => {
      if (predecessor !== this.#predecessor) return;
      const readiness = predecessor.readiness();
      if (readiness === 'waiting') return this.#await(predecessor);
      if (readiness !== 'ready') return this.fail(failed(readiness.refused));
      // What lies in the page cache is written while this process serves, and not while nobody does.
      this.#parts.loop.syncFormat((result) => this.#pause(predecessor, result));
    });
  }

  #pause(predecessor: Predecessor, synced: number): void {
    if (predecessor !== this.#predecessor) return;
    if (synced < 0) return this.fail(notDurable(synced));
    this.#parts.commands.pauseFor((paused) => {
      if (predecessor !== this.#predecessor) return;
      if (paused.ok) this.#handOver(predecessor);
      else this.fail(paused.error);
    });
  }

  /** No request is under way, and none is taken. */
  #handOver(predecessor: Predecessor): void {
    const { loop, image } = this.#parts;
    // The other one's flushes would say that all is well.
    if (loop.failure < 0) return this.fail(notDurable(loop.failure));
    const list = new DescriptorList();
    const session = loop.handOver();
    const message = {
      ...(session === undefined ? {} : { session: sessionMessage(session, list) }),
      device: deviceStateMessage(this.#state()),
      listener: list.add(loop.listener),
      clientListener: list.add(this.#host.clientListener()),
    };
    const closed = loop.closeImage();
    if (!closed.ok) return this.#goOn(predecessor, `the image ${closed.error.message}`);
    image.release();
    const given = predecessor.give(message, list.fds);
    if (given.ok) return this.#leave(given.value);
    this.#goOn(predecessor, given.error);
  }

  /** The other process does not serve: this one does. Where it cannot either, it ends, and whoever looks after it starts another. */
  #goOn(predecessor: Predecessor, why: string): void {
    const { loop, image } = this.#parts;
    this.#predecessor = undefined;
    predecessor.close();
    const retaken = image.retake(RETAKE_MS);
    const problem = retaken.ok ? this.#reopen() : retaken.error.line;
    if (problem !== undefined) {
      writeSync(2, `ch-block: ${why}; and this one cannot go on: ${problem}\n`);
      exitNow(EXIT.failed);
    }
    loop.resume();
    this.fail(failed(why));
  }

  /** A format's tables may not be what they were; what is in the way. */
  #reopen(): string | undefined {
    const { loop, toOpen } = this.#parts;
    if (loop.image.type === 'raw') return undefined;
    const opened = openImage({ ...toOpen, backing: loop.image.files.slice(1) });
    if (!opened.ok) return `the image ${opened.error.message}`;
    loop.reopened(opened.value.image);
    return undefined;
  }

  #state() {
    const { device, limitsFill } = this.#parts.loop;
    return {
      size: device.sectors * SECTOR_SIZE,
      isDrained: this.#parts.commands.isDrained,
      limits: device.limits,
      // A group's memory is that of the other process too.
      limitsFill: device.group === undefined ? limitsFill : {},
      writesThrough: !device.writesBack,
      generation: this.#generation,
      counters: readStatistics(this.#parts.statistics),
      imageIdentity: this.#parts.image.identity,
    };
  }

  #leave(pid: number): never {
    this.#host.handedOver();
    this.#answer?.({ ok: true, value: undefined }, pid);
    if (!this.#isUnasked) pause(LAST_ANSWERS_MS);
    return exitNow(EXIT.poweredOff);
  }
}

/** Of a process whose successor nobody here can start. */
export function startedByHand(): Problem {
  const message = 'this process was started by hand: start the one that takes over with `ch-block --upgrade-from` and its --api-socket';
  return { status: 'FAILED_PRECONDITION', reason: 'STARTED_BY_HAND', message };
}

export function failed(why: string): Problem {
  return { status: 'ABORTED', reason: 'UPGRADE_FAILED', message: `the disk goes on as before: ${why}` };
}

function notDurable(result: number): Problem {
  return failed(sysError('flush the image', -result).message);
}

const UNDER_WAY: Problem = { status: 'ABORTED', reason: 'BUSY', message: 'another process is taking over already' };
