/**
 * A back end's own state over a pipe (vhost-user, "Migrating back-end state"), the front end's half. The bytes mean nothing here. A back
 * end may answer with a descriptor of its own, to be used in the place of ours.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import { EPOLLIN, EPOLLOUT } from '../../sys/epoll.ts';
import { EAGAIN } from '../../sys/errno.ts';
import { allocate } from '../../sys/ffi.ts';
import { fileStatus } from '../../sys/file-status.ts';
import type { OwnedFd } from '../../sys/owned-fd.ts';
import { createPipe, makeNonBlocking, readPipe, writePipe } from '../../sys/pipe.ts';
import type { Watcher } from '../../sys/watcher.ts';
import type { FrontendError } from '../errors.ts';
import { NOTHING, encodeStateTransfer } from '../message.ts';
import {
  VHOST_USER,
  VHOST_USER_TRANSFER_STATE_DIRECTION_LOAD,
  VHOST_USER_TRANSFER_STATE_DIRECTION_SAVE,
  VHOST_USER_TRANSFER_STATE_PHASE_STOPPED,
} from '../spec.ts';
import { acknowledgement, transferFile } from './answers.ts';
import type { Pipeline } from './pipeline.ts';

/** More than any device of ours has, or of virtiofsd's without what it has open. */
const MAX_STATE = 16 * 2 ** 20;
const PIECE = 64 * 1024;

export class StateTransfer {
  readonly #pipeline: Pipeline;
  readonly #watcher: Watcher;
  readonly #timeoutMs: number;

  constructor(pipeline: Pipeline, watcher: Watcher, timeoutMs: number) {
    this.#pipeline = pipeline;
    this.#watcher = watcher;
    this.#timeoutMs = timeoutMs;
  }

  async save(): Promise<Result<Uint8Array, FrontendError>> {
    const pipe = createPipe();
    if (!pipe.ok) return failed('no pipe');
    const [ours, theirs] = pipe.value;
    const source = await this.#begin(VHOST_USER_TRANSFER_STATE_DIRECTION_SAVE, ours, theirs);
    if (!source.ok) return source;
    const state = await this.#readAll(source.value);
    source.value.close();
    const checked = await this.#check();
    return checked.ok ? state : checked;
  }

  async load(state: Uint8Array): Promise<Result<void, FrontendError>> {
    const pipe = createPipe();
    if (!pipe.ok) return failed('no pipe');
    const [theirs, ours] = pipe.value;
    const target = await this.#begin(VHOST_USER_TRANSFER_STATE_DIRECTION_LOAD, ours, theirs);
    if (!target.ok) return target;
    const written = await this.#writeAll(target.value, state);
    target.value.close();
    const checked = await this.#check();
    return checked.ok ? written : checked;
  }

  /** The descriptor to go on with, ours or the back end's. */
  async #begin(direction: number, ours: OwnedFd, theirs: OwnedFd): Promise<Result<OwnedFd, FrontendError>> {
    const payload = encodeStateTransfer({ direction, phase: VHOST_USER_TRANSFER_STATE_PHASE_STOPPED });
    const question = { request: VHOST_USER.SET_DEVICE_STATE_FD, payload, fds: [theirs.fd], needsReply: false };
    const answer = await this.#pipeline.ask(question, transferFile());
    theirs.close();
    if (answer.ok && answer.value === undefined) return ok(ours);
    ours.close();
    if (!answer.ok) return answer;
    const own = answer.value;
    if (own === undefined) return failed('broken');
    const status = fileStatus(own.fd);
    const isPipe = status.ok && (status.value.kind === 'fifo' || status.value.kind === 'socket') && makeNonBlocking(own.fd).ok;
    if (isPipe) return ok(own);
    own.close();
    return failed('broken');
  }

  #check(): Promise<Result<void, FrontendError>> {
    const request = VHOST_USER.CHECK_DEVICE_STATE;
    return this.#pipeline.ask({ request, payload: NOTHING, needsReply: false }, acknowledgement(request));
  }

  #readAll(source: OwnedFd): Promise<Result<Uint8Array, FrontendError>> {
    const pieces: Uint8Array[] = [];
    const buffer = allocate(PIECE);
    let length = 0;
    return this.#whenever(source, EPOLLIN, () => {
      const got = readPipe(source.fd, buffer, 0, PIECE);
      if (!got.ok) return got.error.errno === EAGAIN ? undefined : failed('broken');
      if (got.value === 0) return ok(new Uint8Array(Buffer.concat(pieces)));
      pieces.push(buffer.bytes.slice(0, got.value));
      length += got.value;
      return length > MAX_STATE ? failed('too long') : undefined;
    });
  }

  #writeAll(target: OwnedFd, state: Uint8Array): Promise<Result<void, FrontendError>> {
    const buffer = allocate(Math.max(1, state.length));
    buffer.bytes.set(state);
    let done = 0;
    return this.#whenever(target, EPOLLOUT, () => {
      if (done === state.length) return ok();
      const written = writePipe(target.fd, buffer, done, state.length - done);
      if (!written.ok) return written.error.errno === EAGAIN ? undefined : failed('broken');
      done += written.value;
      return done === state.length ? ok() : undefined;
    });
  }

  /** Calls `step` whenever `fd` is ready, until it answers. */
  #whenever<T>(fd: OwnedFd, events: number, step: () => Result<T, FrontendError> | undefined): Promise<Result<T, FrontendError>> {
    return new Promise((resolve) => {
      const end = (result: Result<T, FrontendError>): void => {
        watch.close();
        timer.cancel();
        resolve(result);
      };
      const watch = this.#watcher.watch(fd.fd, events, () => {
        const result = step();
        if (result !== undefined) end(result);
      });
      const timer = this.#watcher.after(this.#timeoutMs, () => end(failed('timed out')));
    });
  }
}

function failed(problem: Extract<FrontendError, { code: 'STATE_TRANSFER' }>['problem']): {
  readonly ok: false;
  readonly error: FrontendError;
} {
  return err({ code: 'STATE_TRANSFER', problem });
}
