/** How the verbs of `chctl image` read their arguments and say what went wrong. */
import { parseArgs } from 'node:util';
import { type Result, err, ok } from '#shared/lang/result.ts';

/** `process` is one. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export type Fault = { readonly code: 'USAGE' | 'FAILED'; readonly message: string };
export type Outcome = Result<void, Fault>;

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

export interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

export function parse(argv: readonly string[], options: Options): Result<Parsed, Fault> {
  try {
    return ok(parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }));
  } catch (error) {
    return usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

export function text({ values }: Parsed, option: string): string | undefined {
  const value = values[option];
  return typeof value === 'string' ? value : undefined;
}

export function usage(message: string): Result<never, Fault> {
  return err({ code: 'USAGE', message });
}

export function failed(message: string): Result<never, Fault> {
  return err({ code: 'FAILED', message });
}
