/** The signals that end a machine, from its beginning to its end: whenever one comes, nothing is left behind. */

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

export class Signals {
  #receiver: ((signal: NodeJS.Signals) => void) | undefined;
  readonly #held: NodeJS.Signals[] = [];
  readonly #pass = (signal: NodeJS.Signals): void => {
    if (this.#receiver === undefined) this.#held.push(signal);
    else this.#receiver(signal);
  };

  /** Signals are kept from here on. */
  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#pass);
  }

  /** Keeps what comes from now on for `deliver`. */
  hold(): void {
    this.#receiver = undefined;
  }

  /** Hands over what was kept, and then whatever comes. */
  deliver(receiver: (signal: NodeJS.Signals) => void): void {
    this.#receiver = receiver;
    for (const signal of this.#held.splice(0)) receiver(signal);
  }

  /** Signals do again what they did before. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#pass);
  }
}
