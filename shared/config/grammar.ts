/**
 * The grammar of an option's value: `key=value` pairs separated by commas. Double quotes protect commas, equal signs and
 * brackets, and `""` inside quotes is one quote; brackets nest and protect commas. The grammar knows no option: it only takes
 * text apart.
 */
import { type Result, err, ok } from '../lang/result.ts';

export interface Pair {
  readonly key: string;
  /** Undefined where there was no equal sign. A list keeps its brackets and the quotes inside them. */
  readonly value: string | undefined;
}

/** What is wrong with the text, as the end of a sentence: `a quote is not closed`. */
export type GrammarProblem = string;

/** Takes `a=1,b="x,y",c=[1,2]` apart. Empty text is no pairs; an empty piece between commas is refused. */
export function splitPairs(text: string): Result<readonly Pair[], GrammarProblem> {
  if (text.trim() === '') return ok([]);
  const pieces = splitOutside(text.trim(), ',');
  if (!pieces.ok) return pieces;
  const pairs: Pair[] = [];
  for (const piece of pieces.value) {
    if (piece === '') return err('there is nothing between two commas');
    const pair = splitPair(piece);
    if (pair.key === '') return err(`there is no key before "${piece}"`);
    pairs.push(pair);
  }
  return ok(pairs);
}

/** The items of `[a,b,"c,d"]`; the outer brackets may be missing where `bracketless` allows it. */
export function splitList(text: string, bracketless: boolean): Result<readonly string[], GrammarProblem> {
  const bracketed = text.startsWith('[') && text.endsWith(']');
  if (!bracketed && !bracketless) return err('a list stands in brackets');
  const inner = bracketed ? text.slice(1, -1) : text;
  if (inner.trim() === '') return ok([]);
  const items = splitOutside(inner, ',');
  return items.ok ? ok(items.value.map(unquote)) : items;
}

/** The items of `[left@right,left@[a,b]]`, each taken apart at its first `@`. */
export function splitTuples(text: string): Result<readonly (readonly [string, string])[], GrammarProblem> {
  const items = splitList(text, false);
  if (!items.ok) return items;
  const tuples: [string, string][] = [];
  for (const item of items.value) {
    const at = item.indexOf('@');
    if (at <= 0 || at === item.length - 1) return err(`"${item}" is not left@right`);
    tuples.push([item.slice(0, at), item.slice(at + 1)]);
  }
  return ok(tuples);
}

/** Splits at every `separator` that stands outside quotes and brackets. */
function splitOutside(text: string, separator: string): Result<readonly string[], GrammarProblem> {
  const pieces: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '[') depth++;
    else if (character === ']' && --depth < 0) return err('a bracket is closed that was not opened');
    else if (character === separator && depth === 0) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (quoted) return err('a quote is not closed');
  if (depth > 0) return err('a bracket is not closed');
  pieces.push(text.slice(start));
  return ok(pieces);
}

function splitPair(piece: string): Pair {
  const equals = equalsOutsideQuotes(piece);
  if (equals < 0) return { key: unquote(piece), value: undefined };
  const value = piece.slice(equals + 1);
  return { key: unquote(piece.slice(0, equals)), value: value.startsWith('[') ? value : unquote(value) };
}

function equalsOutsideQuotes(piece: string): number {
  let quoted = false;
  for (let at = 0; at < piece.length; at++) {
    if (piece[at] === '"') quoted = !quoted;
    else if (piece[at] === '=' && !quoted) return at;
  }
  return -1;
}

/** Drops the quotes; two of them inside a quoted part are one. */
function unquote(text: string): string {
  if (!text.includes('"')) return text;
  let plain = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '"') plain += text[at];
    else if (quoted && text[at + 1] === '"') {
      plain += '"';
      at++;
    } else quoted = !quoted;
  }
  return plain;
}
