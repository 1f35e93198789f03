/** Starts one process of a machine: a log file for what it prints, one socket, and nothing else of ours. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { errorName, makingMessage } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { syscall } from '#shared/sys/ffi.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_SEQPACKET, socketPair } from '#shared/sys/unix-socket.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { Child } from '../supervise/child.ts';
import type { LaunchError } from './launch-error.ts';

export interface ProcessSpec {
  /** `core`, or the device's id: names the log file. */
  readonly name: string;
  /** The program's main.js, or main.ts when run from sources; or something else that can be executed. */
  readonly script: string;
  readonly runDirectory: string;
  /** What it prints goes to our standard error instead of a log file. */
  readonly verbose: boolean;
}

export interface StartedProcess {
  readonly child: Child;
  /** Our end of its start socket. */
  readonly socket: OwnedFd;
}

/**
 * A process of ours allocates next to nothing once it runs: 1 MiB is plenty for what is young, one thread for node's own work, one
 * arena for malloc. Together 6 MB less of private memory. (bin/lib/launch.sh says the same for programs started by hand.)
 */
export const NODE_FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=1'];

const SCRIPT = /\.[jt]s$/;

export function startProcess({ name, script, runDirectory, verbose }: ProcessSpec): Result<StartedProcess, LaunchError> {
  const pair = socketPair(SOCK_SEQPACKET);
  if (!pair.ok) return err({ code: 'PROCESS', message: `${name} cannot be started: ${pair.error.message}` });
  const [ours, theirs] = pair.value;
  const logPath = join(runDirectory, `${name}.log`);
  const opened = openLog(name, logPath);
  if (!opened.ok) {
    for (const end of pair.value) end.close();
    return opened;
  }
  const log = opened.value;
  try {
    // A process group of its own: Ctrl-C at the terminal is for us to judge, and the group can be killed as one.
    const output = verbose ? 2 : log;
    const stdio = ['ignore', output, output, theirs.fd] as const;
    const env = { ...process.env, MALLOC_ARENA_MAX: '1' };
    const [command, parameters] = SCRIPT.test(script) ? [process.execPath, [...NODE_FLAGS, script]] : [script, []];
    const spawned = spawn(command, parameters, { stdio: [...stdio], detached: true, cwd: '/', env });
    return ok({ child: new Child(name, spawned, logPath), socket: ours });
  } finally {
    closeSync(log);
    theirs.close();
  }
}

function openLog(name: string, path: string): Result<number, LaunchError> {
  try {
    return ok(openSync(path, 'a', 0o600));
  } catch (error) {
    return err({ code: 'PROCESS', message: `${name} cannot be started: ${makingMessage('its log', path, errorName(error))}` });
  }
}

const CLOSE_RANGE_CLOEXEC = 4;
const FIRST_OWN_FD = 3;
const LAST_FD = 0xffff_ffff;

/** Makes sure that no process we start inherits a descriptor that we inherited ourselves. (Linux 5.11; else nothing happens.) */
export function inheritNothing(): void {
  syscall(SYS.close_range, FIRST_OWN_FD, LAST_FD, CLOSE_RANGE_CLOEXEC);
}
