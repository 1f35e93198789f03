/** Goes on in the place of another process: what it hands over, and the moment from which this one serves. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { Successor, readSession } from '#shared/hand-over/index.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { SessionState } from '#shared/vhost-user/backend/index.ts';
import { type DiskState, readDeviceState } from './device-state.ts';

export interface Inheritance {
  readonly state: DiskState;
  /** Undefined: no front end is connected. */
  readonly session: SessionState<OwnedFd> | undefined;
  /** Of a process that was started by hand: where front ends connect, and clients. */
  readonly listener: OwnedFd | undefined;
  readonly clientListener: OwnedFd | undefined;
}

/** All is there but what the other process has: waits until it gives that away. The image is not locked any more then. */
export function inherit(successor: Successor): Result<Inheritance, string> {
  const taken = successor.takeOver();
  if (!taken.ok) return taken;
  const { message, descriptors } = taken.value;
  const session = message.session ? readSession(message.session, descriptors) : ok(undefined);
  if (!session.ok) {
    descriptors.close();
    return err(`the session cannot be taken over: ${session.error}`);
  }
  return ok({
    state: readDeviceState(message.device ?? {}),
    session: session.value,
    listener: descriptors.take(message.listener),
    clientListener: descriptors.take(message.clientListener),
  });
}
