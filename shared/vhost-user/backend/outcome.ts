/** What becomes of one request. */
import { type Result, ok } from '../../lang/result.ts';
import type { Fd } from '../../sys/owned-fd.ts';
import type { RequestError } from '../errors.ts';
import { encodeU64 } from '../message.ts';

/** A request's own answer, or none: then it may be acknowledged. */
export interface Answer {
  readonly payload: DataView;
  /** Lent. */
  readonly file?: Fd;
}

export type Outcome = Result<Answer | undefined, RequestError>;

export const DONE: Outcome = ok(undefined);

/** The next step with the value, or the error of the one before. */
export function andThen<T, U, E>(step: Result<T, E>, next: (value: T) => Result<U, E>): Result<U, E> {
  return step.ok ? next(step.value) : step;
}

export function answer(payload: DataView): Outcome {
  return ok({ payload });
}

export function answerU64(value: bigint): Outcome {
  return answer(encodeU64(value));
}
