/** Goes on in the place of another process: what it hands over, and the moment from which this one serves. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { Successor, readSession } from '#shared/hand-over/index.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { SessionState } from '#shared/vhost-user/backend/index.ts';
import type { CommandServer } from '../control/command-server.ts';
import { isHostDevice } from '../control/image-size.ts';
import type { DataLoop } from '../data-loop.ts';
import { SECTOR_SIZE } from '../spec.ts';
import { type SharedStatistics, restoreStatistics } from '../stats/statistics.ts';
import { type DiskState, readDeviceState } from './device-state.ts';
import type { HeldImage } from './held-image.ts';

/** The other process has let go of it before. */
const LOCK_WAIT_MS = 2000;

interface Inheritance {
  readonly state: DiskState;
  /** Undefined: no front end is connected. */
  readonly session: SessionState<OwnedFd> | undefined;
  /** Of a process that was started by hand: where front ends connect, and clients. */
  readonly listener: OwnedFd | undefined;
  readonly clientListener: OwnedFd | undefined;
}

export interface TakingOverOptions {
  /** Not locked yet. */
  readonly image: HeldImage;
  readonly lockWaitMs?: number;
  readonly statistics: SharedStatistics;
}

export class TakingOver {
  readonly #successor: Successor;
  readonly #options: TakingOverOptions;
  #inherited: Inheritance | undefined;

  constructor(successor: Successor, options: TakingOverOptions) {
    this.#successor = successor;
    this.#options = options;
  }

  /** Where clients connect, of a process that was started by hand. */
  get clientListener(): OwnedFd | undefined {
    return this.#inherited?.clientListener;
  }

  /** Of the last change that clients know of. */
  get generation(): number {
    return this.#inherited?.state.generation ?? 1;
  }

  /**
   * All is there but what the other process has: waits until it gives that away, and locks the image. No later than when the format of
   * the image is opened, for it is as the other process leaves it; for a raw one only when everything else is there.
   */
  inherit(): Result<void, string> {
    if (this.#inherited !== undefined) return ok();
    const taken = this.#successor.takeOver();
    if (!taken.ok) return taken;
    const { message, descriptors } = taken.value;
    const session = message.session ? readSession(message.session, descriptors) : ok(undefined);
    if (!session.ok) return err(`the session cannot be taken over: ${session.error}`);
    const [listener, clientListener] = [descriptors.take(message.listener), descriptors.take(message.clientListener)];
    this.#inherited = { state: readDeviceState(message.device ?? {}), session: session.value, listener, clientListener };
    const { state } = this.#inherited;
    if (state.imageIdentity !== this.#options.image.identity) return err('the path of the image leads to another file now');
    const locked = this.#options.image.retake(this.#options.lockWaitMs || LOCK_WAIT_MS);
    return locked.ok ? locked : err(locked.error.line);
  }

  /** The disk becomes what it was, and this process the one that serves it; the error leaves it to the other one. */
  takeUp(loop: DataLoop, commands: CommandServer): Result<void, string> {
    loop.awaitThreads();
    const inherited = this.inherit();
    if (!inherited.ok || this.#inherited === undefined) return inherited;
    const { state, session, listener } = this.#inherited;
    const { device } = loop;
    if (isHostDevice(loop.image) && state.size < device.sectors * SECTOR_SIZE) device.resized(state.size / SECTOR_SIZE);
    const size = device.sectors * SECTOR_SIZE;
    if (size !== state.size) return err(`the image has ${size} bytes now, and its guest knows ${state.size}`);
    device.setLimits(state.limits);
    loop.limitsFill = state.limitsFill;
    device.writesBack = !state.writesThrough;
    restoreStatistics(this.#options.statistics, state.counters);
    const adopted = loop.adopt(session, listener?.take());
    if (!adopted.ok) return err(`the session cannot be taken over: ${adopted.error.code}`);
    if (state.isDrained) commands.beginDrained();
    if (!this.#successor.serves()) return err('the process that serves goes on, or has ended');
    loop.resume();
    return ok();
  }

  refuse(line: string): void {
    this.#successor.refuse(line);
  }
}
