/** A command line of options that may be given once each, and of other words; what is wrong with it is one line for the user. */
import { parseArgs } from 'node:util';
import { type Result, err, ok } from '../lang/result.ts';
import { renderConfigError } from './render-error.ts';

/** Takes no value. */
export const FLAG = Symbol('flag');

/** What the value of each option looks like in a message (`PATH`), by the option's name without its dashes. */
export type OptionShapes<N extends string> = Readonly<Record<N, string | typeof FLAG>>;

const SHORT: Readonly<Record<string, string>> = { '-h': '--help', '-V': '--version' };

export interface StrictArguments<N extends string> {
  readonly positionals: readonly string[];
  /** The options that were given, in their order. */
  readonly names: readonly N[];
  readonly text: (option: N) => string | undefined;
  readonly has: (option: N) => boolean;
}

export function parseStrictly<N extends string>(argv: readonly string[], shapes: OptionShapes<N>): Result<StrictArguments<N>, string> {
  const known = Object.keys(shapes).filter((name): name is N => name in shapes);
  const options = Object.fromEntries(known.map((name) => [name, { type: shapes[name] === FLAG ? 'boolean' : 'string' } as const]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<N, string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { rawName, value, inlineValue } = token;
    const name = known.find((one) => `--${one}` === (SHORT[rawName] ?? rawName));
    if (name === undefined) {
      return err(renderConfigError({ code: 'UNKNOWN_OPTION', option: rawName, known: known.map((one) => `--${one}`) }));
    }
    const shape = shapes[name];
    if (shape === FLAG && value !== undefined) return err(renderConfigError({ code: 'UNEXPECTED_VALUE', option: rawName, value }));
    // The next option is nobody's value, unless it stands behind an equal sign.
    const isMissing = value === undefined || (inlineValue === false && value.startsWith('--'));
    if (shape !== FLAG && isMissing) return err(renderConfigError({ code: 'MISSING_VALUE', option: rawName, expected: String(shape) }));
    if (given.has(name)) return err(renderConfigError({ code: 'REPEATED_OPTION', option: rawName }));
    given.set(name, value ?? '');
  }
  return ok({ positionals, names: [...given.keys()], text: (option) => given.get(option), has: (option) => given.has(option) });
}
