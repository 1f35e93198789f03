/**
 * The MC146818 real-time clock and its CMOS memory: the host's time in UTC, binary-coded decimal and 24 hours, and the sizes of
 * memory that firmware looks for. The clock cannot be set: it is the host's. There are no alarms and no interrupt.
 */
import { type IoHandler, allOnes } from '../bus/bus.ts';
import { KIB, MIB } from '../memory/layout.ts';
import type { StateArena } from '../state/arena.ts';
import { POWER_EFFECT, type PowerControl } from './power.ts';

const INDEX = 0;
const DATA = 1;
const CMOS_SIZE = 128;
const INDEX_WORD = 0;
const MEMORY_BYTES = 8;

const SECONDS = 0x00;
const MINUTES = 0x02;
const HOURS = 0x04;
const DAY_OF_WEEK = 0x06;
const DAY_OF_MONTH = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const STATUS_A = 0x0a;
const STATUS_B = 0x0b;
const STATUS_C = 0x0c;
const STATUS_D = 0x0d;
const CENTURY = 0x32;
const MEMORY_ABOVE_16M = 0x34;
const MEMORY_ABOVE_4G = 0x5b;
/** Shutdown status with the NMI disabled: what BIOS-era code writes before it resets. */
const SHUTDOWN_STATUS = 0x8f;

const UPDATE_IN_PROGRESS = 0x80;
/** The divider of a 32.768 kHz crystal and the default rate. */
const STATUS_A_VALUE = 0x26;
const STATUS_B_24_HOURS = 0x02;
const STATUS_D_VALID = 0x80;
/** The registers are about to change in the last 244 us of each second; a millisecond is what this clock counts in. */
const UPDATE_FROM_MS = 999;

const MS_PER_DAY = 86_400_000;
const UNIT = 64 * KIB;

export interface CmosOptions {
  /** Bytes of RAM below and above 4 GiB. */
  readonly ramBelow4G: number;
  readonly ramAbove4G: number;
  /** Milliseconds since 1970 UTC; the host's clock by default. */
  readonly now?: () => number;
}

export class Cmos implements IoHandler {
  readonly #words: Int32Array;
  readonly #memory: Uint8Array;
  readonly #options: CmosOptions;
  readonly #now: () => number;
  readonly #power: PowerControl;

  constructor(options: CmosOptions, arena: StateArena, power: PowerControl) {
    const slice = arena.slice('cmos', 1, MEMORY_BYTES + CMOS_SIZE);
    this.#words = slice.words;
    this.#memory = slice.bytes.subarray(MEMORY_BYTES, MEMORY_BYTES + CMOS_SIZE);
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#power = power;
  }

  /** Power-on values; by one thread, before the first vCPU runs. */
  reset(): void {
    Atomics.store(this.#words, INDEX_WORD, 0);
    this.#memory.fill(0);
    const low = Math.min(0xffff, Math.floor(Math.max(0, this.#options.ramBelow4G - 16 * MIB) / UNIT));
    const high = Math.min(0xff_ffff, Math.floor(this.#options.ramAbove4G / UNIT));
    for (let byte = 0; byte < 2; byte++) this.#memory[MEMORY_ABOVE_16M + byte] = low >> (8 * byte);
    for (let byte = 0; byte < 3; byte++) this.#memory[MEMORY_ABOVE_4G + byte] = high >> (8 * byte);
  }

  read(offset: number, size: number): number {
    if (size !== 1) return allOnes(size);
    const index = Atomics.load(this.#words, INDEX_WORD);
    return offset === DATA ? this.#readRegister(index % CMOS_SIZE) : index;
  }

  write(offset: number, size: number, value: number): void {
    if (size !== 1) return;
    if (offset === INDEX) {
      Atomics.store(this.#words, INDEX_WORD, value);
      return;
    }
    const index = Atomics.load(this.#words, INDEX_WORD);
    if (index === SHUTDOWN_STATUS && value === 0) this.#power.request(POWER_EFFECT.reset);
    this.#memory[index % CMOS_SIZE] = value;
  }

  #readRegister(index: number): number {
    const ms = this.#now();
    const day = Math.floor(ms / MS_PER_DAY);
    switch (index) {
      case SECONDS:
        return bcd(Math.floor(ms / 1000) % 60);
      case MINUTES:
        return bcd(Math.floor(ms / 60_000) % 60);
      case HOURS:
        return bcd(Math.floor(ms / 3_600_000) % 24);
      case DAY_OF_WEEK:
        // The first of January 1970 was a Thursday; Sunday is 1.
        return ((day + 4) % 7) + 1;
      case DAY_OF_MONTH:
        return bcd(civilDate(day, 'day'));
      case MONTH:
        return bcd(civilDate(day, 'month'));
      case YEAR:
        return bcd(civilDate(day, 'year') % 100);
      case CENTURY:
        return bcd(Math.floor(civilDate(day, 'year') / 100));
      case STATUS_A:
        return STATUS_A_VALUE | (ms % 1000 >= UPDATE_FROM_MS ? UPDATE_IN_PROGRESS : 0);
      case STATUS_B:
        return STATUS_B_24_HOURS;
      case STATUS_C:
        return 0;
      case STATUS_D:
        return STATUS_D_VALID;
      default:
        return this.#memory[index] ?? 0;
    }
  }
}

function bcd(value: number): number {
  return (Math.floor(value / 10) << 4) | (value % 10);
}

/** One part of the Gregorian date of a day counted from 1970, without making a Date. Years begin in March here, so that leap days come last. */
function civilDate(day: number, part: 'year' | 'month' | 'day'): number {
  const fromEra = day + 719_468;
  const era = Math.floor(fromEra / 146_097);
  const dayOfEra = fromEra - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  if (part === 'month') return month;
  if (part === 'day') return dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  return era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
}
