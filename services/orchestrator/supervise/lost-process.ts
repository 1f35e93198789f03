/** What is said of processes that have ended as they should not. */
import { type Child, type Ending, describeEnding } from './child.ts';
import { type Outcome, deviceLost, failed } from './outcome.ts';

/** Lines of a log that a user is shown. */
const SHOWN_LINES = 20;

export function isInOrder(ending: Ending): boolean {
  return ending.by === 'status' && ending.status === 0;
}

export function didNotStart(child: Child, ending: Ending): Outcome {
  return failed(`the process of device ${child.name} ${describeEnding(ending)} before the machine ran`, ...logTail(child));
}

export function lostDevice(child: Child, how: string): Outcome {
  return deviceLost(`device ${child.name} is lost: its process ${how}`, ...logTail(child));
}

export function silentFor(ms: number, children: readonly Child[]): Outcome {
  const names = children.map((child) => child.name).join(', ');
  return failed(`the machine did not run within ${ms / 1000} s: no answer from ${names}`, ...children.flatMap((child) => logTail(child)));
}

/** The last lines that it has printed, under a heading. */
export function logTail(child: Child): readonly string[] {
  const lines = child.lastLines(SHOWN_LINES);
  return lines.length === 0 ? [] : [`last lines of ${child.name}:`, ...lines.map((line) => `  ${line}`)];
}
