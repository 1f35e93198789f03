/** The control thread's side: asks the data thread, and reads the counters that it writes. */
import type { MessagePort } from 'node:worker_threads';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { DeviceControl, DeviceIdentity, StateOrProblem, Successor } from '#shared/rpc/device-control.ts';
import type { Problem } from '#shared/rpc/problem.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow } from '#shared/sys/process-exit.ts';
import { type SharedStatistics, readStatistics } from '../stats/statistics.ts';
import type { Command, CommandAnswer, Order } from './commands.ts';

/** The data thread looks at its commands between two rounds, of some milliseconds at most; a resize waits for a file system. */
const ANSWER_MS = 5000;
/** A process starts, and the requests under way end. */
const UPGRADE_MS = 60_000;

export interface RemoteControlOptions {
  readonly identity: DeviceIdentity;
  readonly port: MessagePort;
  /** Wakes the data thread. */
  readonly wakeFd: Fd;
  readonly statistics: SharedStatistics;
}

export class RemoteControl implements DeviceControl {
  readonly identity: DeviceIdentity;
  readonly #options: RemoteControlOptions;
  readonly #waiting = new Map<number, (answer: Omit<CommandAnswer, 'id'>) => void>();
  #nextId = 1;

  constructor(options: RemoteControlOptions) {
    this.identity = options.identity;
    this.#options = options;
    options.port.on('message', ({ id, ...answer }: CommandAnswer) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  statistics() {
    return readStatistics(this.#options.statistics);
  }

  describe(): StateOrProblem {
    return this.#ask({ kind: 'describe' });
  }

  setLimits(limits: RateLimits): StateOrProblem {
    return this.#ask({ kind: 'limits', limits });
  }

  resize(size: number, allowShrink: boolean): StateOrProblem {
    return this.#ask({ kind: 'resize', size, allowShrink });
  }

  /** In vain, it leaves the disk as it was. */
  async drain(deadlineMs: number): StateOrProblem {
    const hold = this.#nextId;
    const drained = await this.#ask({ kind: 'hold' }, deadlineMs, TOO_SLOW);
    if (!drained.ok && drained.error === TOO_SLOW) await this.#ask({ kind: 'abandon', hold });
    return drained;
  }

  resume(): StateOrProblem {
    return this.#ask({ kind: 'release' });
  }

  async upgrade(successor: Successor, generation: number): Promise<Result<{ readonly pid: number }, Problem>> {
    const answer = await this.#send({ kind: 'upgrade', successor, generation }, UPGRADE_MS, UPGRADE_TOO_SLOW);
    if (answer.outcome.ok) return ok({ pid: answer.successor ?? 0 });
    if (answer.outcome.error === UPGRADE_TOO_SLOW) await this.#ask({ kind: 'abandon-upgrade' });
    return answer.outcome;
  }

  end(): void {
    exitNow(EXIT.poweredOff);
  }

  async #ask(order: Order, deadlineMs?: number, late?: Problem): StateOrProblem {
    return (await this.#send(order, deadlineMs, late)).outcome;
  }

  #send(order: Order, deadlineMs = ANSWER_MS, late: Problem = NO_ANSWER): Promise<Omit<CommandAnswer, 'id'>> {
    const { port, wakeFd } = this.#options;
    const command: Command = { id: this.#nextId++, order };
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(command.id);
        resolve({ outcome: err(late) });
      }, deadlineMs);
      this.#waiting.set(command.id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      port.postMessage(command);
      signalEventFd(wakeFd);
    });
  }
}

const NO_ANSWER: Problem = {
  status: 'UNAVAILABLE',
  reason: 'NO_ANSWER',
  message: `the thread that serves the disk has not answered for ${ANSWER_MS / 1000} s`,
};
const TOO_SLOW: Problem = {
  status: 'DEADLINE_EXCEEDED',
  reason: 'DRAIN_TIMEOUT',
  field: 'deadline_ms',
  message: 'the requests under way did not end in time; the disk goes on as before',
};
const UPGRADE_TOO_SLOW: Problem = {
  status: 'DEADLINE_EXCEEDED',
  reason: 'UPGRADE_TIMEOUT',
  message: `nobody has taken over within ${UPGRADE_MS / 1000} s; the disk goes on as before`,
};
