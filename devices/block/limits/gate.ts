/** Whether requests may be taken from the rings: not while the disk is drained, and not before its limits allow it. */
import type { Statistics } from '../stats/statistics.ts';
import { RateLimiter } from './rate-limiter.ts';

export class Gate {
  readonly limiter = new RateLimiter();
  readonly #statistics: Statistics;
  /** Requests stay in their rings. `mayOpen` says whether that is over. Hot. */
  isShut = false;
  #isHeld = false;
  /** When the limits allow the next request, and since when they have not; in milliseconds. */
  #opensAt = 0;
  #shutAt = 0;

  constructor(statistics: Statistics) {
    this.#statistics = statistics;
  }

  /** Takes no request until `release`. */
  hold(): void {
    this.#tellThrottled();
    this.#isHeld = true;
    this.isShut = true;
  }

  release(): void {
    this.#isHeld = false;
    this.reconsider();
  }

  /** What the limits say is found out anew at the next request. */
  reconsider(): void {
    this.#openNow();
  }

  /** Asks the limits: false, and shut, where the next request has to wait. */
  admits(): boolean {
    const now = performance.now();
    const wait = this.limiter.wait(now);
    if (wait === 0) return true;
    this.isShut = true;
    this.#shutAt = now;
    this.#opensAt = now + wait;
    return false;
  }

  /** Of a shut gate: whether it opens now. */
  mayOpen(): boolean {
    if (this.#isHeld || performance.now() < this.#opensAt) return false;
    this.#openNow();
    return true;
  }

  /** Milliseconds until a shut gate opens by itself; Infinity where it does not. */
  opensIn(): number {
    return this.#isHeld ? Infinity : Math.max(0, this.#opensAt - performance.now());
  }

  #openNow(): void {
    this.isShut = this.#isHeld;
    if (!this.isShut) this.#tellThrottled();
  }

  /** So far: what a drain takes is not the limits' doing. */
  #tellThrottled(): void {
    if (this.#shutAt === 0) return;
    this.#statistics.throttled((performance.now() - this.#shutAt) * 1000);
    this.#shutAt = 0;
    this.#opensAt = 0;
  }
}
