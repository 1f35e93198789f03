/** A command line as options with their values, in Cloud Hypervisor's manner: `--disk path=a path=b --disk path=c`. */
import { parseArgs } from 'node:util';
import { type Result, err, ok } from '../lang/result.ts';
import type { ConfigError } from './config-error.ts';
import { OPTIONS, type OptionName, type OptionSpec, builtOptions, optionSpec } from './option-table.ts';

/** What was given: a flag has one empty value for each time. Every name is a built option's. */
export type GivenOptions = ReadonlyMap<string, readonly string[]>;

export function parseCommandLine(args: readonly string[]): Result<GivenOptions, ConfigError> {
  const { tokens } = parseArgs({ args: [...args], options: parserOptions(), strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  let repeating: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') return err({ code: 'UNEXPECTED_ARGUMENT', argument: '--' });
    if (token.kind === 'positional') {
      // Several values behind one flag.
      if (repeating === undefined) return err({ code: 'UNEXPECTED_ARGUMENT', argument: token.value });
      repeating.push(token.value);
      continue;
    }
    const checked = checkOption(token.name, token.rawName, token.value);
    if (!checked.ok) return checked;
    const values = given.get(token.name) ?? [];
    if (values.length > 0 && checked.value.value !== undefined && checked.value.repeats !== true) {
      return err({ code: 'REPEATED_OPTION', option: token.rawName });
    }
    values.push(token.value ?? '');
    given.set(token.name, values);
    repeating = checked.value.repeats === true ? values : undefined;
  }
  return ok(given);
}

function checkOption(name: string, rawName: string, value: string | undefined): Result<OptionSpec, ConfigError> {
  const spec = optionSpec(name);
  if (spec === undefined) return err({ code: 'UNKNOWN_OPTION', option: rawName, known: builtOptions() });
  if (spec.notYet === true) return err({ code: 'NOT_SUPPORTED_YET', option: rawName });
  if (spec.value !== undefined && value === undefined) return err({ code: 'MISSING_VALUE', option: rawName, expected: spec.value });
  if (spec.value === undefined && value !== undefined) return err({ code: 'UNEXPECTED_VALUE', option: rawName, value });
  return ok(spec);
}

interface ParserOption {
  readonly type: 'string' | 'boolean';
  readonly multiple: true;
  readonly short?: string;
}

const SHORT: Partial<Record<OptionName, string>> = { verbose: 'v', help: 'h', version: 'V' };

function parserOptions(): Record<string, ParserOption> {
  const shorts: Readonly<Record<string, string | undefined>> = SHORT;
  const options: Record<string, ParserOption> = {};
  for (const name of Object.keys(OPTIONS)) {
    const short = shorts[name];
    const type = optionSpec(name)?.value === undefined ? 'boolean' : 'string';
    options[name] = short === undefined ? { type, multiple: true } : { type, multiple: true, short };
  }
  return options;
}
