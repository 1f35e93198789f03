/** Why a file cannot be had, as one line for the user: what, which path, what to do. */
import { printable } from './printable.ts';

/** The name (`ENOENT`) of what a call of node's file system threw. */
export function errorName(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; check the path',
  ENOTDIR: 'does not exist; check the path',
  EISDIR: 'is a directory; give the path of a file',
  ELOOP: 'is a symbolic link that leads nowhere; check the path',
  EACCES: 'may not be opened by this user; change its permissions, or run as its owner',
  EPERM: 'may not be opened by this user; change its permissions, or run as its owner',
  EROFS: 'is on a read-only file system',
  ENXIO: 'is a device that is not there; check the path',
  ENAMETOOLONG: 'is too long for a path; shorten it',
  ENOSPC: 'cannot be made: its file system is full; make room there',
  ETXTBSY: 'is a program that runs; give another path',
  EMFILE: 'cannot be opened: too many open files; raise `ulimit -n`',
  ENFILE: 'cannot be opened: the machine has too many open files',
};

/** `kernel "x" does not exist; check the path` */
export function fileMessage(what: string, path: string, name: string): string {
  return `${named(what, path)} ${fileProblem(name)}`;
}

/** The end of that sentence. */
export function fileProblem(name: string): string {
  return REASONS[name] ?? `cannot be opened (${name})`;
}

const MAKING_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'cannot be made: its folder does not exist; make that first',
  ENOTDIR: 'cannot be made: its folder does not exist; make that first',
  EACCES: 'may not be written by this user; give a path that this user may write to',
  EPERM: 'may not be written by this user; give a path that this user may write to',
};

/** The same for what is to be made where it is not there. */
export function makingMessage(what: string, path: string, name: string): string {
  const reason = MAKING_REASONS[name];
  return reason === undefined ? fileMessage(what, path, name) : `${named(what, path)} ${reason}`;
}

/** `kernel "x"` */
export function named(what: string, path: string): string {
  return `${what} "${printable(path)}"`;
}
