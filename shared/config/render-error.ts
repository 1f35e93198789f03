/** A configuration error as one line: what, which value, what to do. Loaded only when there is one. */
import { distance } from 'fastest-levenshtein';
import { unreachable } from '../lang/assert.ts';
import { printable } from '../lang/printable.ts';
import type { ConfigError } from './config-error.ts';

export function renderConfigError(error: ConfigError): string {
  switch (error.code) {
    case 'UNKNOWN_OPTION':
      return `unknown option ${quote(error.option)}${suggestion(error.option, error.known)}`;
    case 'UNKNOWN_KEY':
      return `${error.option}: unknown key ${quote(error.key)}${suggestion(error.key, error.known)}; known keys are ${error.known.join(', ')}`;
    case 'NOT_SUPPORTED_YET':
      return `${setting(error.option, error.key, error.value)} is not supported yet; ${error.instead ?? 'leave it out'}`;
    case 'UNEXPECTED_ARGUMENT':
      return `unexpected argument ${quote(error.argument)}; every value belongs to an option, such as --kernel PATH`;
    case 'MISSING_VALUE':
      return `${error.option} needs a value: ${error.option} ${error.expected}`;
    case 'UNEXPECTED_VALUE':
      return `${error.option} takes no value, but was given ${quote(error.value)}; leave the value out`;
    case 'REPEATED_OPTION':
      return `${error.option} is given twice; keep one of them`;
    case 'REPEATED_KEY':
      return `${error.option}: the key ${quote(error.key)} is given twice; keep one of them`;
    case 'MISSING_KEY':
      return `${error.option} ${quote(error.value)}: the key ${quote(error.key)} is missing; add ${error.key}=... (${error.expected})`;
    case 'BAD_SYNTAX':
      return `${error.option} ${quote(error.value)}: ${error.problem}`;
    case 'BAD_VALUE':
      return `${setting(error.option, error.key, error.value)}: expected ${error.expected}`;
    case 'CONFLICT':
      return `${error.first} and ${error.second} do not go together; ${error.resolve}`;
    case 'NEEDS_OPTION':
      return `${error.option} needs ${error.needed}; add ${error.needed} ${error.expected}`;
    case 'REPEATED_ID':
      return `two devices have the id ${quote(error.id)}; give each an id of its own`;
    case 'PATH_USED_TWICE':
      return `${quote(error.path)} is used by ${error.first} and by ${error.second}; ${error.why}`;
    default:
      return unreachable(error);
  }
}

/** The known name nearest to `given`, if one is near enough to have been meant. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(given.length / 3)) + 1;
  for (const name of known) {
    const steps = distance(given.toLowerCase(), name);
    if (steps < bestDistance) {
      best = name;
      bestDistance = steps;
    }
  }
  return best;
}

function suggestion(given: string, known: readonly string[]): string {
  const name = nearest(given, known);
  return name === undefined ? '' : `; did you mean ${quote(name)}?`;
}

function setting(option: string, key: string | undefined, value: string | undefined): string {
  if (key === undefined) return value === undefined ? option : `${option} ${quote(value)}`;
  return `${option} ${key}${value === undefined ? '' : `=${printable(value)}`}`;
}

function quote(text: string): string {
  return `"${printable(text)}"`;
}
