/**
 * The real ch-block under our link, killed by SIGKILL at random moments of a load of stamped blocks: the driver sees no error, every
 * head once, and no lost or torn block.
 *
 * CH_CRASH_KILLS sets how often, and has the pauses printed.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { resources } from '#shared/testing/raw-front-end.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CHECKOUT } from '../harness/checkout.ts';
import { CrashRun, NOTHING_WRONG, isByHand, killsOr, writeDisk } from './crash-run.ts';

const KILLS = killsOr(12);
const SHAPE = { blockSize: 4096, blocks: 2048 };
const CHANGING = { writes: 2, zeroes: 16, discards: 16, flushes: 64 };

const LOADED_MS = 1500;

const CASES = [
  { name: 'cached, 1 queue', direct: false, queues: 1 },
  { name: 'cached, 4 queues', direct: false, queues: 4 },
  { name: 'O_DIRECT, 1 queue', direct: true, queues: 1 },
  { name: 'O_DIRECT, 4 queues', direct: true, queues: 4 },
] as const;

describe('a disk process that is killed under load', function () {
  this.timeout(30_000 + KILLS * 5000);
  let folder = '';
  let path = '';

  before(function () {
    this.timeout(120_000);
    if (!InterruptTarget.available) this.skip();
    const { status, stderr } = spawnSync(join(CHECKOUT, 'bin/chctl'), ['--version'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`bin/chctl does not start: ${stderr}`);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-'));
    path = join(folder, 'disk');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { name, direct, queues } of CASES) {
    it(`${name}: killed ${KILLS} times -> everything once, and as it was written`, async function () {
      writeDisk(path, SHAPE.blockSize, SHAPE.blocks);
      if (direct && !takesDirect(path)) return this.skip();
      await using run = await CrashRun.begin({ path, direct, queues, ...SHAPE, mixture: CHANGING });
      await run.until('begun', () => run.completed > 256 * queues);
      let before: ReturnType<typeof resources> | undefined;
      for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
        // Some before the threads of queues have loaded, which is when nothing else is to be done, some meanwhile, and some after it.
        await run.forMs(20 + run.random.below(kill % 4 === 0 ? LOADED_MS : 100));
        // The queues were filled just now: this is how far the process gets with them.
        spin(run.random.below(700) / 1000);
        await run.replace();
        run.isHolding = false;
        await run.servedAgain();
        run.checkBuffers();
        if (kill === 1) before = resources();
      }
      await run.finish();
      check(run.verdict(readFileSync(path)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
      check(Math.max(...run.left), 'requests that a process had at its end').to.be.greaterThan(0);
      if (KILLS > 2) check(resources()).to.deep.equal(before);
      if (isByHand) process.stdout.write(run.report());
    });
  }
});

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function takesDirect(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}
