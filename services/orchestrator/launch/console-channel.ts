/** Where a serial port's or console's bytes go, opened for the core. */
import { type Stats, constants, fstatSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import type { ConsoleMode } from '#shared/config/vm-config.ts';
import { errorName, makingMessage, named } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { listenAt } from '#shared/sys/named-socket.ts';
import { isTerminal, openPty } from '#shared/sys/terminal.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import type { ConsoleName } from '../plan.ts';
import type { LaunchError } from './launch-error.ts';

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

/** What else this machine uses a file for, if it does: paths can differ and lead to one file. */
export type OtherUse = (file: Stats) => string | undefined;

export function openConsole(name: ConsoleName, mode: ConsoleMode, otherUse: OtherUse): Result<ConsoleEnds, LaunchError> {
  switch (mode.mode) {
    case 'off':
    case 'null':
      return ok({ name, owned: {}, borrowed: {} });
    case 'tty':
      return openTerminal(name);
    case 'pty':
      return openPtyEnds(name);
    case 'file':
      return openOutputFile(name, mode.path, otherUse);
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

/** Emptied only when it is known to be nothing else of this machine. */
function openOutputFile(name: ConsoleName, path: string, otherUse: OtherUse): Result<ConsoleEnds, LaunchError> {
  const what = `--${name} file`;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOCTTY | constants.O_NONBLOCK;
    const output = new OwnedFd(openSync(path, flags, 0o600));
    const status = fstatSync(output.fd);
    const other = otherUse(status);
    if (other !== undefined) {
      output.close();
      return refuse(`${named(what, path)} is the file of ${other} too; give another path`);
    }
    if (status.isFile()) ftruncateSync(output.fd);
    return ok({ name, owned: { output }, borrowed: {} });
  } catch (error) {
    const reason = errorName(error);
    return refuse(
      reason === 'ENXIO'
        ? `${named(what, path)} is a pipe that nobody reads, or a socket; start its reader first`
        : makingMessage(what, path, reason),
    );
  }
}

function openListener(name: ConsoleName, path: string): Result<ConsoleEnds, LaunchError> {
  const listener = listenAt(`--${name} socket`, path);
  if (!listener.ok) return refuse(listener.error);
  return ok({ name, owned: { listener: listener.value }, borrowed: {}, socketPath: path });
}

function refuse(message: string): Result<never, LaunchError> {
  return err({ code: 'CONSOLE', message });
}

/** Closes what was held while the machine ran, and removes its sockets. */
export function closeConsoles(consoles: readonly ConsoleEnds[]): void {
  for (const { held, typed, socketPath } of consoles) {
    held?.close();
    typed?.close();
    if (socketPath !== undefined) rmSync(socketPath, { force: true });
  }
}
