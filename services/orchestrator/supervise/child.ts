/** One process that we started, from its start to its end. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { assert } from '#shared/lang/assert.ts';

/** How a process ended: by itself with a status, or by a signal. `failed` where it could not even be started. */
export type Ending =
  | { readonly by: 'status'; readonly status: number }
  | { readonly by: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly by: 'failed'; readonly message: string };

export type ChildState =
  | { readonly state: 'starting' }
  | { readonly state: 'running' }
  | { readonly state: 'stopping' }
  | { readonly state: 'ended'; readonly ending: Ending };

type Name = ChildState['state'];

/** From each state, where a process may go. */
const MOVES: Readonly<Record<Name, readonly Name[]>> = {
  starting: ['running', 'stopping', 'ended'],
  running: ['stopping', 'ended'],
  stopping: ['ended'],
  ended: [],
};

export function mayMove(from: Name, to: Name): boolean {
  return MOVES[from].includes(to);
}

/** As much of a log's end as is looked at for its last lines, in bytes. */
const TAIL_BYTES = 16 * 1024;

export class Child {
  readonly name: string;
  readonly logPath: string;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  #state: ChildState = { state: 'starting' };

  constructor(name: string, spawned: ChildProcess, logPath: string) {
    this.name = name;
    this.logPath = logPath;
    this.#process = spawned;
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending): void => {
        if (this.#state.state === 'ended') return;
        this.#move({ state: 'ended', ending });
        resolve(ending);
      };
      spawned.once('error', (error) => end({ by: 'failed', message: error.message }));
      spawned.once('exit', (status, signal) => end(signal === null ? { by: 'status', status: status ?? 0 } : { by: 'signal', signal }));
    });
  }

  get state(): Name {
    return this.#state.state;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** It serves. */
  isRunning(): void {
    if (this.#state.state === 'starting') this.#move({ state: 'running' });
  }

  /** Whatever it does from now on, it was asked to end. */
  isStopping(): void {
    if (mayMove(this.#state.state, 'stopping')) this.#move({ state: 'stopping' });
  }

  /** Sends a signal to it and to whatever it started. */
  signal(signal: NodeJS.Signals): void {
    if (this.#state.state === 'ended' || this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It has just ended: its end is on the way to us.
    }
  }

  /** The last lines that it printed, oldest first. */
  lastLines(count: number): readonly string[] {
    return lastLinesOf(this.logPath, count);
  }

  #move(next: ChildState): void {
    assert(mayMove(this.#state.state, next.state), `${this.name}: no way from ${this.#state.state} to ${next.state}`);
    this.#state = next;
  }
}

function lastLinesOf(path: string, count: number): readonly string[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return [];
  }
  const { size } = fstatSync(file);
  const length = Math.min(size, TAIL_BYTES);
  const tail = Buffer.alloc(length);
  readSync(file, tail, 0, length, size - length);
  closeSync(file);
  return tail
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}

/** `ended with status 1`, `was killed by SIGSEGV`. */
export function describeEnding(ending: Ending): string {
  switch (ending.by) {
    case 'status':
      return `ended with status ${ending.status}`;
    case 'signal':
      return `was killed by ${ending.signal}`;
    case 'failed':
      return `could not be started (${ending.message})`;
  }
}
