/**
 * Who has a file locked, as /proc tells it. The kernel names nobody for a lock that belongs to an open file description; but each
 * process's descriptors say which locks their descriptions have. Processes of other users are not seen, nor are those beyond a pid
 * namespace, nor a description that none but the kernel has any more.
 */
import { fstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { printable } from '../lang/printable.ts';
import type { Fd } from './owned-fd.ts';

export interface LockHolder {
  readonly pid: number;
  /** As `ps` has it; anything at all. */
  readonly name: string;
}

/** Those whose locks stand in the way of a lock of this file, shared or not; without the calling process. */
export function findLockHolders(fd: Fd, shared: boolean): readonly LockHolder[] {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const holds = (pid: string): boolean =>
    namesIn(`/proc/${pid}/fd`).some((name) => {
      if (!hasLock(`/proc/${pid}/fdinfo/${name}`, shared)) return false;
      const file = statSync(`/proc/${pid}/fd/${name}`, { bigint: true, throwIfNoEntry: false });
      return file?.dev === dev && file.ino === ino;
    });
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => told(() => holds(pid), false))
    .map((pid) => ({ pid: Number(pid), name: told(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd(), '?') }));
}

/** `process 12 (name)`, or that it is unknown who. */
export function describeLockHolder(holder: LockHolder | undefined): string {
  return holder === undefined ? 'another process' : `process ${holder.pid} (${printable(holder.name)})`;
}

/** `lock:	1: OFDLCK ADVISORY  WRITE -1 08:02:1234 0 EOF`; flock(2)'s locks and leases are of another kind. */
function hasLock(path: string, shared: boolean): boolean {
  const kind = shared ? 'WRITE' : '(?:READ|WRITE)';
  return new RegExp(`^lock:\\s+\\d+: (?:OFDLCK|POSIX)\\s+\\S+\\s+${kind}\\s`, 'm').test(readFileSync(path, 'utf8'));
}

function namesIn(folder: string): readonly string[] {
  return told(() => readdirSync(folder), []);
}

/** What can be told: processes go away and descriptors are closed while one looks, and not everything may be looked at. */
function told<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
