/**
 * A device's own state over a pipe of the front end's (vhost-user, "Migrating back-end state"), with no ring running.
 *
 * Saving writes all of it at once: it is smaller than what a pipe takes without waiting. Loading reads what is there whenever there is
 * something, so that a front end that has more to say than a pipe holds is not kept waiting for ever; what has come is judged at
 * CHECK_DEVICE_STATE, after the front end has closed its end.
 */
import { type Result, err } from '../../lang/result.ts';
import { EAGAIN } from '../../sys/errno.ts';
import { type NativeBuffer, allocate } from '../../sys/ffi.ts';
import { fileStatus } from '../../sys/file-status.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { makeNonBlocking, readPipe, writePipe } from '../../sys/pipe.ts';
import type { StateTransfer as Wanted } from '../message.ts';
import {
  VHOST_USER_STATE_NOFD,
  VHOST_USER_TRANSFER_STATE_DIRECTION_LOAD,
  VHOST_USER_TRANSFER_STATE_DIRECTION_SAVE,
  VHOST_USER_TRANSFER_STATE_PHASE_STOPPED,
} from '../spec.ts';
import type { VhostUserDevice } from './device.ts';

/** A device's state is never longer: a pipe takes it whole (PIPE_BUF). */
export const MAX_DEVICE_STATE = 4096;

export type TransferProblem =
  | { readonly code: 'RINGS_RUNNING' | 'WRONG_DESCRIPTOR_TYPE' | 'STATE_TOO_LONG' | 'STATE_INCOMPLETE' | 'NO_TRANSFER' }
  | { readonly code: 'WRONG_DESCRIPTORS' | 'BAD_VALUE' }
  /** The device's own word for what is wrong with a state. */
  | { readonly code: 'STATE_REFUSED'; readonly cause: { readonly code: string } };

type Trace = (event: string, facts: Readonly<Record<string, unknown>>) => void;

interface Loading {
  readonly pipe: OwnedFd;
  readonly bytes: NativeBuffer;
  length: number;
}

export class StateTransfer {
  readonly #device: VhostUserDevice;
  readonly #trace: Trace;
  #loading: Loading | undefined;
  /** How the transfer went, or what there is to say where none did. */
  #problem: TransferProblem | undefined = { code: 'NO_TRANSFER' };

  constructor(device: VhostUserDevice, trace: Trace) {
    this.#device = device;
    this.#trace = trace;
  }

  /** Where the state that is being loaded comes from. */
  get pipe(): Fd | undefined {
    return this.#loading?.pipe.fd;
  }

  /** SET_DEVICE_STATE_FD: its answer. Takes the first of `fds` where it succeeds. A transfer of before is given up. */
  begin(wanted: Wanted, fds: OwnedFd[], isStopped: boolean): bigint {
    this.close();
    const problem = isStopped ? this.#begin(wanted, fds) : ({ code: 'RINGS_RUNNING' } as const);
    this.#problem = problem;
    if (problem === undefined) return VHOST_USER_STATE_NOFD;
    this.#trace('device state not transferred', { error: problem });
    return VHOST_USER_STATE_NOFD | 1n;
  }

  /** Takes what has come. */
  readable(): void {
    const loading = this.#loading;
    if (loading === undefined) return;
    for (;;) {
      // Room for one byte more than there may be: that it came says enough.
      const got = readPipe(loading.pipe.fd, loading.bytes, loading.length, MAX_DEVICE_STATE + 1 - loading.length);
      if (!got.ok) return got.error.errno === EAGAIN ? undefined : this.#fail({ code: 'STATE_INCOMPLETE' });
      if (got.value === 0) return this.#load(loading);
      loading.length += got.value;
      if (loading.length > MAX_DEVICE_STATE) return this.#fail({ code: 'STATE_TOO_LONG' });
    }
  }

  /** CHECK_DEVICE_STATE: its answer. */
  check(isStopped: boolean): bigint {
    if (isStopped) this.readable();
    else if (this.#loading !== undefined) this.#fail({ code: 'RINGS_RUNNING' });
    // "After the front end has closed its end": what is still under way is no more.
    if (this.#loading !== undefined) this.#fail({ code: 'STATE_INCOMPLETE' });
    const problem = this.#problem;
    this.close();
    if (problem !== undefined) this.#trace('device state not transferred', { error: problem });
    return problem === undefined ? 0n : 1n;
  }

  close(): void {
    this.#loading?.pipe.close();
    this.#loading = undefined;
    this.#problem = { code: 'NO_TRANSFER' };
  }

  #begin({ direction, phase }: Wanted, fds: OwnedFd[]): TransferProblem | undefined {
    const [pipe] = fds;
    if (pipe === undefined || fds.length !== 1) return { code: 'WRONG_DESCRIPTORS' };
    if (phase !== VHOST_USER_TRANSFER_STATE_PHASE_STOPPED) return { code: 'BAD_VALUE' };
    const status = fileStatus(pipe.fd);
    if (!status.ok || status.value.kind !== 'fifo' || !makeNonBlocking(pipe.fd).ok) return { code: 'WRONG_DESCRIPTOR_TYPE' };
    if (direction === VHOST_USER_TRANSFER_STATE_DIRECTION_SAVE) return this.#save(pipe.fd);
    if (direction !== VHOST_USER_TRANSFER_STATE_DIRECTION_LOAD) return { code: 'BAD_VALUE' };
    fds.shift();
    this.#loading = { pipe, bytes: allocate(MAX_DEVICE_STATE + 1), length: 0 };
    return undefined;
  }

  #save(pipe: Fd): TransferProblem | undefined {
    const state = this.#device.saveState();
    const buffer = allocate(Math.max(1, state.length));
    buffer.bytes.set(state);
    const written = writePipe(pipe, buffer, 0, state.length);
    return written.ok && written.value === state.length ? undefined : { code: 'STATE_INCOMPLETE' };
  }

  /** All has come. */
  #load({ pipe, bytes, length }: Loading): void {
    pipe.close();
    this.#loading = undefined;
    const loaded: Result<void, { readonly code: string }> =
      length === 0 ? err({ code: 'EMPTY' }) : this.#device.loadState(bytes.bytes.slice(0, length));
    this.#problem = loaded.ok ? undefined : { code: 'STATE_REFUSED', cause: loaded.error };
  }

  #fail(problem: TransferProblem): void {
    this.#loading?.pipe.close();
    this.#loading = undefined;
    this.#problem = problem;
  }
}
