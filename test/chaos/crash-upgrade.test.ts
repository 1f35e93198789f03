/**
 * The real ch-block under our link, and one that is to take over from it, either of them killed by SIGKILL at random moments of the
 * hand-over, under a load of stamped blocks: whoever serves afterwards, the driver sees no error, every head once, and no lost or torn
 * block.
 *
 * CH_CRASH_KILLS sets how often.
 */
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { hasQemu, qemuImg } from '../../devices/block/image/testing/qemu.fixture.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CrashRun, NOTHING_WRONG, isByHand, killsOr, writeDisk } from './crash-run.ts';
import { HandOverRelay } from './hand-over-relay.ts';
import { LaunchedDisk } from './launched-disk.ts';

const KILLS = killsOr(6);
const SHAPE = { blockSize: 4096, blocks: 2048, mixture: { writes: 2, zeroes: 16, discards: 16, flushes: 64 } };
/** The one that takes over has loaded all it can: what follows takes so long, or less. */
const HAND_OVER_MS = 40;
/** Before that it loads. */
const LOADING_MS = 200;

const CASES = [
  { name: 'raw, 1 queue', imageType: 'raw', queues: 1, direct: false },
  { name: 'raw, O_DIRECT, 4 queues', imageType: 'raw', queues: 4, direct: true },
  { name: 'qcow2', imageType: 'qcow2', queues: 1, direct: false },
] as const;

type Survivor = 'first' | 'second' | 'none';

describe('a disk process that is killed while it is upgraded', function () {
  this.timeout(60_000 + KILLS * 10_000);
  let folder = '';
  let path = '';

  before(function () {
    if (InterruptTarget.available) return;
    console.log('    skipped: there is no /dev/kvm');
    this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-upgrade-'));
    path = join(folder, 'disk');
    writeDisk(path, SHAPE.blockSize, SHAPE.blocks);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const { name, ...options } of CASES) {
    it(`${name}: ${KILLS} times, or its successor -> everything once, and as it was written`, async function () {
      const isFormatted = options.imageType === 'qcow2';
      if (isFormatted && !hasQemu) this.skip();
      if (isFormatted) convert(path);
      await using run = await CrashRun.begin({ path, ...SHAPE, ...options });
      const survivors = { first: 0, second: 0, none: 0 };
      for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
        await run.forMs(20 + run.random.below(60));
        survivors[await upgradeAndKill(run)]++;
        await run.servedAgain();
        run.checkBuffers();
      }
      await run.finish();
      await run.disk.stop();
      const contents = isFormatted ? readBack(path) : readFileSync(path);
      check(run.verdict(contents), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
      if (isByHand) process.stdout.write(`      served by ${JSON.stringify(survivors)} then\n${run.report()}`);
    });
  }
});

/** Kills one of the two at some moment; who of them serves then. Where it is nobody, another one does. */
async function upgradeAndKill(run: CrashRun): Promise<Survivor> {
  const first = run.disk;
  const second = new LaunchedDisk();
  using relay = new HandOverRelay();
  second.takeOver(run.served, relay.taking);
  first.handOver(relay.giving);
  if (!run.random.oneIn(4)) await run.until('ready', () => relay.forwardUntil('ready') || second.hasEnded);
  if (second.hasEnded) {
    // The first one has not done yet with the successor before this one.
    await second.end();
    return 'first';
  }
  relay.forward();
  const end = performance.now() + run.random.below(run.random.oneIn(4) ? LOADING_MS : HAND_OVER_MS);
  await run.until('killed', () => (relay.forwardAll(), performance.now() >= end));
  for (const load of run.loads) load.restartGap();
  const victim = run.random.oneIn(2) ? 'first' : 'second';
  const dead = victim === 'first' ? first : second;
  dead.kill();
  await run.during('dead', dead.exited);
  run.left.push(run.inFlight);
  // What it has sent arrives.
  relay.forwardAll();
  relay.close(victim);
  const survivor = await (victim === 'first' ? outcomeOfSecond(run, second) : outcomeOfFirst(run, first));
  for (const [disk, which] of [
    [first, 'first'],
    [second, 'second'],
  ] as const)
    if (which !== survivor) await disk.end();
  if (survivor === 'second') run.disk = second;
  if (survivor === 'none') {
    await run.replace();
    run.isHolding = false;
  }
  return survivor;
}

/** The first one is dead: the other one serves, or ends. */
async function outcomeOfSecond(run: CrashRun, second: LaunchedDisk): Promise<Survivor> {
  await run.until('decided', () => second.serves || second.hasEnded);
  return second.serves ? 'second' : 'none';
}

/** The second one is dead: the other one goes on, or has given the disk away before. */
async function outcomeOfFirst(run: CrashRun, first: LaunchedDisk): Promise<Survivor> {
  const { completed } = run;
  await run.until('decided', () => run.completed > completed + run.inFlight || first.hasEnded);
  return first.hasEnded ? 'none' : 'first';
}

function convert(path: string): void {
  renameSync(path, `${path}.raw`);
  qemuImg('convert', '-f', 'raw', '-O', 'qcow2', `${path}.raw`, path);
}

function readBack(path: string): Buffer {
  qemuImg('check', '-q', path);
  qemuImg('convert', '-O', 'raw', path, `${path}.read`);
  return readFileSync(`${path}.read`);
}
