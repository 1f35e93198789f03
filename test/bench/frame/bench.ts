import type { Row } from './row.ts';

/** A benchmark: `npm run bench -- NAME` runs the one that `test/bench/NAME.ts` exports as `bench`. */
export interface Bench {
  readonly name: string;
  /** What it measures, its peers, and the environment variables that name those that are no packages. */
  readonly help: string;
  /** Measures; `note` tells a person how far it is. */
  run(note: (line: string) => void): Promise<readonly Row[]>;
}
