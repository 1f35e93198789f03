/** Where a serial port's or console's bytes go, opened for the core. */
import { constants, openSync, rmSync, statSync } from 'node:fs';
import type { ConsoleMode } from '#shared/config/vm-config.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { isTerminal, openPty } from '#shared/sys/terminal.ts';
import { SOCK_STREAM, connectUnix, listenUnix, socketPair } from '#shared/sys/unix-socket.ts';
import type { ConsoleName } from '../plan.ts';
import { type LaunchError, errorName, fileMessage } from './launch-error.ts';

type Part = 'input' | 'output' | 'listener';

export interface ConsoleEnds {
  readonly name: ConsoleName;
  /** Ours to close once the core has them. */
  readonly owned: Partial<Record<Part, OwnedFd>>;
  /** Our own standard streams. */
  readonly borrowed: Partial<Record<Part, Fd>>;
  /** Our end of the input where it comes from a terminal: what is typed goes in here, when the escape keys are taken out. */
  readonly typed?: OwnedFd;
  /** A pty's other side, open for as long as the machine runs. */
  readonly held?: OwnedFd;
  /** Worth telling the user. */
  readonly ptyPath?: string;
  /** Removed when the machine has ended. */
  readonly socketPath?: string;
}

const STDIN = 0;
const STDOUT = 1;

export function openConsole(name: ConsoleName, mode: ConsoleMode): Result<ConsoleEnds, LaunchError> {
  switch (mode.mode) {
    case 'off':
    case 'null':
      return ok({ name, owned: {}, borrowed: {} });
    case 'tty':
      return openTerminal(name);
    case 'pty':
      return openPtyEnds(name);
    case 'file':
      return openOutputFile(name, mode.path);
    case 'socket':
      return openListener(name, mode.path);
  }
}

/** Output goes straight to our standard output. Input too comes straight from where it is no terminal with escape keys. */
function openTerminal(name: ConsoleName): Result<ConsoleEnds, LaunchError> {
  if (!isTerminal(STDIN)) return ok({ name, owned: {}, borrowed: { input: asFd(STDIN), output: asFd(STDOUT) } });
  const pair = socketPair(SOCK_STREAM);
  if (!pair.ok) return err({ code: 'CONSOLE', message: `no connection for the terminal: ${pair.error.message}` });
  return ok({ name, owned: { input: pair.value[0] }, borrowed: { output: asFd(STDOUT) }, typed: pair.value[1] });
}

function openPtyEnds(name: ConsoleName): Result<ConsoleEnds, LaunchError> {
  const pty = openPty();
  if (!pty.ok) return err({ code: 'CONSOLE', message: `no pty for --${name} pty: ${pty.error.message}` });
  const { master, slave, path } = pty.value;
  const input = master.duplicate();
  if (!input.ok) return err({ code: 'CONSOLE', message: `no pty for --${name} pty: ${input.error.message}` });
  return ok({ name, owned: { input: input.value, output: master }, borrowed: {}, held: slave, ptyPath: path });
}

function openOutputFile(name: ConsoleName, path: string): Result<ConsoleEnds, LaunchError> {
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK;
    return ok({ name, owned: { output: new OwnedFd(openSync(path, flags, 0o600)) }, borrowed: {} });
  } catch (error) {
    return err({ code: 'CONSOLE', message: fileMessage(`--${name} file`, path, errorName(error)) });
  }
}

function openListener(name: ConsoleName, path: string): Result<ConsoleEnds, LaunchError> {
  const stale = removeStaleSocket(name, path);
  if (!stale.ok) return stale;
  const listener = listenUnix(path);
  if (!listener.ok) {
    return err({
      code: 'CONSOLE',
      message: `--${name} socket "${path}" cannot be made (${listener.error.name}); give a path in a folder that this user may write to`,
    });
  }
  return ok({ name, owned: { listener: listener.value }, borrowed: {}, socketPath: path });
}

/** A socket that nobody listens on any more is what a killed machine left. */
function removeStaleSocket(name: ConsoleName, path: string): Result<void, LaunchError> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return ok();
  const inUse: LaunchError = { code: 'CONSOLE', message: `--${name} socket "${path}" is in use; give another path` };
  if (!status.isSocket()) return err({ ...inUse, message: `--${name} socket "${path}" exists and is no socket; give another path` });
  const client = connectUnix(path);
  if (client.ok) {
    client.value.close();
    return err(inUse);
  }
  if (client.error.name !== 'ECONNREFUSED') return err(inUse);
  rmSync(path);
  return ok();
}

/** Closes what was held while the machine ran, and removes its sockets. */
export function closeConsoles(consoles: readonly ConsoleEnds[]): void {
  for (const { held, typed, socketPath } of consoles) {
    held?.close();
    typed?.close();
    if (socketPath !== undefined) rmSync(socketPath, { force: true });
  }
}
