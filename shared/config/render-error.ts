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
      return unknownKey(error.option, error.key, error.known);
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

/** The known name nearest to `given`, if at most a third of it is mistyped: two letters are near to every other two. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const typed = given.toLowerCase();
  let best: string | undefined;
  let bestSteps = Infinity;
  for (const name of known) {
    const steps = mistakes(typed, name);
    if (steps < bestSteps && steps * 3 <= Math.max(typed.length, name.length)) {
      best = name;
      bestSteps = steps;
    }
  }
  return best;
}

/** Two neighbours that are swapped are one mistake, which takes two edits. */
function mistakes(given: string, name: string): number {
  const swapped = given.length === name.length && sorted(given) === sorted(name);
  return swapped ? distance(given, name) / 2 : distance(given, name);
}

function sorted(text: string): string {
  return Array.from(text).toSorted().join('');
}

function suggestion(given: string, known: readonly string[]): string {
  const name = nearest(given, known);
  return name === undefined ? '' : `; did you mean ${quote(name)}?`;
}

function unknownKey(option: string, key: string, known: readonly string[]): string {
  const meant = suggestion(key, known);
  const all = `known keys are ${known.join(', ')}`;
  return `${option}: unknown key ${quote(key)}${meant === '' ? `; ${all}` : `${meant} (${all})`}`;
}

function setting(option: string, key: string | undefined, value: string | undefined): string {
  if (key === undefined) return value === undefined ? option : `${option} ${quote(value)}`;
  return `${option} ${key}${value === undefined ? '' : `=${printable(value)}`}`;
}

function quote(text: string): string {
  return `"${printable(text)}"`;
}
