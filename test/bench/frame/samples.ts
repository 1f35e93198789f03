/** How much is measured. Less than the contract's ten pairs is for a look while developing: such rows prove nothing. */

/** Pairs of samples a case; the environment variable CH_BENCH_PAIRS asks for another number. */
export const PAIRS = number('CH_BENCH_PAIRS', 10);

/** For a benchmark's help. */
export const PAIRS_HELP = 'CH_BENCH_PAIRS=N takes N pairs of samples instead of 10.';

/** A whole number from the environment, from 1 up. */
export function number(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${name}="${text}" is no number from 1 up`);
  return Number(text);
}
