/**
 * 128 O_DIRECT reads are in flight when ch-block is killed, and go on for a while after its end: no buffer of the driver's may change
 * once it is the driver's again. The host's disk is made slow for the one that is killed, where that can be had.
 *
 * The next process stands ready, and answers the same requests from the host's page cache, at once: without the wait for the
 * image's lock the killed one's reads would come into buffers that were returned long ago. So each kill finds a fence that is broken.
 *
 * CH_CRASH_KILLS sets how often.
 */
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CrashRun, NOTHING_WRONG, isByHand, killsOr, writeDisk } from './crash-run.ts';
import { LaunchedDisk } from './launched-disk.ts';
import { SlowDisk } from './slow-disk.ts';

const KILLS = killsOr(4);
const READS = 128;
const SHAPE = { blockSize: 2 ** 17, blocks: 144, mixture: { writes: 0 } };
/** All of them take a quarter of a second. */
const SLOW_BYTES_PER_SECOND = 2 ** 26;
/** Later than any request of a killed process was seen to end. */
const QUARANTINE_MS = 100;

describe('a disk process that is killed over O_DIRECT reads', function () {
  this.timeout(30_000 + KILLS * 10_000);
  let folder = '';
  let path = '';

  before(function () {
    if (InterruptTarget.available) return;
    console.log('    skipped: there is no /dev/kvm');
    this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-fence-'));
    path = join(folder, 'disk');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const readOnly of [false, true]) {
    it(`${readOnly ? 'of a read-only disk ' : ''}${KILLS} times -> no buffer changes after it was returned`, async function () {
      writeDisk(path, SHAPE.blockSize, SHAPE.blocks);
      if (!takesDirect(path)) return this.skip();
      using slow = SlowDisk.below(path, SLOW_BYTES_PER_SECOND);
      await using run = await CrashRun.begin({ path, direct: true, readOnly, ...SHAPE });
      await run.finish();
      for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
        // Into the host's page cache, where it may not be any more.
        readFileSync(path);
        const ready = new LaunchedDisk();
        await ready.isWaiting();
        slow?.add(run.disk.child.pid ?? 0);
        await askForAll(run);
        await run.replace(ready, { direct: false });
        await run.until('all served', () => run.inFlight === 0);
        await run.forMs(QUARANTINE_MS);
        run.checkBuffers();
        // And one that reads from the disk again.
        await run.replace();
      }
      await run.finish();
      check(run.verdict(readFileSync(path)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
      const left = run.left.filter((_, index) => index % 2 === 0);
      check(Math.max(...left), 'reads that a process had at its end').to.be.greaterThan(slow === undefined ? 0 : READS - 1);
      // On a busy machine one or another has them all answered before it is killed.
      const fewest = left.toSorted((a, b) => a - b)[Math.floor(left.length / 10)];
      if (slow !== undefined) check(fewest, 'reads that nine of ten had').to.be.greaterThan(READS / 4);
      if (isByHand) process.stdout.write(run.report());
    });
  }
});

/** Has the driver ask for as much as it can, and waits until the process has asked the host's disk for nearly all of it. */
async function askForAll(run: CrashRun): Promise<void> {
  const { disk } = run;
  const before = disk.bytesAskedFor ?? 0;
  run.isHolding = false;
  await run.until('asked', () => run.inFlight === READS);
  run.isHolding = true;
  const isAsked = (): boolean => (disk.bytesAskedFor ?? Infinity) - before >= READS * SHAPE.blockSize;
  // Where it is answered as fast as it asks, nothing is left in flight.
  await run.until('asked the host', () => isAsked() || run.inFlight < READS);
}

function takesDirect(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}
