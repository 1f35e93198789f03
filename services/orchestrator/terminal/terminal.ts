/** The user's terminal while a guest has it: raw, with our escape keys taken out, and given back as it was. */
import { Socket } from 'node:net';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { ESCAPE_HELP, EscapeKeys } from './escape-keys.ts';

export interface TerminalOptions {
  /** Our end of the guest's input. */
  readonly typed: OwnedFd;
  /** Ctrl-A x. */
  readonly onEnd: () => void;
}

/** What a guest leaves unread is kept up to here; more is dropped, so that the escape keys always come through. */
const MAX_UNREAD = 64 * 1024;

export class Terminal {
  readonly #input: Socket;
  readonly #keys = new EscapeKeys();
  readonly #onEnd: () => void;
  #given = true;

  constructor({ typed, onEnd }: TerminalOptions) {
    this.#onEnd = onEnd;
    this.#input = new Socket({ fd: typed.take(), readable: false, writable: true });
    // The core is gone: whoever watches it says so.
    this.#input.on('error', () => {});
    process.stdin.setRawMode(true);
    process.prependListener('uncaughtException', () => this.restore());
    // A terminal that hangs up fails to read: it also sends SIGHUP, which ends the machine.
    process.stdin.on('error', () => {});
    process.stdin.on('data', (chunk: Buffer) => this.#type(chunk));
  }

  /** Gives the terminal back as it was. */
  restore(): void {
    if (!this.#given) return;
    this.#given = false;
    process.stdin.setRawMode(false);
    process.stdin.pause();
    this.#input.destroy();
  }

  #type(chunk: Buffer): void {
    const { bytes, actions } = this.#keys.feed(chunk);
    if (bytes.length > 0 && this.#input.writableLength < MAX_UNREAD) this.#input.write(bytes);
    for (const action of actions) {
      if (action === 'end') this.#onEnd();
      else process.stderr.write(ESCAPE_HELP);
    }
  }
}
