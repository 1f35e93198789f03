/** What front ends do wrong, for whoever looks after the process: a few lines at a time, however much it is. */

const MOST_LINES = 20;
const IN_MS = 10_000;

export class FrontEndLog {
  readonly #log: (line: string) => void;
  /** Of the present ten seconds. */
  #lines = 0;
  #begun = -Infinity;
  #keptBack = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** `describe` is called where the line is wanted. */
  tell(describe: () => string, nowMs = performance.now()): void {
    if (nowMs - this.#begun >= IN_MS) {
      this.#begun = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= MOST_LINES) {
      this.#keptBack++;
      return;
    }
    const more = this.#keptBack === 0 ? '' : ` (and ${this.#keptBack} more before that)`;
    this.#lines++;
    this.#keptBack = 0;
    this.#log(describe() + more);
  }
}
