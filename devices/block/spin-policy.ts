/**
 * Whether to look at the rings for a while before sleeping. What a wake-up costs differs between machines by a factor of ten: where it
 * is dear, a driver that answers within some tens of microseconds is better waited for awake; where it is cheap, that is wasted.
 *
 * So both are tried under a load, and compared by the requests that they let through and by the processor time of each: polling has to
 * save time and to cost nothing, or to bring a quarter more. What loses is tried again, ever more rarely. A disk that has nothing to do
 * for a millisecond does not poll, and begins anew with the next load.
 *
 * Who polls for a file that takes its time sleeps through the most of that: so long that the usual request ends soon after.
 */
import { performance } from 'node:perf_hooks';

/** As long as Cloud Hypervisor's vhost_user_block looks. */
const LONGEST_US = 50;
const IDLE_MS = 1;
/** Looks between two at the clock, which costs as much as some of them. */
const LOOKS = 16;
/** Waits that are measured as one; and how often, for the best of them to count: others of the machine's programs disturb some. */
const WAITS = 64;
const WINDOWS = 4;
/** Of requests a millisecond; and what counts as the same. */
const GAIN = 1.25;
const EVEN = 1.02;
const FIRST_TRIAL = 16;
const RAREST_TRIAL = 256;

/** How long after a nap a file should let itself be waited for; and how much of what is off is put right each time. */
const AWAKE_US = 10;
const CORRECTION = 1 / 16;
/** What is sooner is not worth going to sleep, and what is later is not worth polling for. */
const SHORTEST_NAP_US = 8;
const LONGEST_NAP_US = 500;

const SLEEP = 0;
const POLL = 1;
type Mode = typeof SLEEP | typeof POLL;

export interface Clocks {
  /** Milliseconds. */
  now(): number;
  /** What this thread has had of a processor, in microseconds. */
  processorUs(): number;
}

const CLOCKS: Clocks = {
  now: () => performance.now(),
  processorUs: () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },
};

export class SpinPolicy {
  readonly #clocks: Clocks;
  #mode: Mode = SLEEP;
  /** What is better, as far as is known. */
  #best: Mode = SLEEP;
  /** By mode: requests a millisecond, 0: not known; and the processor time of one. */
  readonly #rates: [number, number] = [0, 0];
  readonly #costs: [number, number] = [0, 0];
  #trialIn = FIRST_TRIAL;
  #interval = FIRST_TRIAL;

  /** Of the present window: when it began, what it has done, how often it waited. */
  #begun = 0;
  #processorUs = 0;
  #work = 0;
  #waits = 0;
  /** Windows of this measurement so far, and the best of them. */
  #windows = 0;
  #fastest = 0;
  #cheapest = Infinity;

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

  /** So much was done; the next wait begins when there is nothing. Hot. */
  did(work: number): void {
    this.#work += work;
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
    if (this.#mode === SLEEP) return Infinity;
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
    if (this.#mode === POLL) this.#sleptAt = this.#clocks.now();
  }

  wakes(): void {
    if (this.#mode === SLEEP) return this.#waited();
    const now = this.#clocks.now();
    if (now - this.#sleptAt < IDLE_MS) this.#waited();
    else this.#forget(now);
  }

  /** A file was looked for during so many microseconds after the last nap; 0: it was there before. */
  #correctNap(awakeUs: number): void {
    const nap = this.#napUs + (awakeUs - AWAKE_US) * CORRECTION;
    this.#napUs = Math.min(LONGEST_NAP_US, Math.max(0, nap));
  }

  #forget(now: number): void {
    this.#mode = SLEEP;
    this.#best = SLEEP;
    this.#rates.fill(0);
    this.#trialIn = FIRST_TRIAL;
    this.#interval = FIRST_TRIAL;
    this.#beginMeasurement();
    this.#beginWindow(now);
  }

  #waited(): void {
    this.#waits++;
    if (this.#waits < WAITS) return;
    const now = this.#clocks.now();
    if (now - this.#begun > WAITS * IDLE_MS) return this.#forget(now);
    const work = Math.max(this.#work, 1);
    const processorUs = this.#processorUs;
    this.#fastest = Math.max(this.#fastest, work / Math.max(now - this.#begun, 1e-3));
    this.#beginWindow(now);
    this.#cheapest = Math.min(this.#cheapest, (this.#processorUs - processorUs) / work);
    this.#windows++;
    if (this.#windows < WINDOWS) return;
    this.#rates[this.#mode] = this.#fastest;
    this.#costs[this.#mode] = this.#cheapest;
    this.#beginMeasurement();
    this.#choose();
  }

  #beginMeasurement(): void {
    this.#windows = 0;
    this.#fastest = 0;
    this.#cheapest = Infinity;
  }

  #beginWindow(now: number): void {
    this.#begun = now;
    this.#processorUs = this.#clocks.processorUs();
    this.#work = 0;
    this.#waits = 0;
  }

  /** What to do until the next measurement is complete. */
  #choose(): void {
    const isKnown = this.#rates[POLL] > 0;
    const before = this.#best;
    if (isKnown) this.#best = this.#pays() ? POLL : SLEEP;
    if (this.#mode !== before) this.#interval = this.#best === before ? Math.min(RAREST_TRIAL, this.#interval * 2) : FIRST_TRIAL;
    if (this.#mode !== before) this.#trialIn = this.#interval;
    this.#trialIn--;
    const isTrial = !isKnown || this.#trialIn < 0;
    this.#mode = isTrial ? other(this.#best) : this.#best;
  }

  #pays(): boolean {
    const gain = this.#rates[POLL] / this.#rates[SLEEP];
    return gain > GAIN || (gain > EVEN && this.#costs[POLL] < this.#costs[SLEEP] * EVEN);
  }
}

function other(mode: Mode): Mode {
  return mode === SLEEP ? POLL : SLEEP;
}
