/**
 * The keys of one option's value. Reading a key makes it known; the first thing that is wrong is remembered and comes out
 * of `finish`, so that an option's parser reads as a list of its keys.
 */
import { type Result, err, ok } from '../lang/result.ts';
import type { ConfigError } from './config-error.ts';
import { splitPairs } from './grammar.ts';
import type { ValueType } from './value-types.ts';

export class OptionKeys {
  readonly #option: string;
  readonly #text: string;
  readonly #pairs = new Map<string, string | undefined>();
  readonly #known = new Set<string>();
  /** Those of the known keys that do not work yet: nobody is sent there. */
  readonly #notBuilt = new Set<string>();
  #takesWords = false;
  #error: ConfigError | undefined;

  constructor(option: string, value: string) {
    this.#option = option;
    this.#text = value;
    const pairs = splitPairs(value);
    if (!pairs.ok) {
      this.fail({ code: 'BAD_SYNTAX', option, value, problem: pairs.error });
      return;
    }
    for (const { key, value: text } of pairs.value) {
      if (this.#pairs.has(key)) this.fail({ code: 'REPEATED_KEY', option, key });
      this.#pairs.set(key, text);
    }
  }

  /** The value of `key`; undefined where it is not set, empty or wrong. */
  value<T>(key: string, type: ValueType<T>): T | undefined {
    this.#known.add(key);
    if (!this.#pairs.has(key)) return undefined;
    const text = this.#pairs.get(key);
    if (text === undefined) {
      this.fail({ code: 'BAD_SYNTAX', option: this.#option, value: this.#text, problem: `"${key}" needs a value (${key}=...)` });
      return undefined;
    }
    if (text === '') return undefined;
    const parsed = type.parse(text);
    if (parsed === undefined) this.bad(key, text, type.expected);
    return parsed;
  }

  /** As `value`, but the key must be there. */
  required<T>(key: string, type: ValueType<T>): T | undefined {
    const value = this.value(key, type);
    if (value === undefined) this.fail({ code: 'MISSING_KEY', option: this.#option, value: this.#text, key, expected: type.expected });
    return value;
  }

  /** Whether `word` stands there by itself, as in `--serial tty`. */
  word(word: string): boolean {
    this.#takesWords = true;
    this.#known.add(word);
    if (!this.#pairs.has(word)) return false;
    const value = this.#pairs.get(word);
    if (value !== undefined)
      this.fail({ code: 'BAD_SYNTAX', option: this.#option, value: this.#text, problem: `"${word}" takes no value` });
    return true;
  }

  /** A key of which only `built` works so far; any other right value is refused by name, with what to do `instead`. */
  only<T>(key: string, type: ValueType<T>, built: T, instead?: string): void {
    const value = this.value(key, type);
    if (value !== undefined && value !== built) this.#notYet(key, instead);
  }

  /** Keys that the original has and we do not, whatever their value. */
  notYet(...keys: readonly string[]): void {
    for (const key of keys) {
      this.#known.add(key);
      this.#notBuilt.add(key);
      if (this.#pairs.has(key)) this.#notYet(key);
    }
  }

  /** Remembers `error` unless something was wrong already. */
  fail(error: ConfigError): void {
    this.#error ??= error;
  }

  /** As `fail`, for a value that parses but does not do. */
  bad(key: string, value: string, expected: string): void {
    this.fail({ code: 'BAD_VALUE', option: this.#option, key, value, expected });
  }

  /** `value` where all keys were known and right. */
  finish<T>(value: T): Result<T, ConfigError> {
    for (const [key, text] of this.#pairs) {
      if (this.#known.has(key)) continue;
      const known = [...this.#known].filter((name) => !this.#notBuilt.has(name));
      // `--cpus 2`: not a misspelled key but a value without one.
      if (text === undefined && this.#pairs.size === 1 && !this.#takesWords) {
        return err({
          code: 'BAD_VALUE',
          option: this.#option,
          value: this.#text,
          expected: `keys with values (${known.slice(0, 3).join('=, ')}=, ...)`,
        });
      }
      return err({ code: 'UNKNOWN_KEY', option: this.#option, key, known });
    }
    return this.#error === undefined ? ok(value) : err(this.#error);
  }

  #notYet(key: string, instead?: string): void {
    const value = this.#pairs.get(key);
    const given = { ...(value === undefined ? {} : { value }), ...(instead === undefined ? {} : { instead }) };
    this.fail({ code: 'NOT_SUPPORTED_YET', option: this.#option, key, ...given });
  }
}
