/**
 * How long to look at the rings before sleeping. A wake-up costs both sides 5 to 11 us, so a driver that answers within some tens of
 * microseconds is better waited for awake; one that does not is not worth the processor time.
 *
 * The time grows while sleeps turn out to be shorter than the longest poll, and halves when they are not: an idle disk does not poll.
 */
const LONGEST_US = 50;
const FIRST_US = 10;

export class SpinPolicy {
  #limitUs = FIRST_US;
  /** When the present poll began, in milliseconds; undefined: none does. */
  #since: number | undefined;
  #sleptAt = 0;

  /** There was work: the next poll begins now, when it begins. */
  begin(): void {
    this.#since = undefined;
  }

  /** Whether to look again. */
  goesOn(): boolean {
    if (this.#limitUs === 0) return false;
    const now = performance.now();
    this.#since ??= now;
    return (now - this.#since) * 1000 < this.#limitUs;
  }

  sleeps(): void {
    this.#since = undefined;
    this.#sleptAt = performance.now();
  }

  wakes(): void {
    const sleptUs = (performance.now() - this.#sleptAt) * 1000;
    if (sleptUs < 2 * LONGEST_US) this.#limitUs = Math.min(LONGEST_US, Math.max(FIRST_US, this.#limitUs * 2));
    else this.#limitUs = this.#limitUs <= FIRST_US ? 0 : this.#limitUs / 2;
  }
}
