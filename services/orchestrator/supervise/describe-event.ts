/** What the core tells of, as a line for the user. */
import { EventKind, type FromCore } from '#shared/rpc/start-channel.ts';

export interface EventLine {
  /** 0 for what every user is told, 1 for what is normal. */
  readonly level: number;
  readonly line: string;
}

const NAMES: ReadonlyMap<number, readonly [level: number, name: string]> = new Map([
  [EventKind.RESET, [0, 'the guest was reset']],
  [EventKind.DEVICE_LOST, [0, 'a device is lost']],
  [EventKind.DEVICE_NEEDS_RESET, [0, 'a device needs a reset']],
  [EventKind.DEVICE_RECONNECTING, [1, 'a device waits for another process']],
  [EventKind.DEVICE_BACK, [1, 'a device is back']],
  [EventKind.DEVICE_OVERDUE, [0, 'a device has been without a process for too long']],
]);

export function describeEvent({ kind, deviceId, detail }: NonNullable<FromCore['event']>): EventLine {
  const [level, name] = NAMES.get(kind ?? 0) ?? [0, 'something has happened'];
  const about = [deviceId, detail].filter((part) => part !== undefined && part !== null && part !== '').join(': ');
  // A guest that asks for its reset gets what it wants.
  if (about === '') return { level: kind === EventKind.RESET ? 1 : level, line: name };
  return { level, line: `${name} (${about})` };
}
