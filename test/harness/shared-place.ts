/** The place that all tests of one run share: opened by the first test that asks, closed after the last. */
import { freemem } from 'node:os';
import { chooseHypervisor, openPlace } from './lab/hypervisor.ts';
import type { Place } from './lab/place.ts';

/** Enough for a guest of 6 GiB. A machine that has less gives the lab half of what is free; tests that need more skip themselves. */
const LAB_MEMORY_MIB = 9 * 1024;

let opened: Promise<Place> | undefined;

export async function sharedPlace(): Promise<Place> {
  const place = await (opened ??= open());
  if (place.usable) return place;
  await place.close();
  opened = open();
  return opened;
}

/** Memory of the lab, which is all that a guest in it can have, in MiB. */
export function labMemoryMiB(): number {
  return Math.max(2048, Math.min(LAB_MEMORY_MIB, Math.floor(freemem() / 2 ** 21)));
}

async function open(): Promise<Place> {
  const hypervisor = chooseHypervisor();
  const report = (line: string): void => void process.stderr.write(`    ${line}\n`);
  report(`virtual machines run in ${hypervisor.reason}`);
  const place = await openPlace(hypervisor, { memoryMiB: labMemoryMiB(), report });
  if (!place.ok) throw new Error(place.error);
  return place.value;
}

after('close the place of the tests', async function () {
  this.timeout(60_000);
  if (opened !== undefined) await (await opened.catch(() => undefined))?.close();
});
