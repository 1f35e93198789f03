/**
 * The real ch-block under our link, killed by SIGKILL while a client's order is being carried out under a stamped load: resize,
 * drain. The driver sees no error and no wrong block, and the next process is of the size that the image has.
 *
 * CH_CRASH_KILLS sets how often.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { type Answer, DeviceClient } from '#shared/rpc/device-client.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { accept, listenUnix } from '#shared/sys/unix-socket.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import { CrashRun, NOTHING_WRONG, isByHand, killsOr, writeDisk } from './crash-run.ts';

const KILLS = killsOr(6);
const SHAPE = { blockSize: 4096, blocks: 2048, mixture: { writes: 2, zeroes: 16, discards: 16, flushes: 64 } };
const SIZE = SHAPE.blockSize * SHAPE.blocks;
const GROWN = SIZE + (1 << 20);
const SECTOR = 512;
const DRAIN_MS = 5000;
const RETRY_MS = 100;
const ANSWER_MS = 60_000;

describe('a disk process that is killed over an order', function () {
  this.timeout(30_000 + KILLS * 10_000);
  let folder = '';
  let path = '';
  let api = '';

  before(function () {
    if (InterruptTarget.available) return;
    console.log('    skipped: there is no /dev/kvm');
    this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crash-orders-'));
    [path, api] = [join(folder, 'disk'), join(folder, 'api')];
    writeDisk(path, SHAPE.blockSize, SHAPE.blocks);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A load whose disk process can be given orders, now one and then the next. */
  async function begin(): Promise<CrashRun> {
    const run = await CrashRun.begin({ path, ...SHAPE });
    const listener = expect(listenUnix(api, 16), 'listen');
    run.place.watcher.watch(listener.fd, EPOLLIN, () => {
      const client = accept(listener.fd);
      if (client.ok) run.disk.connect(client.value);
    });
    run.closesAtEnd(listener);
    await run.until('begun', () => run.completed > 256);
    return run;
  }

  /** A client that the process has come to know: what it is told next it does at once. */
  async function connect(run: CrashRun): Promise<DeviceClient> {
    const client = new DeviceClient(api);
    const deadline = performance.now() + ANSWER_MS;
    for (;;) {
      const health = await run.during('asked', client.getHealth());
      if (health.ok) return client;
      // gRPC waits a second between attempts to connect, and one may have met a process that was dying; a busy machine takes longer.
      const mayCome = ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(health.error.status) && performance.now() < deadline;
      if (!mayCome) expect(health, `seed ${run.seed}, health`);
      await run.forMs(RETRY_MS);
    }
  }

  /** Has an order carried out; how many milliseconds that takes here and now. */
  async function give(run: CrashRun, order: (client: DeviceClient) => Answer<unknown>): Promise<number> {
    using client = await connect(run);
    const begun = performance.now();
    expect(await run.during('done', order(client)), 'order');
    return performance.now() - begun;
  }

  /** Kills the process at some moment of the order, or soon after; whether the order was carried out before. */
  async function killDuring(run: CrashRun, ms: number, order: (client: DeviceClient) => Answer<unknown>): Promise<boolean> {
    using client = await connect(run);
    const given = order(client);
    const isDone = given.then(({ ok }) => ok);
    const wasDone = await run.during('ordered', Promise.race([isDone, sleep(run.random.below(ms * 2), false)]));
    await run.replace();
    await run.during('answered', given);
    return wasDone;
  }

  async function end(run: CrashRun, killed: { readonly done: number; readonly undone: number }): Promise<void> {
    await run.finish();
    check(run.verdict(readFileSync(path)), `seed ${run.seed}`).to.deep.equal(NOTHING_WRONG);
    if (isByHand) process.stdout.write(`      after ${killed.done} and before ${killed.undone} orders were done:\n${run.report()}`);
  }

  it(`resize, ${KILLS} times -> every process serves the size that the image has`, async () => {
    await using run = await begin();
    const killed = { done: 0, undone: 0 };
    const ms = await give(run, (client) => client.resize({ size: GROWN }));
    for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
      const size = statSync(path).size === SIZE ? GROWN : SIZE;
      killed[(await killDuring(run, ms, (client) => client.resize({ size, allowShrink: true }))) ? 'done' : 'undone']++;
      run.isHolding = false;
      await run.servedAgain();
      check([SIZE, GROWN]).to.include(statSync(path).size);
      await run.until('of the size of the image', () => capacity(run) === statSync(path).size);
    }
    using client = await connect(run);
    expect(await run.during('resized', client.resize({ size: GROWN + SIZE })), 'resize');
    await run.until('grown', () => capacity(run) === GROWN + SIZE);
    await end(run, killed);
  });

  it(`drain, ${KILLS} times -> the next process serves what waited`, async () => {
    await using run = await begin();
    const killed = { done: 0, undone: 0 };
    const ms = await give(run, (client) => client.drain({ deadlineMs: DRAIN_MS }));
    await give(run, (client) => client.resume({}));
    for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
      killed[(await killDuring(run, ms, (client) => client.drain({ deadlineMs: DRAIN_MS }))) ? 'done' : 'undone']++;
      run.isHolding = false;
      await run.servedAgain();
    }
    await end(run, killed);
  });

  it(`while it is drained, ${KILLS} times -> so is the next process, until a client has it go on`, async () => {
    await using run = await begin();
    for (let kill = 0; kill < KILLS && run.wrongs.length === 0; kill++) {
      await give(run, (client) => client.drain({ deadlineMs: DRAIN_MS }));
      await run.forMs(1 + run.random.below(30));
      const { completed } = run;
      await run.replace(undefined, { drained: true });
      run.isHolding = false;
      await run.forMs(50);
      check(run.completed, 'requests done while it was drained').to.equal(completed);
      await give(run, (client) => client.resume({}));
      await run.servedAgain();
    }
    await end(run, { done: KILLS, undone: 0 });
  });
});

/** Of the device as the driver sees it; in bytes. */
function capacity(run: CrashRun): number {
  const { machine } = run.driver.made;
  return (machine.read(0x4004, 4) * 2 ** 32 + machine.read(0x4000, 4)) * SECTOR;
}
