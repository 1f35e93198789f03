/** How the verbs of `chctl image` read their arguments and say what went wrong. */
import { type OptionShapes, type StrictArguments, parseStrictly } from '#shared/config/strict-arguments.ts';
import { type Result, err } from '#shared/lang/result.ts';

/** `process` is one. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export type Fault = { readonly code: 'USAGE' | 'FAILED'; readonly message: string };
export type Outcome = Result<void, Fault>;

/** The words behind a verb; what is wrong with them is a usage error. */
export function parse<N extends string>(argv: readonly string[], shapes: OptionShapes<N>): Result<StrictArguments<N>, Fault> {
  const parsed = parseStrictly(argv, shapes);
  return parsed.ok ? parsed : usage(parsed.error);
}

export function usage(message: string): Result<never, Fault> {
  return err({ code: 'USAGE', message });
}

export function failed(message: string): Result<never, Fault> {
  return err({ code: 'FAILED', message });
}
