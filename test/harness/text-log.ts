/** What a program says, as text that arrives in pieces: kept whole, and searched from where the last search ended. */
export class TextLog {
  #text = '';
  #searched = 0;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  /** All of it, from the start. */
  get text(): string {
    return this.#text;
  }

  add(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The part from the end of the last find to the end of this one. Throws when `timeoutMs` pass, or the end comes, without it. */
  async find(wanted: string | RegExp, timeoutMs: number): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.#take(wanted);
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (this.#ended || left <= 0) {
        const why = this.#ended ? 'it ended' : `${timeoutMs} ms passed`;
        throw new Error(`waiting for ${String(wanted)}: ${why}; the last that came:\n${this.#text.slice(-2000)}`);
      }
      await this.#more(left);
    }
  }

  #take(wanted: string | RegExp): string | undefined {
    const unread = this.#text.slice(this.#searched);
    const found = typeof wanted === 'string' ? literal(unread, wanted) : wanted.exec(unread);
    if (found === null) return undefined;
    const end = found.index + found[0].length;
    this.#searched += end;
    return unread.slice(0, end);
  }

  #more(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

function literal(text: string, wanted: string): { readonly 0: string; readonly index: number } | null {
  const index = text.indexOf(wanted);
  return index < 0 ? null : { 0: wanted, index };
}
