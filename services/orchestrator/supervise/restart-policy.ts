/**
 * When a device's process that has ended is started again. At once, mostly; one that ends as soon as it serves is started ever later,
 * and after some such ends not any more: what is the matter with it will not pass.
 */

/** Whoever has served for so long did not fail of its start, nor of the requests that it found. */
const LONG_ENOUGH_MS = 500;
/** Before each start after a short service in a row; there is no other after them. */
const DELAYS_MS = [0, 100, 200, 400, 800] as const;
/** Between the starts of a device that is never given up. */
const LONGEST_DELAY_MS = 5000;

export class RestartPolicy {
  readonly #neverEnds: boolean;
  #shortServices = 0;

  /** `neverEnds`: the machine goes on without the device. */
  constructor(neverEnds: boolean) {
    this.#neverEnds = neverEnds;
  }

  /** How long to wait with the next start after a service of `servedMs` (0: it did not serve); undefined: there is none. */
  nextDelayMs(servedMs: number): number | undefined {
    this.#shortServices = servedMs < LONG_ENOUGH_MS ? this.#shortServices + 1 : 1;
    return DELAYS_MS[this.#shortServices - 1] ?? (this.#neverEnds ? LONGEST_DELAY_MS : undefined);
  }
}
