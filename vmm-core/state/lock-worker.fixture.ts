/** A thread of lock.test.ts: adds to a plain counter under the lock, in two steps that another thread would see torn. */
import { parentPort, workerData } from 'node:worker_threads';
import { Lock } from './lock.ts';

const { words, rounds }: { words: Int32Array; rounds: number } = workerData;
const lock = new Lock(words, 0);
for (let round = 0; round < rounds; round++) {
  lock.acquire();
  const seen = words[1] ?? 0;
  // Some acquisitions outlast the spinning of the others, so that sleeping and waking are tested too.
  for (let delay = round % 64 === 0 ? 20_000 : 0; delay > 0; delay--) words[2] = delay;
  words[1] = seen + 1;
  lock.release();
}
parentPort?.postMessage('done');
