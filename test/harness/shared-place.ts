/** The place that all tests of one run share: opened by the first test that asks, closed after the last. */
import { freemem } from 'node:os';
import { chooseHypervisor, openPlace } from './lab/hypervisor.ts';
import type { Place } from './lab/place.ts';

/** Room for guests of up to 1.5 GiB. Below 3.5 GiB QEMU puts all of the lab's memory below 4 GiB. */
export const LAB_MEMORY_MIB = 3 * 1024;

let opened: { readonly memoryMiB: number; readonly place: Promise<Place> } | undefined;

/**
 * Tests ask before each: a lab that broke down is replaced by a new one. A lab with more than the usual memory is made for the
 * test that asks for it; a machine that has not so much to spare cannot make it (`canHaveLab`).
 */
export async function sharedPlace(memoryMiB = LAB_MEMORY_MIB): Promise<Place> {
  const before = opened;
  const place = await before?.place;
  if (before !== undefined && place?.usable === true && (place.kind === 'host' || before.memoryMiB === memoryMiB)) return place;
  opened = undefined;
  await place?.close();
  const now = { memoryMiB, place: open(memoryMiB) };
  opened = now;
  return now.place;
}

/** Whether this machine has the memory for a lab of that size. */
export function canHaveLab(memoryMiB: number): boolean {
  return freemem() / 2 ** 20 > memoryMiB + 2048;
}

/** How often a test is run again because the lab broke down below it. */
const LAB_RETRIES = 2;

/** A test during which the lab broke down has shown nothing: it is run once more, in a new lab. Any other failure stands. */
beforeEach(function () {
  const test = this.currentTest;
  const body = test?.fn;
  if (test === undefined || body === undefined || body.length > 0) return;
  test.fn = async function (this: Mocha.Context): Promise<void> {
    try {
      await Reflect.apply(body, this, []);
    } catch (error) {
      const place = await opened?.place.catch(() => undefined);
      this.retries(place?.broken === undefined ? 0 : LAB_RETRIES);
      throw error;
    }
  };
});

async function open(memoryMiB: number): Promise<Place> {
  const hypervisor = chooseHypervisor();
  const report = (line: string): void => void process.stderr.write(`    ${line}\n`);
  report(`virtual machines run in ${hypervisor.reason}`);
  const place = await openPlace(hypervisor, { memoryMiB, report });
  if (!place.ok) throw new Error(place.error);
  return place.value;
}

after('close the place of the tests', async function () {
  this.timeout(60_000);
  if (opened !== undefined) await (await opened.place.catch(() => undefined))?.close();
});
