/** Samples of several sides in interleaved rounds (ours, peer, peer, ours, ...), so that a machine that drifts drifts for all. */

export interface Pairs<T> {
  readonly ours: readonly T[];
  readonly peer: readonly T[];
}

export async function takePairs<T>(count: number, ours: () => Promise<T>, peer: () => Promise<T>): Promise<Pairs<T>> {
  const [first = [], second = []] = await takeRounds(count, [ours, peer]);
  return { ours: first, peer: second };
}

/** A sample of every side each round, in turn from the first and from the last; the samples of each side, in order. */
export async function takeRounds<T>(count: number, sides: readonly (() => Promise<T>)[]): Promise<readonly (readonly T[])[]> {
  const taken: { side: () => Promise<T>; samples: T[] }[] = sides.map((side) => ({ side, samples: [] }));
  for (let round = 0; round < count; round++) {
    for (const { side, samples } of round % 2 === 0 ? taken : taken.toReversed()) samples.push(await side());
  }
  return taken.map(({ samples }) => samples);
}
