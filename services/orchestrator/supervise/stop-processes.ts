import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';

/** Ends what still runs: asked by `ask` first, then terminated, then killed, with `stopMs` for the first two; without `ask` at once. */
export async function stopProcesses(children: readonly Child[], stopMs: number, ask: (() => void) | undefined): Promise<void> {
  for (const child of children) child.isStopping();
  const gone = Promise.all(children.map((child) => child.ended));
  if (ask !== undefined) {
    ask();
    if (await inTime(gone, stopMs / 2)) return;
    for (const child of children) child.signal('SIGTERM');
    if (await inTime(gone, stopMs / 2)) return;
  }
  for (const child of children) child.signal('SIGKILL');
  await gone;
}

async function inTime(done: Promise<unknown>, ms: number): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(ms, false, { signal: stop.signal }).catch(() => false);
  const result = await Promise.race([done.then(() => true), late]);
  stop.abort();
  return result;
}
