/** What goes wrong with a disk's requests, for whoever looks after the process: a line at a time, however many fail. */
import { sysError } from '#shared/sys/errno.ts';

const AT_MOST_EVERY_MS = 10_000;

export class ErrorLog {
  readonly #log: (line: string) => void;
  #next = -Infinity;
  #keptBack = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** What the kernel answered to `what` at `offset` of a file: -errno, or that nothing moved. */
  failed(what: string, offset: number, result: number): void {
    if (!this.#mayLog(performance.now())) return;
    const tried = `${what} at ${offset}`;
    this.#write(result === 0 ? `${tried}: the file has become shorter` : sysError(tried, -result).message);
  }

  /** One line about a request that fails. The guest gets an error each time; this log at most one in ten seconds. */
  report(line: string, nowMs = performance.now()): void {
    if (this.#mayLog(nowMs)) this.#write(line);
  }

  /** Cheap, for a guest may have as many requests fail as it likes. */
  #mayLog(nowMs: number): boolean {
    if (nowMs < this.#next) {
      this.#keptBack++;
      return false;
    }
    this.#next = nowMs + AT_MOST_EVERY_MS;
    return true;
  }

  #write(line: string): void {
    const more = this.#keptBack === 0 ? '' : ` (and ${this.#keptBack} more before that)`;
    this.#keptBack = 0;
    this.#log(`a request failed: ${line}${more}`);
  }
}
