/** The folder of one running machine: its processes' logs, and what others may know of it. */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type LaunchError, errorName, fileMessage } from './launch-error.ts';

const PREFIX = 'vm-';

/** Makes `ROOT/vm-PID`, for its owner only. One of the same name is left from a process that is gone: it had our pid. */
export function makeRunDirectory(root = runRoot()): Result<string, LaunchError> {
  const path = join(root, `${PREFIX}${process.pid}`);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    if (statSync(root).uid !== process.getuid?.()) {
      return err({ code: 'RUN_DIRECTORY', message: `"${root}" belongs to another user; set XDG_RUNTIME_DIR to a folder of your own` });
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

/** `$XDG_RUNTIME_DIR/ch`; without one `/run/ch` for root, and a folder below the temporary one for others. */
function runRoot(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime !== '') return join(runtime, 'ch');
  const uid = process.getuid?.();
  return uid === 0 ? '/run/ch' : join(tmpdir(), `ch-${uid}`);
}

export function removeRunDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Removes what killed launchers left beside `path`. */
export function sweepStale(path: string): void {
  const root = join(path, '..');
  for (const name of readdirSync(root)) {
    const pid = /^vm-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && statSync(`/proc/${pid}`, { throwIfNoEntry: false }) === undefined) removeRunDirectory(join(root, name));
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

export function register(path: string, registration: Registration): void {
  writeFileSync(join(path, 'vm.json'), `${JSON.stringify(registration, undefined, 2)}\n`, { mode: 0o600 });
}
