/**
 * The real ch-block under our link, replaced under a load of stamped blocks by another process that it hands over to, and either of the
 * two killed at every step of that: the driver sees no error, every head once, and no lost or torn block.
 *
 * CH_UPGRADES sets how often, and has the pauses printed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { SOCK_SEQPACKET, socketPair } from '#shared/sys/unix-socket.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CHECKOUT } from '../harness/checkout.ts';
import { CrashRun, NOTHING_WRONG, type RunOptions, writeDisk } from './crash-run.ts';
import { LaunchedDisk } from './launched-disk.ts';
import { HandOverRelay, STEPS, type Step } from './hand-over-relay.ts';

const GIVEN = process.env['CH_UPGRADES'];
const UPGRADES = Number(GIVEN ?? 6);
const LOCK_MS = 5000;
const SHAPE = { blockSize: 4096, blocks: 2048, mixture: { writes: 2, zeroes: 16, discards: 16, flushes: 64 } };

interface Case {
  readonly name: string;
  readonly options: Partial<RunOptions>;
}

const CASES: readonly Case[] = [
  { name: 'raw, 1 queue', options: {} },
  { name: 'raw, 4 queues', options: { queues: 4 } },
  { name: 'raw, O_DIRECT', options: { direct: true } },
  { name: 'raw, read-only', options: { readOnly: true, mixture: { writes: 0, zeroes: 0, discards: 0, flushes: 64 } } },
  { name: 'qcow2', options: { imageType: 'qcow2' } },
];

describe('a disk process that is upgraded under load', function () {
  this.timeout(60_000 + UPGRADES * 5000);
  let folder = '';
  let path = '';

  before(function () {
    this.timeout(120_000);
    if (!InterruptTarget.available) this.skip();
    const { status, stderr } = spawnSync(join(CHECKOUT, 'bin/chctl'), ['--version'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`bin/chctl does not start: ${stderr}`);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
    path = join(folder, 'disk');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function begin({ options }: Case): Promise<CrashRun> {
    writeDisk(path, SHAPE.blockSize, SHAPE.blocks);
    if (options.imageType === 'qcow2') {
      const raw = `${path}.raw`;
      renameSync(path, raw);
      await qemuImg('convert', '-O', 'qcow2', raw, path);
    }
    const run = await CrashRun.begin({ path, ...SHAPE, ...options });
    await run.until('begun', () => run.completed > 256);
    return run;
  }

  /** What the driver has written, read from the image. */
  async function contents({ options }: Case): Promise<Buffer> {
    if (options.imageType !== 'qcow2') return readFileSync(path);
    const read = `${path}.read`;
    await qemuImg('convert', '-O', 'raw', path, read);
    await qemuImg('check', '-q', path);
    return readFileSync(read);
  }

  for (const one of CASES) {
    it(`${one.name}: ${UPGRADES} times -> everything once, and as it was written`, async function () {
      if (one.options.imageType === 'qcow2' && spawnSync('qemu-img', ['--version']).status !== 0) this.skip();
      await using run = await begin(one);
      for (let upgrade = 0; upgrade < UPGRADES && run.wrongs.length === 0; upgrade++) {
        const before = run.disk;
        const next = new LaunchedDisk();
        const [giving, taking] = expect(socketPair(SOCK_SEQPACKET), 'hand-over');
        for (const load of run.loads) load.restartGap();
        next.takeOver(run.served, taking);
        before.handOver(giving);
        await run.until('taken over', () => next.serves);
        run.disk = next;
        await run.servedAgain();
        const status = await run.during('the end of the one before', before.exited);
        check(status).to.deep.equal([0, null]);
        await before.end();
        run.checkBuffers();
      }
      await run.finish();
      check(run.place.news, 'what the core has noticed').to.deep.equal([]);
      await run.disk.stop();
      check(run.verdict(await contents(one)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
      if (GIVEN !== undefined) process.stdout.write(run.report());
    });
  }

  /** Who serves in the end, where one of the two is killed before a message of theirs arrives. */
  const ends: readonly (readonly [victim: 'first' | 'second', step: Step, serves: 'first' | 'second' | 'third'])[] = [
    ...STEPS.map((step) => ['first', step, step === 'serving' ? 'second' : 'third'] as const),
    ...STEPS.map((step) => ['second', step, step === 'serving' ? 'third' : 'first'] as const),
  ];
  for (const [victim, step, serves] of ends) {
    it(`the ${victim} process killed at "${step}" -> the ${serves} one serves`, async () => {
      const one: Case = { name: '', options: {} };
      await using run = await begin(one);
      const first = run.disk;
      const second = new LaunchedDisk();
      using relay = new HandOverRelay();
      second.takeOver(run.served, relay.taking);
      first.handOver(relay.giving);
      await run.until(`at ${step}`, () => relay.forwardUntil(step));
      const dead = victim === 'first' ? first : second;
      // A process that has said that it serves does, and the other one knows it.
      if (victim === 'second' && step === 'serving') relay.forward();
      dead.kill();
      await run.during('dead', dead.exited);
      if (victim === 'first' && step === 'serving') relay.forward();
      relay.close(victim);
      if (serves === 'first') {
        await run.during('the other one ends', second.exited);
      } else if (serves === 'second') {
        await run.until('serving', () => second.serves);
        run.disk = second;
      } else {
        const other = victim === 'first' ? second : first;
        await run.during('the other one ends', other.exited);
        run.isHolding = true;
        await run.replace();
        run.isHolding = false;
      }
      await run.servedAgain();
      await run.finish();
      for (const disk of [first, second]) if (disk !== run.disk) await disk.end();
      check(run.verdict(await contents(one)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
    });
  }
});

/** The kernel lets go of an ended process's locks a moment after its end. */
async function qemuImg(...args: readonly string[]): Promise<void> {
  const deadline = performance.now() + LOCK_MS;
  for (;;) {
    const { status, stderr } = spawnSync('qemu-img', args, { encoding: 'utf8' });
    const isLocked = stderr.includes('Failed to lock');
    if (!isLocked || performance.now() > deadline) {
      check([status, stderr]).to.deep.equal([0, '']);
      return;
    }
    await sleep(20);
  }
}
