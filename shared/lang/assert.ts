/** Holds for our own promises only: input from a guest, a peer or a user is never asserted. A failure ends the process. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of an exhaustive switch; does not compile while a variant is unhandled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
