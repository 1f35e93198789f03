/** How the text of one value becomes a typed one. */
import { splitList, splitTuples } from './grammar.ts';

export interface ValueType<T> {
  /** What a right value looks like, for "expected ...": `on or off`. */
  readonly expected: string;
  /** Undefined where the text is no such value. */
  parse(text: string): T | undefined;
}

export const text: ValueType<string> = { expected: 'text', parse: (value) => value };

export const toggle: ValueType<boolean> = {
  expected: 'on or off',
  parse(value) {
    const lower = value.toLowerCase();
    if (lower === 'on' || lower === 'true') return true;
    return lower === 'off' || lower === 'false' || lower === '' ? false : undefined;
  },
};

/** A decimal whole number within the bounds, both included. */
export function integer(lowest: number, highest: number): ValueType<number> {
  return {
    expected: `a whole number from ${lowest} to ${highest}`,
    parse(value) {
      const number = wholeNumber(value);
      return number === undefined || number < lowest || number > highest ? undefined : number;
    },
  };
}

export function powerOfTwo(lowest: number, highest: number): ValueType<number> {
  return {
    expected: `a power of two from ${lowest} to ${highest}`,
    parse(value) {
      const number = wholeNumber(value);
      return number === undefined || number < lowest || number > highest || !Number.isInteger(Math.log2(number)) ? undefined : number;
    },
  };
}

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes, with an optional binary suffix K, M, G or T. Not above 2^53-1. */
export const byteSize: ValueType<number> = {
  expected: 'a size in bytes, or with K, M, G or T behind it, such as 512M',
  parse(value) {
    const unit = UNITS[value.slice(-1).toUpperCase()];
    const count = wholeNumber(unit === undefined ? value : value.slice(0, -1));
    const bytes = count === undefined ? undefined : count * (unit ?? 1);
    return bytes === undefined || !Number.isSafeInteger(bytes) ? undefined : bytes;
  },
};

/** Longest list that a range may stand for. */
const MAX_LIST = 65_536;

/** `[0,2-4]`: whole numbers and ascending ranges. */
export const integerList: ValueType<readonly number[]> = {
  expected: 'a list of whole numbers and ascending ranges, such as [0,2-4]',
  parse(value) {
    const items = splitList(value, true);
    if (!items.ok) return undefined;
    const numbers: number[] = [];
    for (const item of items.value) {
      const [first, last] = rangeOf(item);
      if (first === undefined || last === undefined || last < first || numbers.length + last - first >= MAX_LIST) return undefined;
      for (let number = first; number <= last; number++) numbers.push(number);
    }
    return numbers;
  },
};

function rangeOf(item: string): readonly [number | undefined, number | undefined] {
  const dash = item.indexOf('-');
  if (dash < 0) return [wholeNumber(item), wholeNumber(item)];
  const first = wholeNumber(item.slice(0, dash));
  const last = wholeNumber(item.slice(dash + 1));
  return first === last ? [undefined, undefined] : [first, last];
}

export const textList: ValueType<readonly string[]> = {
  expected: 'a list such as [one,two]',
  parse(value) {
    const items = splitList(value, true);
    return items.ok ? items.value : undefined;
  },
};

/** `[key@value,...]`, both sides by types of their own. */
export function tupleList<L, R>(left: ValueType<L>, right: ValueType<R>): ValueType<readonly (readonly [L, R])[]> {
  return {
    expected: `a list such as [a@b] where a is ${left.expected} and b is ${right.expected}`,
    parse(value) {
      const tuples = splitTuples(value);
      if (!tuples.ok) return undefined;
      const typed: [L, R][] = [];
      for (const [leftText, rightText] of tuples.value) {
        const l = left.parse(leftText);
        const r = right.parse(rightText);
        if (l === undefined || r === undefined) return undefined;
        typed.push([l, r]);
      }
      return typed;
    },
  };
}

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueType<W> {
  return { expected: words.join(', ').replace(/, ([^,]*)$/, ' or $1'), parse: (value) => words.find((word) => word === value) };
}

/** Text of at most `bytes` bytes of UTF-8. */
export function shortText(bytes: number): ValueType<string> {
  return { expected: `at most ${bytes} bytes of text`, parse: (value) => (Buffer.byteLength(value) <= bytes ? value : undefined) };
}

export const uuid: ValueType<string> = {
  expected: 'a UUID such as 01234567-89ab-cdef-0123-456789abcdef',
  parse: (value) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value.toLowerCase() : undefined),
};

/** A device's name. It names a log file too, hence the letters. */
export const deviceId: ValueType<string> = {
  expected: 'up to 64 letters, digits, ".", "_" and "-", not beginning with "__", "." or "-"',
  parse: (value) => (/^(?!__)[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(value) ? value : undefined),
};

function wholeNumber(value: string): number | undefined {
  if (!/^[0-9]{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}
