/**
 * Whether to look for a while before sleeping: not at all, at the rings, or for the file too. What a wake-up costs differs between
 * machines by a factor of ten: where it is dear, a driver that answers within some tens of microseconds is better waited for awake;
 * where it is cheap, that is wasted.
 *
 * So each is tried under a load, and what it is worth is judged by the requests that it lets through and the processor time of one.
 * What loses is tried again, ever more rarely. A disk that has nothing to do for a millisecond does not look, and the next load begins
 * with what was best.
 */
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { threadProcessorUs } from '#shared/sys/clock.ts';

/** At the rings as long as Cloud Hypervisor's vhost_user_block looks, and for a file as long as a fast disk takes. */
const LONGEST_US = 50;
const LONGEST_FOR_FILE_US = 100;
const IDLE_MS = 1;
/** Looks between two at the clock, which costs as much as some of them. */
const LOOKS = 16;
/** Waits that are measured as one; and how often, for the best of them to count: others of the machine's programs disturb some. */
const WAITS = 64;
const WINDOWS = 4;
/** And those in a row that show that there is a load again. */
const RESTED = 8;
/** A trial is won by more than chance may bring, and lost at once where it is behind by so much. */
const BETTER = 1.1;
const HOPELESS = 2;
/** Measurements before the next trial: at first, after one that was won, at most. */
const FIRST_TRIAL = 1;
const NEXT_TRIAL = 16;
const RAREST_TRIAL = 256;

/** What is looked at before sleeping. */
const NOTHING = 0;
const RINGS = 1;
const ALL = 2;
type Mode = typeof NOTHING | typeof RINGS | typeof ALL;

/** What the machine has: its clocks, and how many processors. */
export interface Host {
  /** Milliseconds. */
  now(): number;
  /** What this thread has had of a processor, in microseconds. */
  processorUs(): number;
  readonly processors: number;
}

const HOST: Host = { now: () => performance.now(), processorUs: threadProcessorUs, processors: cpus().length };

export class SpinPolicy {
  readonly #host: Host;
  #mode: Mode = NOTHING;
  /** What is best, as far as is known. */
  #best: Mode = NOTHING;
  #lastTried: Mode = NOTHING;
  /** Requests are waited for that the engine has. */
  #meetsFiles = false;
  /** Until there is a load again. */
  #isResting = true;
  /** What the best was worth, the last time. */
  #worth = 0;
  #trialIn = FIRST_TRIAL;
  #interval = FIRST_TRIAL;

  /** Of the present window: when it began, what it has done, how often it waited. */
  #begun = 0;
  #processorUs = 0;
  #requests = 0;
  #waits = 0;
  /** Windows of this measurement so far; of the fastest of them, requests a millisecond, and the processor time of one. */
  #windows = 0;
  #rate = 0;
  #cost = 0;

  /** When the present wait began to look, in milliseconds; undefined: none does. */
  #since: number | undefined;
  #looks = 0;
  #longestUs = 0;
  #sleptAt = 0;

  constructor(host: Host = HOST) {
    this.#host = host;
    this.#beginWindow(host.now());
  }

  /** Something was done, and so many requests begun; the next wait begins when there is nothing. Hot. */
  did(requests: number): void {
    this.#requests += requests;
    if (this.#since === undefined) return;
    this.#since = undefined;
    this.#waited();
  }

  /** There is nothing to do, and the engine has requests or it has none: whether to look again, or else to sleep. Hot. */
  looksOn(forFile: boolean): boolean {
    if (this.#mode === NOTHING) return false;
    if (forFile && this.#mode === RINGS) {
      this.#meetsFiles = true;
      return false;
    }
    if (this.#since === undefined) {
      this.#since = this.#host.now();
      this.#looks = 0;
      this.#longestUs = forFile ? LONGEST_FOR_FILE_US : LONGEST_US;
    }
    this.#looks++;
    return this.#looks % LOOKS !== 0 || (this.#host.now() - this.#since) * 1000 < this.#longestUs;
  }

  /** Hot, as `wakes`: the clock is not looked at where it need not be. */
  sleeps(): void {
    this.#since = undefined;
    if (this.#mode !== NOTHING) this.#sleptAt = this.#host.now();
  }

  wakes(): void {
    // Whoever looks keeps the only processor from the driver.
    if (this.#host.processors <= 1) return;
    if (this.#mode === NOTHING) return this.#waited();
    const now = this.#host.now();
    if (now - this.#sleptAt < IDLE_MS) this.#waited();
    else this.#rest(now);
  }

  /** There is no load, or one that no look helps. */
  #rest(now: number): void {
    // What is known of the best so far is true of the next load, too, where each is short.
    if (this.#mode !== this.#best) this.#beginMeasurement();
    this.#mode = NOTHING;
    this.#isResting = true;
    this.#interval = Math.min(this.#interval, NEXT_TRIAL);
    this.#trialIn = Math.min(this.#trialIn, NEXT_TRIAL);
    this.#beginWindow(now);
  }

  /** There is a load. */
  #resume(): void {
    this.#mode = this.#best;
    this.#isResting = false;
  }

  #waited(): void {
    this.#waits++;
    if (this.#waits < (this.#isResting ? RESTED : WAITS)) return;
    const now = this.#host.now();
    if (now - this.#begun > this.#waits * IDLE_MS) return this.#rest(now);
    const requests = Math.max(this.#requests, 1);
    const rate = requests / Math.max(now - this.#begun, 1e-3);
    const processorUs = this.#processorUs;
    this.#beginWindow(now);
    if (this.#isResting) return this.#resume();
    if (rate > this.#rate) {
      this.#rate = rate;
      this.#cost = (this.#processorUs - processorUs) / requests;
    }
    this.#windows++;
    if (this.#windows < WINDOWS && !this.#isHopeless()) return;
    this.#choose();
    this.#beginMeasurement();
  }

  #beginMeasurement(): void {
    this.#windows = 0;
    this.#rate = 0;
  }

  #beginWindow(now: number): void {
    this.#begun = now;
    this.#processorUs = this.#host.processorUs();
    this.#requests = 0;
    this.#waits = 0;
  }

  #isHopeless(): boolean {
    return this.#mode !== this.#best && worthOf(this.#rate, this.#cost) * HOPELESS < this.#worth;
  }

  /** What to do until the next measurement is complete; the present one is. */
  #choose(): void {
    const worth = worthOf(this.#rate, this.#cost);
    if (this.#mode !== this.#best) {
      const isWon = worth > this.#worth * BETTER;
      this.#interval = isWon ? NEXT_TRIAL : Math.min(RAREST_TRIAL, this.#interval * 2);
      this.#trialIn = this.#interval;
      if (isWon) this.#best = this.#mode;
    }
    if (this.#mode === this.#best) this.#worth = worth;
    this.#mode = this.#trialIn-- > 0 ? this.#best : this.#nextTrial();
  }

  /** Each that is not the best in turn. */
  #nextTrial(): Mode {
    const modes: readonly Mode[] = this.#meetsFiles ? [NOTHING, RINGS, ALL] : [NOTHING, RINGS];
    const trials = modes.filter((mode) => mode !== this.#best);
    this.#lastTried = trials.find((mode) => mode > this.#lastTried) ?? trials[0] ?? NOTHING;
    return this.#lastTried;
  }
}

/** Requests a millisecond, and microseconds of a processor for each: twice the rate may cost twice as much (the energy-delay product). */
function worthOf(rate: number, cost: number): number {
  return rate / Math.max(cost, 1e-3);
}
