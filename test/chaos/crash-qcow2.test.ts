/**
 * The real ch-block on a qcow2 image, killed by SIGKILL at random moments of a load of stamped blocks: everything once and as it was
 * written; at each moment the image has leaks at most; and those are gone when another process has opened and closed it.
 *
 * CH_CRASH_KILLS sets how often.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { checked } from '../../devices/block/image/qcow2/testing/qemu-check.fixture.ts';
import { hasQemu, qemuImg } from '../../devices/block/image/testing/qemu.fixture.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CrashRun, NOTHING_WRONG, isByHand, killsOr, writeDisk } from './crash-run.ts';
import { LaunchedDisk } from './launched-disk.ts';

const KILLS = killsOr(8);
const SHAPE = { blockSize: 4096, blocks: 2048 };
/** Clusters come and go all the time. */
const CHANGING = { writes: 2, zeroes: 8, discards: 8, flushes: 32 };
/** Looking at the image takes its time, in which nobody is served. */
const LOOK_AT_ONE_IN = 4;

const CASES = [
  { name: 'clusters of 4096 bytes', clusterSize: 4096, backingFiles: false, direct: false },
  { name: 'clusters of 64 KiB', clusterSize: 65_536, backingFiles: false, direct: false },
  { name: 'clusters of 64 KiB upon another image', clusterSize: 65_536, backingFiles: true, direct: false },
  { name: 'clusters of 4096 bytes, O_DIRECT', clusterSize: 4096, backingFiles: false, direct: true },
] as const;

describe('a disk process of a qcow2 image that is killed under load', function () {
  this.timeout(60_000 + KILLS * 5000);
  let folder = '';
  let path = '';

  before(function () {
    if (hasQemu && InterruptTarget.available) return;
    console.log(`    skipped: there is no ${hasQemu ? '/dev/kvm' : 'qemu-img (Debian: qemu-utils)'}`);
    this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-qcow2-'));
    path = join(folder, 'disk.qcow2');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { name, clusterSize, backingFiles, direct } of CASES) {
    it(`${name}: killed ${KILLS} times -> everything once, and no errors in the image`, async () => {
      makeImage(path, clusterSize, backingFiles);
      await using run = await CrashRun.begin({ path, imageType: 'qcow2', backingFiles, direct, ...SHAPE, mixture: CHANGING });
      await run.until('begun', () => run.completed > 256);
      for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
        await run.forMs(20 + run.random.below(100));
        const isLookedAt = kill % LOOK_AT_ONE_IN === 0;
        await run.replace(undefined, {}, () => {
          if (isLookedAt) check(checkedCopy(path), `seed ${run.seed}, kill ${kill}`).to.be.oneOf(['clean', 'leaks']);
        });
        run.isHolding = false;
        await run.servedAgain(!isLookedAt);
        run.checkBuffers();
      }
      await run.finish();
      await run.disk.end();
      // A copy: requests of the killed process may hold its lock.
      check(checkedCopy(path), `seed ${run.seed}, killed last`).to.be.oneOf(['clean', 'leaks']);
      await openAndClose(run);
      check(checked(path), `seed ${run.seed}, opened and closed`).to.equal('clean');
      const raw = join(folder, 'disk.raw');
      qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, raw);
      check(run.verdict(readFileSync(raw)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
      if (isByHand) process.stdout.write(run.report());
    });
  }
});

/** The stamped disk: within the image, or below it. */
function makeImage(path: string, clusterSize: number, isBacked: boolean): void {
  const raw = `${path}.raw`;
  writeDisk(raw, SHAPE.blockSize, SHAPE.blocks);
  const format = ['-O', 'qcow2', '-o', `cluster_size=${clusterSize}`];
  if (isBacked) qemuImg('create', '-q', '-f', 'qcow2', ...format.slice(2), '-b', raw, '-F', 'raw', path);
  else qemuImg('convert', '-f', 'raw', ...format, raw, path);
}

function checkedCopy(path: string): string {
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  return checked(copy);
}

/** Another process takes the image, and ends in order. */
async function openAndClose(run: CrashRun): Promise<void> {
  const disk = new LaunchedDisk();
  run.disk = disk;
  const socket = disk.serve(run.served);
  await run.until('serving', () => disk.serves);
  await disk.stop();
  check(disk.child.exitCode, 'its status').to.equal(0);
  socket.close();
}
