import type { Row } from './row.ts';

/** A benchmark: `npm run bench -- NAME` runs the one that `test/bench/NAME.ts` exports as `bench`. */
export interface Bench {
  readonly name: string;
  /** What it measures, its peers, and the environment variables that name those that are no packages. */
  readonly help: string;
  /** Its cases, where it can measure some without the others. */
  readonly cases?: readonly string[];
  /** Measures the cases that are `wanted`; `note` tells a person how far it is. */
  run(note: (line: string) => void, wanted: (name: string) => boolean): Promise<readonly Row[]>;
}
