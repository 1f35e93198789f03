/** Reads a back end's answers. Each is compared with its question: a back end is as hostile as a guest. */
import { type Result, err, ok } from '../../lang/result.ts';
import type { OwnedFd } from '../../sys/owned-fd.ts';
import type { FrontendError, PayloadError } from '../errors.ts';
import { type InflightDescription, parseConfigAccess, parseInflight, parseU64, parseVringState } from '../message.ts';
import { VHOST_USER, VHOST_USER_STATE_NOFD, VHOST_USER_STATE_STATUS_MASK, VhostUserConfig } from '../spec.ts';
import type { Decode } from './pipeline.ts';

/** An in-flight area as the back end made it. The receiver closes `file`. */
export interface InflightFile {
  readonly description: InflightDescription;
  readonly file: OwnedFd;
}

/** An acknowledgement: zero, or the back end's no. */
export function acknowledgement(request: number): Decode<void> {
  return (payload, fds) => {
    const status = u64(request)(payload, fds);
    if (!status.ok) return status;
    return status.value === 0n ? ok() : err({ code: 'REFUSED', request, status: status.value });
  };
}

export function u64(request: number): Decode<bigint> {
  return (payload, fds) => without(request, fds, () => mapError(request, parseU64(payload)));
}

/** A number between `lowest` and `highest`. */
export function bounded(request: number, field: string, limits: { readonly lowest: number; readonly highest: number }): Decode<number> {
  return (payload, fds) => {
    const value = u64(request)(payload, fds);
    if (!value.ok) return value;
    if (value.value < BigInt(limits.lowest) || value.value > BigInt(limits.highest)) return err({ code: 'WRONG_ANSWER', request, field });
    return ok(Number(value.value));
  };
}

/** GET_VRING_BASE: the next available index of ring `index`. */
export function vringBase(index: number): Decode<number> {
  const request = VHOST_USER.GET_VRING_BASE;
  return (payload, fds) =>
    without(request, fds, () => {
      const state = mapError(request, parseVringState(payload));
      if (!state.ok) return state;
      if (state.value.index !== index) return err({ code: 'WRONG_ANSWER', request, field: 'index' });
      return state.value.num > 0xffff ? err({ code: 'WRONG_ANSWER', request, field: 'base' }) : ok(state.value.num);
    });
}

/** GET_CONFIG: the bytes asked for. An answer without any is the back end's no. */
export function configBytes(offset: number, length: number): Decode<Uint8Array> {
  const request = VHOST_USER.GET_CONFIG;
  return (payload, fds) =>
    without(request, fds, () => {
      if (payload.byteLength === 0 || (payload.byteLength === VhostUserConfig.size && VhostUserConfig.get.size(payload, 0) === 0)) {
        return err({ code: 'REFUSED', request, status: 1n });
      }
      const access = mapError(request, parseConfigAccess(payload));
      if (!access.ok) return access;
      const { bytes } = access.value;
      if (access.value.offset !== offset || bytes.length !== length) return err({ code: 'WRONG_ANSWER', request, field: 'range' });
      return ok(bytes.slice());
    });
}

/** GET_INFLIGHT_FD; undefined where the back end keeps no record. */
export function inflightFile(queueCount: number, queueSize: number): Decode<InflightFile | undefined> {
  const request = VHOST_USER.GET_INFLIGHT_FD;
  return (payload, fds) => {
    const parsed = mapError(request, parseInflight(payload));
    if (!parsed.ok) return parsed;
    const description = parsed.value;
    const expected = description.size === 0 ? 0 : 1;
    if (fds.length !== expected) return err({ code: 'WRONG_DESCRIPTORS', request, count: fds.length, expected });
    const file = fds.shift();
    if (file === undefined) return ok<InflightFile | undefined>(undefined);
    // Which queues it is for is our say: some back ends leave the two fields as they were, others clear them.
    return ok<InflightFile | undefined>({ description: { ...description, queueCount, queueSize }, file });
  };
}

/** SET_DEVICE_STATE_FD: the descriptor to use in the place of ours; undefined: there is none. */
export function transferFile(): Decode<OwnedFd | undefined> {
  const request = VHOST_USER.SET_DEVICE_STATE_FD;
  return (payload, fds) => {
    const value = mapError(request, parseU64(payload));
    if (!value.ok) return value;
    const status = value.value & VHOST_USER_STATE_STATUS_MASK;
    if (status !== 0n) return err({ code: 'REFUSED', request, status });
    const expected = (value.value & VHOST_USER_STATE_NOFD) === 0n ? 1 : 0;
    if (fds.length !== expected) return err({ code: 'WRONG_DESCRIPTORS', request, count: fds.length, expected });
    return ok<OwnedFd | undefined>(fds.shift());
  };
}

function without<T>(request: number, fds: readonly OwnedFd[], read: () => Result<T, FrontendError>): Result<T, FrontendError> {
  return fds.length === 0 ? read() : err({ code: 'WRONG_DESCRIPTORS', request, count: fds.length, expected: 0 });
}

function mapError<T>(request: number, parsed: Result<T, PayloadError>): Result<T, FrontendError> {
  return parsed.ok ? parsed : err({ code: 'BAD_REPLY', request, cause: parsed.error });
}
