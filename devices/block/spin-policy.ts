/**
 * Whether to look at the rings for a while before sleeping. What a wake-up costs differs between machines by a factor of ten: where it
 * is dear, a driver that answers within some tens of microseconds is better waited for awake; where it is cheap, that is wasted.
 *
 * So both are tried under a load, and compared by the requests that they let through: polling has to bring a quarter more. What loses
 * is tried again, ever more rarely. A disk that has nothing to do for a millisecond does not poll, and begins anew with the next load.
 */
import { performance } from 'node:perf_hooks';

const LONGEST_US = 25;
const IDLE_MS = 1;
/** Looks between two at the clock, which costs as much as some of them. */
const LOOKS = 16;
/** Waits that are measured as one; and how often, for the best of them to count: others of the machine's programs disturb some. */
const WAITS = 64;
const WINDOWS = 4;
const GAIN = 1.25;
const FIRST_TRIAL = 16;
const RAREST_TRIAL = 256;

const SLEEP = 0;
const POLL = 1;
type Mode = typeof SLEEP | typeof POLL;

export class SpinPolicy {
  readonly #now: () => number;
  #mode: Mode = SLEEP;
  /** What is better, as far as is known. */
  #best: Mode = SLEEP;
  /** By mode: requests a millisecond; 0: not known. */
  readonly #rates: [number, number] = [0, 0];
  #trialIn = FIRST_TRIAL;
  #interval = FIRST_TRIAL;

  /** Of the present window: when it began, what it has done, how often it waited. */
  #begun: number;
  #work = 0;
  #waits = 0;
  /** Windows of this measurement so far, and the best of them. */
  #windows = 0;
  #fastest = 0;

  /** When the present poll began, in milliseconds; undefined: none does. */
  #since: number | undefined;
  #looks = 0;
  #sleptAt = 0;

  /** `now` counts milliseconds. */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#begun = now();
  }

  /** So much was done; the next wait begins when there is nothing. Hot. */
  did(work: number): void {
    this.#work += work;
    if (this.#since === undefined) return;
    this.#since = undefined;
    this.#waited();
  }

  /** There is nothing to do: whether to look again. Hot. */
  goesOn(): boolean {
    if (this.#mode === SLEEP) return false;
    if (this.#since === undefined) {
      this.#since = this.#now();
      this.#looks = 0;
      return true;
    }
    this.#looks++;
    return this.#looks % LOOKS !== 0 || (this.#now() - this.#since) * 1000 < LONGEST_US;
  }

  /** Hot, as `wakes`: the clock is not looked at where it need not be. */
  sleeps(): void {
    this.#since = undefined;
    if (this.#mode === POLL) this.#sleptAt = this.#now();
  }

  wakes(): void {
    if (this.#mode === SLEEP) return this.#waited();
    const now = this.#now();
    if (now - this.#sleptAt < IDLE_MS) this.#waited();
    else this.#forget(now);
  }

  #forget(now: number): void {
    this.#mode = SLEEP;
    this.#best = SLEEP;
    this.#rates.fill(0);
    this.#trialIn = FIRST_TRIAL;
    this.#interval = FIRST_TRIAL;
    this.#windows = 0;
    this.#fastest = 0;
    this.#beginWindow(now);
  }

  #waited(): void {
    this.#waits++;
    if (this.#waits < WAITS) return;
    const now = this.#now();
    if (now - this.#begun > WAITS * IDLE_MS) return this.#forget(now);
    this.#fastest = Math.max(this.#fastest, this.#work / Math.max(now - this.#begun, 1e-3));
    this.#beginWindow(now);
    this.#windows++;
    if (this.#windows < WINDOWS) return;
    this.#rates[this.#mode] = this.#fastest;
    this.#windows = 0;
    this.#fastest = 0;
    this.#choose();
  }

  #beginWindow(now: number): void {
    this.#begun = now;
    this.#work = 0;
    this.#waits = 0;
  }

  /** What to do until the next measurement is complete. */
  #choose(): void {
    const [sleeping, polling] = this.#rates;
    const before = this.#best;
    if (polling > 0) this.#best = polling > sleeping * GAIN ? POLL : SLEEP;
    if (this.#mode !== before) this.#interval = this.#best === before ? Math.min(RAREST_TRIAL, this.#interval * 2) : FIRST_TRIAL;
    if (this.#mode !== before) this.#trialIn = this.#interval;
    this.#trialIn--;
    const isTrial = polling === 0 || this.#trialIn < 0;
    this.#mode = isTrial ? other(this.#best) : this.#best;
  }
}

function other(mode: Mode): Mode {
  return mode === SLEEP ? POLL : SLEEP;
}
