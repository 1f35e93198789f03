/**
 * Whether to look for a while before sleeping: not at all, at the rings, or for the file too. What a wake-up costs differs between
 * machines by a factor of ten: where it is dear, a driver that answers within some tens of microseconds is better waited for awake;
 * where it is cheap, that is wasted.
 *
 * So each is tried under a load, and what it is worth is judged by the requests that it lets through and the processor time of one.
 * What loses is tried again, ever more rarely. A disk that has nothing to do for a millisecond does not look, and the next load begins
 * with what was best.
 *
 * Who looks for a file that takes its time sleeps through the most of that: so long that the usual request ends soon after.
 */
import { performance } from 'node:perf_hooks';
import { threadProcessorUs } from '#shared/sys/clock.ts';

/** As long as Cloud Hypervisor's vhost_user_block looks. */
const LONGEST_US = 50;
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
const HOPELESS = 4;
/** Measurements before the next trial: at first, after one that was won, at most. */
const FIRST_TRIAL = 1;
const NEXT_TRIAL = 16;
const RAREST_TRIAL = 256;

/** How long after a nap a file should let itself be waited for; and how much of what is off is put right each time. */
const AWAKE_US = 10;
const CORRECTION = 1 / 16;
/** What is sooner is not worth going to sleep, and what is later is not worth polling for. */
const SHORTEST_NAP_US = 8;
const LONGEST_NAP_US = 500;

/** What is looked at before sleeping. */
const NOTHING = 0;
const RINGS = 1;
const ALL = 2;
type Mode = typeof NOTHING | typeof RINGS | typeof ALL;

export interface Clocks {
  /** Milliseconds. */
  now(): number;
  /** What this thread has had of a processor, in microseconds. */
  processorUs(): number;
}

const CLOCKS: Clocks = { now: () => performance.now(), processorUs: threadProcessorUs };

export class SpinPolicy {
  readonly #clocks: Clocks;
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
  #forFile = false;
  #napUs = 0;
  #sleptAt = 0;

  constructor(clocks: Clocks = CLOCKS) {
    this.#clocks = clocks;
    this.#beginWindow(clocks.now());
  }

  /** Something was done, and so many requests begun; the next wait begins when there is nothing. Hot. */
  did(requests: number): void {
    this.#requests += requests;
    if (this.#since === undefined) return;
    if (this.#forFile) this.#correctNap(this.#looks === 0 ? 0 : (this.#clocks.now() - this.#since) * 1000);
    this.#since = undefined;
    this.#waited();
  }

  /**
   * There is nothing to do, and the engine has requests or it has none. 0: look again; a number: sleep for so many microseconds at
   * most, and say `napped`; Infinity: sleep, and say `sleeps` and `wakes`. Hot.
   */
  wait(forFile: boolean): number {
    if (this.#mode === NOTHING) return Infinity;
    if (forFile && this.#mode === RINGS) {
      this.#meetsFiles = true;
      return Infinity;
    }
    if (this.#since === undefined) {
      this.#since = this.#clocks.now();
      this.#looks = 0;
      this.#forFile = forFile;
      if (forFile && this.#napUs >= SHORTEST_NAP_US) return this.#napUs;
    }
    this.#looks++;
    const goesOn = this.#looks % LOOKS !== 0 || (this.#clocks.now() - this.#since) * 1000 < LONGEST_US;
    return goesOn ? 0 : Infinity;
  }

  /** The look begins. */
  napped(): void {
    this.#since = this.#clocks.now();
  }

  /** Hot, as `wakes`: the clock is not looked at where it need not be. */
  sleeps(): void {
    if (this.#since !== undefined && this.#forFile) this.#correctNap(LONGEST_US);
    this.#since = undefined;
    if (this.#mode !== NOTHING) this.#sleptAt = this.#clocks.now();
  }

  wakes(): void {
    if (this.#mode === NOTHING) return this.#waited();
    const now = this.#clocks.now();
    if (now - this.#sleptAt < IDLE_MS) this.#waited();
    else this.#rest(now);
  }

  /** A file was looked for during so many microseconds after the last nap; 0: it was there before. */
  #correctNap(awakeUs: number): void {
    const nap = this.#napUs + (awakeUs - AWAKE_US) * CORRECTION;
    this.#napUs = Math.min(LONGEST_NAP_US, Math.max(0, nap));
  }

  /** There is no load, or one that no look helps. */
  #rest(now: number): void {
    this.#mode = NOTHING;
    this.#isResting = true;
    this.#interval = Math.min(this.#interval, NEXT_TRIAL);
    this.#trialIn = Math.min(this.#trialIn, NEXT_TRIAL);
    this.#beginMeasurement();
    this.#beginWindow(now);
  }

  /** There is a load. What was done until now was not done as it will be. */
  #resume(): void {
    this.#mode = this.#best;
    this.#isResting = false;
    this.#beginMeasurement();
  }

  #waited(): void {
    this.#waits++;
    if (this.#waits < (this.#isResting ? RESTED : WAITS)) return;
    const now = this.#clocks.now();
    if (now - this.#begun > this.#waits * IDLE_MS) return this.#rest(now);
    const requests = Math.max(this.#requests, 1);
    const rate = requests / Math.max(now - this.#begun, 1e-3);
    const processorUs = this.#processorUs;
    this.#beginWindow(now);
    if (rate > this.#rate) {
      this.#rate = rate;
      this.#cost = (this.#processorUs - processorUs) / requests;
    }
    if (this.#isResting) return this.#resume();
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
    this.#processorUs = this.#clocks.processorUs();
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

/** Requests a millisecond, and microseconds of a processor for each: twice the rate may cost four times as much. */
function worthOf(rate: number, cost: number): number {
  return (rate * rate) / Math.max(cost, 1e-3);
}
