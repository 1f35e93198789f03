import { randomBytes } from 'node:crypto';
import { TextLog } from './text-log.ts';

/** What `exec` in a guest came to. */
export interface GuestResult {
  readonly status: number;
  /** Its standard output and error, with plain newlines. */
  readonly output: string;
}

const COMMAND_TIMEOUT_MS = 60_000;

/** A conversation with a guest over one of its serial ports or consoles. */
export class GuestTerminal {
  readonly #log = new TextLog();
  readonly #send: (text: string) => void;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** Everything that came from the guest. */
  get text(): string {
    return this.#log.text;
  }

  /** The guest said something. */
  hear(chunk: Buffer): void {
    this.#log.add(chunk);
  }

  /** Nothing more comes. */
  end(): void {
    this.#log.end();
  }

  type(text: string): void {
    this.#send(text);
  }

  /** Waits for text from where the last wait ended; returns what came up to its end. */
  waitForText(wanted: string | RegExp, timeoutMs: number): Promise<string> {
    return this.#log.find(wanted, timeoutMs);
  }

  /** Logs in as root at the prompt, and leaves a shell that neither echoes nor prompts. */
  async logIn(timeoutMs: number): Promise<void> {
    await this.waitForText('login: ', timeoutMs);
    this.type('root\n');
    await this.waitForText(/[#$] $/, COMMAND_TIMEOUT_MS);
    await this.quietShell();
  }

  /** Makes the shell one that `exec` can use: no echo, no prompt, no line editor. */
  async quietShell(): Promise<void> {
    this.type('exec env PS1= sh\n');
    this.type("stty -echo; echo 're''ady'\n");
    await this.waitForText('ready', COMMAND_TIMEOUT_MS);
  }

  /** Runs a command line in the guest's shell (after logIn or quietShell). */
  async exec(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<GuestResult> {
    const mark = randomBytes(8).toString('hex');
    this.type(`echo ${mark}-begin; ${command}\necho ${mark}-end $?\n`);
    await this.waitForText(`${mark}-begin`, timeoutMs);
    const text = await this.waitForText(new RegExp(`${mark}-end (\\d+)\\s`), timeoutMs);
    const at = text.lastIndexOf(`${mark}-end`);
    return { status: Number(text.slice(at).split(' ')[1]), output: text.slice(0, at).replaceAll('\r', '').trim() };
  }
}
