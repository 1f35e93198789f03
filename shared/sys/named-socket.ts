/** Sockets that users give paths for, with what to say where one cannot be made. */
import { type Stats, lstatSync, rmSync } from 'node:fs';
import { makingMessage, named } from '../lang/file-message.ts';
import { type Result, err, ok } from '../lang/result.ts';
import type { SysError } from './errno.ts';
import type { OwnedFd } from './owned-fd.ts';
import { MAX_SOCKET_PATH, SOCK_STREAM_NONBLOCK, connectUnix, listenUnix } from './unix-socket.ts';

/** Listens at `path`, in the place of a socket that nobody listens on any more. The error is one line, of `what` (`--api-socket`). */
export function listenAt(
  what: string,
  path: string,
  listen: (path: string) => Result<OwnedFd, SysError> = listenUnix,
): Result<OwnedFd, string> {
  const length = Buffer.byteLength(path);
  if (length > MAX_SOCKET_PATH)
    return err(`${named(what, path)} has ${length} bytes, and a socket's path at most ${MAX_SOCKET_PATH}; shorten it`);
  const problem = removeStaleSocket(path);
  if (problem !== undefined) return err(`${named(what, path)} ${problem}`);
  const listener = listen(path);
  return listener.ok ? ok(listener.value) : err(makingMessage(what, path, listener.error.name));
}

/** What a killed process left. What is in the way instead, as the end of a sentence. */
function removeStaleSocket(path: string): string | undefined {
  let status: Stats | undefined;
  try {
    status = lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // The attempt to make it will say why.
    return undefined;
  }
  if (status === undefined) return undefined;
  if (!status.isSocket()) return 'exists and is no socket; give another path';
  const client = connectUnix(path, SOCK_STREAM_NONBLOCK);
  if (client.ok) client.value.close();
  if (client.ok || client.error.name !== 'ECONNREFUSED') return 'is in use; give another path';
  rmSync(path);
  return undefined;
}
