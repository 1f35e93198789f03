/** The outcome of a step whose failure is expected: a value, never an exception. */
export type Result<T, E> = Ok<T> | Err<E>;

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Err<E> {
  readonly ok: false;
  readonly error: E;
}

export function ok(): Ok<void>;
export function ok<T>(value: T): Ok<T>;
export function ok<T>(value?: T): Ok<T | undefined> {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/** The value of a step that cannot fail here; a failure is our own mistake and throws with `context`. */
export function expect<T, E>(result: Result<T, E>, context: string): T {
  if (result.ok) return result.value;
  throw new Error(`${context}: ${describe(result.error)}`, { cause: result.error });
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return JSON.stringify(error);
}
