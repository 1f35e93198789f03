/** Samples of two sides in interleaved pairs (ours, peer, peer, ours, ...), so that a machine that drifts drifts for both. */

export interface Pairs<T> {
  readonly ours: readonly T[];
  readonly peer: readonly T[];
}

export async function takePairs<T>(count: number, ours: () => Promise<T>, peer: () => Promise<T>): Promise<Pairs<T>> {
  const taken: { ours: T[]; peer: T[] } = { ours: [], peer: [] };
  for (let pair = 0; pair < count; pair++) {
    if (pair % 2 === 0) {
      taken.ours.push(await ours());
      taken.peer.push(await peer());
    } else {
      taken.peer.push(await peer());
      taken.ours.push(await ours());
    }
  }
  return taken;
}
