/** Terminals and pseudo-terminals (termios(3), pty(7)). */
import { constants, openSync } from 'node:fs';
import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, ioctl } from './ffi.ts';
import { OwnedFd } from './owned-fd.ts';

const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TIOCGWINSZ = 0x5413;
const TIOCGPTN = 0x8004_5430;
const TIOCSPTLCK = 0x4004_5431;

/** The kernel's struct termios: iflag 0, oflag 4, cflag 8, lflag 12, line 16, cc 17. */
const TERMIOS_SIZE = 36;
const CS8 = 0o60;
const CC = 17;
const VTIME = 5;
const VMIN = 6;

export function isTerminal(fd: number): boolean {
  return ioctl(fd, TCGETS, allocate(TERMIOS_SIZE).address) === 0;
}

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** In characters; zeros where the terminal does not know, undefined where `fd` is none. */
export function windowSize(fd: number): WindowSize | undefined {
  const size = allocate(8);
  if (ioctl(fd, TIOCGWINSZ, size.address) !== 0) return undefined;
  return { rows: size.view.getUint16(0, true), columns: size.view.getUint16(2, true) };
}

export interface Pty {
  /** Our side: what is written here is read at `path`. */
  readonly master: OwnedFd;
  /** The other side, held open so that our side never sees a hang-up while nobody is attached. */
  readonly slave: OwnedFd;
  /** `/dev/pts/N` */
  readonly path: string;
}

/** A pseudo-terminal in raw mode: bytes pass both ways unchanged. */
export function openPty(): Result<Pty, SysError> {
  const opened = openDevice('/dev/ptmx');
  if (!opened.ok) return opened;
  const master = opened.value;
  const word = allocate(4);
  const unlocked = ioctl(master.fd, TIOCSPTLCK, word.address);
  const numbered = unlocked < 0 ? unlocked : ioctl(master.fd, TIOCGPTN, word.address);
  if (numbered < 0) {
    master.close();
    return err(sysError('open a pseudo-terminal', -numbered));
  }
  const path = `/dev/pts/${word.view.getUint32(0, true)}`;
  const slave = openDevice(path);
  if (!slave.ok) {
    master.close();
    return slave;
  }
  makeRaw(slave.value.fd);
  return ok({ master, slave: slave.value, path });
}

function openDevice(path: string): Result<OwnedFd, SysError> {
  try {
    return ok(new OwnedFd(openSync(path, constants.O_RDWR | constants.O_NOCTTY)));
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? Math.abs(Number(error.errno)) : 0;
    return err(sysError(`open ${path}`, errno));
  }
}

/** No echo, no line editing, no signals, no change of any byte; a read returns with the first. */
function makeRaw(fd: number): void {
  const termios = allocate(TERMIOS_SIZE);
  if (ioctl(fd, TCGETS, termios.address) !== 0) return;
  for (const flags of [0, 4, 12]) termios.view.setUint32(flags, 0, true);
  termios.view.setUint32(8, termios.view.getUint32(8, true) | CS8, true);
  termios.bytes[CC + VTIME] = 0;
  termios.bytes[CC + VMIN] = 1;
  ioctl(fd, TCSETS, termios.address);
}
