/**
 * The three ways in which a guest ends or restarts its machine by a register: ACPI's sleep and reset register, the keyboard
 * controller's reset line, and the CMOS shutdown status.
 */
import { type IoHandler, allOnes } from '../bus/bus.ts';
import { ACPI_RESET_VALUE, ACPI_S5_VALUE } from '../memory/layout.ts';
import type { StateArena } from '../state/arena.ts';
import type { Effects } from '../state/effects.ts';

/** What is found in the power control's effect word. */
export const POWER_EFFECT = { reset: 1, powerOff: 2 } as const;

/**
 * A guest's wish to end, and the hold of the vCPU that wished: the write must not return to the guest, so whoever serves the
 * vCPU's exits asks `isHeld` after each of a port, and requests a pause of that vCPU then: it completes the write and stays out.
 */
export class PowerControl {
  readonly #words: Int32Array;
  readonly #effects: Effects;
  readonly #effectIndex: number;

  constructor(effectIndex: number, arena: StateArena, effects: Effects) {
    this.#words = arena.slice('power', 1, 8).words;
    this.#effects = effects;
    this.#effectIndex = effectIndex;
  }

  /** `POWER_EFFECT` bits; holds the vCPUs and tells the main thread. */
  request(bits: number): void {
    Atomics.or(this.#words, 0, bits);
    this.#effects.raise(this.#effectIndex, bits);
  }

  /** One atomic load. */
  get isHeld(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /** Lets held vCPUs go on: the machine was reset in place, or is to be stopped by other means. */
  release(): void {
    Atomics.store(this.#words, 0, 0);
  }

  /** What of its word cannot have been saved, once that is restored. */
  fault(): string | undefined {
    const bits = Atomics.load(this.#words, 0);
    return (bits & ~(POWER_EFFECT.reset | POWER_EFFECT.powerOff)) === 0 ? undefined : `power: a wish that is none (${bits})`;
  }

  /** After a restore: a wish that the saved machine had not been granted is wished again. */
  restored(): void {
    const bits = Atomics.load(this.#words, 0);
    if (bits !== 0) this.#effects.raise(this.#effectIndex, bits);
  }
}

/** Sleep control, sleep status and reset register in one byte (hardware-reduced ACPI; ACPI 6.5, 4.8.3.7). */
export class AcpiPowerPort implements IoHandler {
  readonly #power: PowerControl;

  constructor(power: PowerControl) {
    this.#power = power;
  }

  /** Sleep status: never woken, for nothing sleeps here but for good. */
  read(offset: number, size: number): number {
    return offset === 0 && size === 1 ? 0 : allOnes(size);
  }

  write(offset: number, size: number, value: number): void {
    if (offset !== 0 || size !== 1) return;
    if (value === ACPI_RESET_VALUE) this.#power.request(POWER_EFFECT.reset);
    else if (value === ACPI_S5_VALUE) this.#power.request(POWER_EFFECT.powerOff);
  }
}

const SYSTEM_CONTROL = 0;
const KEYBOARD_STATUS = 3;
/** Timer 2's output: firmware waits for it to rise. */
const TIMER_2_OUTPUT = 0x20;
const PULSE_RESET_LINE = 0xfe;

/** Ports 0x61-0x64: as much of a keyboard controller as it takes to reset through it. */
export class I8042Stub implements IoHandler {
  readonly #power: PowerControl;

  constructor(power: PowerControl) {
    this.#power = power;
  }

  read(offset: number, size: number): number {
    if (size === 1 && offset === SYSTEM_CONTROL) return TIMER_2_OUTPUT;
    // Both buffers empty: a command may be written, and no key waits.
    if (size === 1 && offset === KEYBOARD_STATUS) return 0;
    return allOnes(size);
  }

  write(offset: number, size: number, value: number): void {
    if (offset === KEYBOARD_STATUS && size === 1 && value === PULSE_RESET_LINE) this.#power.request(POWER_EFFECT.reset);
  }
}
