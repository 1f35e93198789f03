/** What a vCPU that cannot go on does to its machine. */
import type { FatalExit } from '../kvm/exit.ts';

/** A machine that fails again this soon after a reset would do so for ever. */
export const REPEAT_WINDOW_MS = 5000;

export class FaultPolicy {
  readonly #noReboot: boolean;
  #lastResetMs = -Infinity;

  /** `noReboot`: the first triple fault stops the machine too. */
  constructor(noReboot: boolean) {
    this.#noReboot = noReboot;
  }

  /** A triple fault resets the machine, as it does a real one, unless it just did; anything else is KVM's end, and so the machine's. */
  decide(exit: FatalExit, nowMs: number): 'reset' | 'stop' {
    if (exit.kind !== 'triple-fault' || this.#noReboot) return 'stop';
    const again = nowMs - this.#lastResetMs < REPEAT_WINDOW_MS;
    this.#lastResetMs = nowMs;
    return again ? 'stop' : 'reset';
  }
}
