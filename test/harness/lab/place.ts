/** Where the commands of a test run: on this machine, or in the lab. */
export interface Place {
  readonly kind: 'host' | 'lab';
  /** A folder of this run that the harness and the commands both see under this path, and both may write. Goes with the place. */
  readonly share: string;
  /** False once the lab has died: its commands have ended with status 125, and no more can be started. */
  readonly usable: boolean;
  /** Why a lab broke down by itself; undefined for one that did not. */
  readonly broken: string | undefined;
  /** Starts a bash script, in the checkout's root unless it goes elsewhere, in a process group of its own. */
  start(script: string): Promise<RunningCommand>;
  /** Ends every command, and removes the share. */
  close(): Promise<void>;
}

export interface RunningCommand {
  /** Calls `listener` with all of standard output so far, then with every chunk that comes. */
  onOutput(listener: (chunk: Buffer) => void): void;
  /** Its standard error so far. */
  errors(): string;
  /** To its standard input, which stays open until it ends. */
  write(bytes: Uint8Array | string): void;
  /** To the command's first process alone. */
  signal(name: SignalName): void;
  /** Ends its whole process group at once. */
  kill(): void;
  readonly ended: Promise<Ended>;
}

export type SignalName = 'TERM' | 'INT' | 'HUP' | 'KILL' | 'WINCH' | 'USR1' | 'STOP' | 'CONT';

export interface Ended {
  /** Its exit status; 128 + n where signal n ended it. */
  readonly status: number;
  readonly stderr: string;
  /** Processes of its session that outlived it, a line each; they have been killed. */
  readonly left: readonly string[];
}

export interface RunOptions {
  /** The command's process group is killed then, and the run counts as timed out. */
  readonly timeoutMs: number;
  /** The whole of its standard input; empty by default. */
  readonly stdin?: Uint8Array | string;
}

export interface RunResult extends Ended {
  readonly stdout: string;
  readonly timedOut: boolean;
}

/** Runs a script to its end. */
export async function run(place: Place, script: string, options: RunOptions): Promise<RunResult> {
  const stdin = Buffer.from(options.stdin ?? '').toString('base64');
  const command = await place.start(`exec < <(base64 -d <<< '${stdin}')\n${script}`);
  const chunks: Buffer[] = [];
  command.onOutput((chunk) => chunks.push(chunk));
  let timedOut = false;
  const deadline = setTimeout(() => {
    timedOut = true;
    command.kill();
  }, options.timeoutMs);
  const ended = await command.ended;
  clearTimeout(deadline);
  return { ...ended, stdout: Buffer.concat(chunks).toString(), timedOut };
}
