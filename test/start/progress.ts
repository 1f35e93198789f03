/** Says what a program is about, a line each, with the seconds since it began. */
export class Progress {
  readonly #started = Date.now();
  readonly #output: { write(text: string): unknown };

  constructor(output: { write(text: string): unknown }) {
    this.#output = output;
  }

  say(line: string): void {
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(1).padStart(5);
    this.#output.write(`[${seconds} s] ${line}\n`);
  }

  /** Says `done` when a step is. */
  async step<T>(done: string, step: Promise<T>): Promise<T> {
    const value = await step;
    this.say(done);
    return value;
  }
}
