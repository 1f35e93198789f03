/** The folder of one running machine: its processes' logs, and what others may know of it. */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorName, fileMessage } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { LaunchError } from './launch-error.ts';

const PREFIX = 'vm-';
const WRITABLE_BY_OTHERS = 0o022;

/** Makes `ROOT/vm-PID`, for its owner only. One of the same name is left from a process that is gone: it had our pid. */
export function makeRunDirectory(root = runRoot()): Result<string, LaunchError> {
  const path = join(root, `${PREFIX}${process.pid}`);
  try {
    makeFolder(root);
    const problem = problemOf(root);
    if (problem !== undefined) {
      return err({ code: 'RUN_DIRECTORY', message: `"${root}" ${problem}; set XDG_RUNTIME_DIR to a folder of your own` });
    }
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { mode: 0o700 });
    return ok(path);
  } catch (error) {
    return err({
      code: 'RUN_DIRECTORY',
      message: `${fileMessage('run directory', path, errorName(error))}; or set XDG_RUNTIME_DIR to another folder`,
    });
  }
}

/** The last part of `path`, unless it is there: node's recursive mkdir goes round for ever where /proc is a parent. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorName(error) !== 'EEXIST') throw error;
  }
}

/** Below a folder that everybody may write to, others can make it first, or make it lead to where we would remove what is not ours. */
function problemOf(root: string): string | undefined {
  const status = lstatSync(root);
  if (status.isSymbolicLink()) return 'is a link and no folder';
  if (!status.isDirectory()) return 'is no folder';
  if (status.uid !== process.getuid?.()) return 'belongs to another user';
  return (status.mode & WRITABLE_BY_OTHERS) === 0 ? undefined : 'may be written to by others';
}

/** `$XDG_RUNTIME_DIR/ch`; without one `/run/ch` for root, and a folder below the temporary one for others. */
export function runRoot(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime !== '') return join(runtime, 'ch');
  const uid = process.getuid?.();
  return uid === 0 ? '/run/ch' : join(tmpdir(), `ch-${uid}`);
}

/** Where the launcher takes clients for one of its devices. */
export function deviceSocket(path: string, id: string): string {
  return join(path, `${id}.sock`);
}

export function removeRunDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Removes what killed launchers left beside `path`. */
export function sweepStale(path: string): void {
  const root = join(path, '..');
  for (const name of readdirSync(root)) {
    const pid = /^vm-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || statSync(`/proc/${pid}`, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      removeRunDirectory(join(root, name));
    } catch {
      // Another launcher removes it at the same time, or the next one will.
    }
  }
}

/** What is written down about a running machine for those who look for it later. */
export interface Registration {
  readonly id: string;
  readonly launcherPid: number;
  readonly corePid: number;
  readonly devices: readonly { readonly id: string; readonly pid: number }[];
  /** ISO 8601 */
  readonly startedAt: string;
}

/** Whoever finds the file finds all of it. */
export function register(path: string, registration: Registration): void {
  const file = join(path, 'vm.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(registration, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
