/** Fewer steps that still fail: pieces are left out, halves first, for as long as there is time. */
import { Fuzzer } from './fuzzer.ts';
import type { Repro, Step } from './steps.ts';

const TRIES = 3;

/** Undefined where the steps by themselves do not fail in a process of their own. */
export async function shorten(repro: Repro, end: number): Promise<readonly Step[] | undefined> {
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    for (let tries = 0; tries < TRIES; tries++) {
      await using fuzzer = await Fuzzer.start(repro.variant);
      if (fuzzer?.run(steps).failure !== undefined) return true;
    }
    return false;
  };
  if (repro.steps.length === 0) return [];
  if (!(await fails(repro.steps))) return undefined;
  let steps = repro.steps;
  for (let piece = Math.ceil(steps.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let at = 0; at < steps.length && performance.now() < end;) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + piece)];
      if (fewer.length > 0 && (await fails(fewer))) steps = fewer;
      else at += piece;
    }
  }
  return steps;
}
