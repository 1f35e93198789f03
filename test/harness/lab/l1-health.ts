import { readFileSync } from 'node:fs';

/** What L1's kernel says when it can no longer be relied on: the software CPU's virtualization has faults that show as such. */
const KERNEL_TROUBLE = /^.*(?:BUG: |WARNING: CPU|Oops|Kernel panic|rcu: INFO: .* stall|soft lockup|hard LOCKUP|stack guard page).*$/m;
const LOOK_EVERY_MS = 5000;
/** A busy L1 answers late; one that is silent for so long hangs. */
const SILENT_MS = 90_000;

export interface L1Signs {
  readonly consoleLog: string;
  /** Asks L1 for an answer, of which `answered` is told. */
  readonly ask: () => void;
  /** Called once, with the reason in a line. */
  readonly broke: (why: string) => void;
}

/** Watches whether L1 lives and its kernel is sound: what runs in it can tell nothing otherwise. */
export class L1Health {
  readonly #signs: L1Signs;
  readonly #timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  #heardAt = Date.now();

  constructor(signs: L1Signs) {
    this.#signs = signs;
  }

  answered(): void {
    this.#heardAt = Date.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const trouble = KERNEL_TROUBLE.exec(readFileSync(this.#signs.consoleLog, 'latin1'))?.[0];
    const silentMs = Date.now() - this.#heardAt;
    if (trouble === undefined && silentMs < SILENT_MS) return this.#signs.ask();
    this.stop();
    this.#signs.broke(
      trouble === undefined ? `it has not answered for ${Math.round(silentMs / 1000)} s` : `its kernel says: ${trouble.trim()}`,
    );
  }
}
