import { constants } from 'node:os';
import type { RunningCommand } from './place.ts';

const NAMES = { SIGINT: 'INT', SIGTERM: 'TERM', SIGHUP: 'HUP' } as const;
type Name = keyof typeof NAMES;

/**
 * What signals to us do to a lab, so that they leave nothing of it behind: while it comes up they give it up; while a command
 * runs there they go on to the command, and a second one kills it.
 */
export class UserSignals {
  readonly #coming = new AbortController();
  #command: RunningCommand | undefined;
  #caught: Name | undefined;

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => this.#catch(name));
  }

  /** For whoever makes the lab: aborted by the first signal. */
  get giveUp(): AbortSignal {
    return this.#coming.signal;
  }

  /** The exit status of one that a signal has ended: 128 + n. */
  get status(): number | undefined {
    return this.#caught === undefined ? undefined : 128 + constants.signals[this.#caught];
  }

  /** From now on signals are the command's. */
  goTo(command: RunningCommand): void {
    this.#command = command;
    if (this.#caught !== undefined) command.kill();
  }

  #catch(name: Name): void {
    const again = this.#caught !== undefined;
    this.#caught = name;
    if (this.#command === undefined) return this.#coming.abort();
    if (again) this.#command.kill();
    else this.#command.signal(NAMES[name]);
  }
}
