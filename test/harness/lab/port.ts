import type { Duplex } from 'node:stream';

/**
 * One byte pipe into L1, over which one command at a time has its standard input and output. The agent marks the end of a
 * command with the line `ID STATUS`; what comes before it is the command's.
 */
export class Port {
  readonly #pipe: Duplex;
  #current: Current | undefined;
  /** The last bytes received: they may be the beginning of the mark. */
  #held: Buffer = Buffer.alloc(0);

  constructor(pipe: Duplex) {
    this.#pipe = pipe;
    pipe.on('data', (chunk: Buffer) => this.#receive(chunk));
    // L1 went away: its process says so, and why.
    pipe.on('error', () => {});
  }

  get idle(): boolean {
    return this.#current === undefined;
  }

  /** Attends command `id`, which the caller has started, or starts with `announce`: then the agent is told its id here. */
  attend(id: string, announce: boolean, output: (chunk: Buffer) => void): Promise<number> {
    return new Promise((ended) => {
      this.#current = { mark: Buffer.from(`${id} `), output, ended };
      if (announce) this.#pipe.write(`${id}\n`);
    });
  }

  write(bytes: Uint8Array | string): void {
    if (this.#current !== undefined) this.#pipe.write(bytes);
  }

  #receive(chunk: Buffer): void {
    const current = this.#current;
    if (current === undefined) return;
    const bytes = Buffer.concat([this.#held, chunk]);
    const at = bytes.indexOf(current.mark);
    if (at >= 0) return this.#end(current, bytes, at);
    const keep = beginningAtEnd(bytes, current.mark);
    this.#held = bytes.subarray(bytes.length - keep);
    if (bytes.length > keep) current.output(bytes.subarray(0, bytes.length - keep));
  }

  #end(current: Current, bytes: Buffer, at: number): void {
    if (at > 0) current.output(bytes.subarray(0, at));
    const line = bytes.subarray(at);
    this.#held = line;
    const end = line.indexOf('\n');
    if (end < 0) return;
    this.#held = Buffer.alloc(0);
    this.#current = undefined;
    current.ended(Number(line.toString('latin1', current.mark.length, end)));
  }
}

/** How many of the last bytes are the beginning of `mark`. */
function beginningAtEnd(bytes: Buffer, mark: Buffer): number {
  let length = Math.min(bytes.length, mark.length - 1);
  while (length > 0 && !bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) length -= 1;
  return length;
}

interface Current {
  readonly mark: Buffer;
  output(chunk: Buffer): void;
  ended(status: number): void;
}
