/**
 * A time without a back end. What needs one waits: until another has taken the lost one's place, or until nobody should wait any
 * longer. The latter is not for ever: another may still come, and while one is tried all wait again.
 */
import type { Timer, Watcher } from '#shared/sys/watcher.ts';

export class Absence {
  /** Why the back end is gone, or the last that was tried. */
  why: string;
  readonly #beganMs = performance.now();
  readonly #overdue: () => void;
  readonly #timer: Timer;
  #gate = new Gate();
  #isTrying = false;
  #isDue = false;
  #isOverdue = false;

  /** `overdue` is called once, when none has come within the deadline. */
  constructor(why: string, watcher: Watcher, deadlineMs: number, overdue: () => void) {
    this.why = why;
    this.#overdue = overdue;
    this.#timer = watcher.after(deadlineMs, () => {
      this.#isDue = true;
      if (!this.#isTrying) this.#goOn();
    });
  }

  get ms(): number {
    return performance.now() - this.#beganMs;
  }

  /** Whether nobody waits for it any more. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  wait(): Promise<void> {
    return this.#gate.passed;
  }

  /** Another back end is tried. Ends with `failed` or `end`. */
  try(): void {
    this.#isTrying = true;
    if (this.#isOverdue) this.#gate = new Gate();
  }

  failed(why: string): void {
    this.why = why;
    this.#isTrying = false;
    if (this.#isDue) this.#goOn();
  }

  end(): void {
    this.#timer.cancel();
    this.#gate.open();
  }

  #goOn(): void {
    const isNews = !this.#isOverdue;
    this.#isOverdue = true;
    if (isNews) this.#overdue();
    this.#gate.open();
  }
}

class Gate {
  open: () => void = () => {};
  readonly passed = new Promise<void>((resolve) => void (this.open = resolve));
}
