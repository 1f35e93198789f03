/** How a machine's run ended, and what its user is told. */
import { constants } from 'node:os';
import { EXIT } from '#shared/sys/process-exit.ts';

export interface Outcome {
  /** Of `chctl run`. */
  readonly status: number;
  /** Lines for the user; none where all is well. */
  readonly lines: readonly string[];
}

export const POWERED_OFF: Outcome = { status: EXIT.poweredOff, lines: [] };

export function endedBySignal(signal: NodeJS.Signals): Outcome {
  return { status: 128 + constants.signals[signal], lines: [] };
}

export function failed(...lines: readonly string[]): Outcome {
  return { status: EXIT.failed, lines };
}

export function guestFault(message: string): Outcome {
  return { status: EXIT.guestFault, lines: message.split('\n') };
}

export function deviceLost(...lines: readonly string[]): Outcome {
  return { status: EXIT.deviceLost, lines };
}
