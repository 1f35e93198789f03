import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { drainEventFd } from '#shared/sys/eventfd.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { Random } from '#shared/testing/random.ts';
import { SharedRegion } from '#shared/testing/session-pair.ts';
import { CONFIG_WRITEBACK } from '../spec.ts';
import { BLOCK, DrivenQueues, HEADS } from '../testing/driven-queues.fixture.ts';
import { LosingDevice } from '../testing/losing-device.fixture.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const QUEUES = 4;
const SIZE = 2 << 20;
const [IN, OUT, FLUSH] = [0, 1, 4];

describe('a disk with four queues', () => {
  let folder = '';
  let disk = '';
  let child: ChildProcess | undefined;
  let guest: DrivenQueues | undefined;
  let device: DeviceClient | undefined;
  let losing: LosingDevice | undefined;
  let said = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    disk = join(folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, SIZE);
    said = '';
  });
  afterEach(async () => {
    device?.close();
    device = undefined;
    await guest?.[Symbol.asyncDispose]();
    guest = undefined;
    child?.kill('SIGKILL');
    losing?.[Symbol.dispose]();
    losing = undefined;
    rmSync(folder, { recursive: true });
  });

  function start(keys = '', preload = ''): Promise<unknown[]> {
    const imports = preload === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
    const options = ['--socket-path', join(folder, 'socket'), '--api-socket', join(folder, 'api')];
    const args = [...imports, MAIN, ...options, '--disk', `path=${disk},num_queues=${QUEUES}${keys}`];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
    child.stderr?.on('data', (part) => void (said += String(part)));
    return once(child, 'close');
  }

  async function drive(): Promise<DrivenQueues> {
    guest ??= new DrivenQueues(QUEUES, new Random(7));
    await guest.connect(await connectTo(join(folder, 'socket')));
    device = new DeviceClient(join(folder, 'api'));
    return guest;
  }

  /** Resolves when each queue is served by its own thread. */
  async function whenLoaded(device: DeviceClient): Promise<void> {
    const sleeps = (name: string): boolean => {
      const task = threads().get(name)?.task;
      return task !== undefined && readFileSync(join(task, 'wchan'), 'utf8').startsWith('io_cqring');
    };
    const awaited = new Set(['data1', 'data2', 'data3']);
    while (awaited.size > 0) {
      for (const name of awaited) if (sleeps(name)) awaited.delete(name);
      await sleep(5);
    }
    // What they said of it came before this.
    for (let turn = 0; turn < 2; turn++) must(await device.getInfo(), 'info');
  }

  async function serve(keys = ''): Promise<{ readonly guest: DrivenQueues; readonly device: DeviceClient }> {
    void start(keys);
    const driven = await drive();
    if (device === undefined) throw new Error('no client');
    await whenLoaded(device);
    return { guest: driven, device };
  }

  /** When each queue has had one. */
  async function flushesOf(device: DeviceClient): Promise<{ readonly requests: number; readonly errors: number }> {
    for (;;) {
      const { operations } = must(await device.getStats(), 'stats');
      const flushes = operations.find(({ operation }) => operation === 'FLUSH');
      const [requests, errors] = [Number(flushes?.requests), Number(flushes?.errors)];
      if (requests >= QUEUES) return { requests, errors };
      await sleep(5);
    }
  }

  /** The threads of the process that bear a name, and what /proc says of them. */
  function threads(): ReadonlyMap<string, { readonly task: string; readonly cpus: string }> {
    const folder = `/proc/${child?.pid}/task`;
    return new Map(
      readdirSync(folder).map((tid) => {
        const task = join(folder, tid);
        const cpus = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(join(task, 'status'), 'utf8'))?.[1] ?? '';
        return [readFileSync(join(task, 'comm'), 'utf8').trim(), { task, cpus }];
      }),
    );
  }

  /** The image holds what each head of each queue wrote last. */
  function verify({ queues }: DrivenQueues): void {
    const bytes = readFileSync(disk);
    for (const queue of queues) {
      for (let head = 0; head < HEADS; head++) {
        const at = queue.offsetOf(head);
        expect([bytes.readUInt32LE(at), bytes.readUInt32LE(at + BLOCK - 4)]).to.deep.equal([queue.stampOf(head), queue.stampOf(head)]);
      }
    }
  }

  it('has a thread for each, and none of its requests is lost or mixed up', async () => {
    const { guest, device } = await serve();
    expect([...threads().keys()]).to.include.members(['data', 'data1', 'data2', 'data3']);
    guest.load(2000);
    await guest.whenIdle();
    verify(guest);
    expect(guest.queues.map(({ done }) => done)).to.deep.equal([2000, 2000, 2000, 2000]);
    const { operations } = must(await device.getStats(), 'stats');
    expect(operations.reduce((sum, { requests }) => sum + Number(requests), 0)).to.equal(8000);
    const { queues } = must(await device.getInfo(), 'info');
    expect(queues.map(({ index, enabled, inFlight, fault }) => [index, enabled, inFlight, fault])).to.deep.equal(
      [0, 1, 2, 3].map((index) => [index, true, 0, '']),
    );
  }).timeout(60_000);

  it('is served before they have loaded, and hands its queues over under load', async () => {
    void start();
    const driven = await drive();
    driven.load(200);
    await driven.whenIdle();
    driven.load(1_000_000);
    if (device !== undefined) await whenLoaded(device);
    driven.unload();
    await driven.whenIdle();
    verify(driven);
  }).timeout(60_000);

  it('stops and starts single rings under load', async () => {
    const { guest } = await serve();
    guest.load(4000);
    for (let turn = 0; turn < 12; turn++) {
      const queue = guest.queues[turn % QUEUES];
      if (queue === undefined) throw new Error('no queue');
      const base = must(await guest.frontend.stopRing(queue.index), 'stop');
      queue.collect();
      // Nothing that was taken is still under way.
      expect(queue.driver.usedIdx).to.equal(base);
      must(await guest.frontend.enableRing(queue.index, false), 'disable');
      await guest.startRing(queue, base);
    }
    await guest.whenIdle();
    verify(guest);
  }).timeout(60_000);

  it('goes over to another memory table while all rings run', async () => {
    const { guest } = await serve();
    guest.load(3000);
    for (let turn = 0; turn < 4; turn++) {
      using more = new SharedRegion(0x4000_0000, 0x10_0000);
      must(await guest.frontend.addMemoryRegion(more.region), 'add');
      must(await guest.frontend.setMemoryTable([guest.region.region, more.region]), 'replace');
      must(await guest.frontend.removeMemoryRegion(more.region), 'remove');
    }
    await guest.whenIdle();
    verify(guest);
  }).timeout(60_000);

  it('drains all queues, and goes on', async () => {
    const { guest, device } = await serve();
    guest.load(3000);
    for (let turn = 0; turn < 3; turn++) {
      must(await device.drain({ deadlineMs: 20_000 }), 'drain');
      const done = guest.queues.map((queue) => (queue.collect(), queue.done));
      const { drained, queues } = must(await device.getInfo(), 'info');
      expect([drained, queues.map(({ inFlight }) => inFlight)]).to.deep.equal([true, [0, 0, 0, 0]]);
      for (const queue of guest.queues) queue.collect();
      expect(guest.queues.map((queue) => queue.done)).to.deep.equal(done);
      must(await device.resume({}), 'resume');
      await guest.when(() => guest.queues.every((queue, index) => queue.isIdle || queue.done > (done[index] ?? 0)));
    }
    await guest.whenIdle();
    verify(guest);
  }).timeout(60_000);

  it('grows and shrinks on every queue', async () => {
    const used = QUEUES * HEADS * BLOCK;
    const { guest, device } = await serve();
    guest.load(1000);
    must(await device.resize({ size: 2 * SIZE }), 'grow');
    must(await device.resize({ size: used, allowShrink: true }), 'shrink');
    await guest.when(() => guest.configChanges > 0);
    await guest.whenIdle();
    verify(guest);
    expect(statSync(disk).size).to.equal(used);
    must(await device.resize({ size: used - 4 * BLOCK, allowShrink: true }), 'shrink');
    // Its last blocks are the last queue's: gone for its thread, too.
    guest.queues[3]?.submit(HEADS - 1, IN);
    const refused = await guest.whenIdle().then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(refused).to.match(/queue 3: head 31 of type 0 has status 1/);
    expect(statSync(disk).size).to.equal(used - 4 * BLOCK);
  }).timeout(60_000);

  it('keeps to limits that all its threads share, and lets go when they are lifted', async () => {
    // One request an hour, and forty of them now.
    const { guest, device } = await serve(',ops_size=1,ops_one_time_burst=39,ops_refill_time=3600000');
    guest.load(100);
    const done = (): number => guest.queues.reduce((sum, queue) => sum + queue.done, 0);
    await guest.when(() => done() >= 40);
    // Threads that look at the same moment may each begin one; what they take is owed.
    must(await device.getInfo(), 'info');
    for (const queue of guest.queues) queue.collect();
    expect(done()).to.be.within(40, 43);
    const ops = { size: 1, oneTimeBurst: 59, refillTime: 3_600_000 };
    const before = done();
    must(await device.updateLimits({ limits: { ops } }), 'limits');
    await guest.when(() => done() >= before + 60);
    must(await device.getInfo(), 'info');
    for (const queue of guest.queues) queue.collect();
    expect(done() - before).to.be.within(60, 64);
    must(await device.updateLimits({ limits: {} }), 'limits');
    await guest.whenIdle();
    verify(guest);
    expect(Number(must(await device.getStats(), 'stats').throttledEvents)).to.be.above(0);
  }).timeout(60_000);

  it('has nothing twice and loses nothing when it is killed under load, on no queue', async () => {
    const ended = start();
    const driven = await drive();
    driven.load(4000);
    let exited = ended;
    for (let kill = 0; kill < 5; kill++) {
      const so = driven.queues.map(({ done }) => done);
      await driven.when(() => driven.queues.every((queue, index) => queue.isIdle || queue.done > (so[index] ?? 0) + 50));
      child?.kill('SIGKILL');
      driven.disconnect();
      device?.close();
      await exited;
      rmSync(join(folder, 'socket'));
      rmSync(join(folder, 'api'));
      exited = start();
      await drive();
    }
    await driven.whenIdle();
    verify(driven);
    expect(driven.queues.map(({ done }) => done)).to.deep.equal([4000, 4000, 4000, 4000]);
  }).timeout(120_000);

  for (const [when, isLoaded] of [
    ['while one thread serves all queues', false],
    ['when each queue has its thread', true],
  ] as const) {
    it(`loses what was written, as it switches its write cache off ${when} -> no queue says that a flush went well`, async function () {
      losing = LosingDevice.make(folder, SIZE);
      if (losing === undefined) return this.skip();
      disk = losing.path;
      void start();
      const driven = await drive();
      if (device === undefined) throw new Error('no client');
      if (isLoaded) await whenLoaded(device);
      driven.queues[1]?.submit(0, OUT);
      await driven.whenIdle();
      for (const on of [0, 1]) must(await driven.frontend.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(on)), 'switch');
      if (!isLoaded) await whenLoaded(device);
      for (const queue of driven.queues) queue.submit(0, FLUSH);
      expect(await flushesOf(device)).to.deep.equal({ requests: QUEUES, errors: QUEUES });
      expect(said).to.match(/^ch-block: a request failed: flush the image: i\/o error \(EIO\)\n/);
    }).timeout(60_000);
  }

  it('tells of a broken ring, and serves the others', async () => {
    const { guest, device } = await serve();
    const broken = guest.queues[2];
    if (broken === undefined) throw new Error('no queue');
    // More than a ring's size ahead.
    broken.driver.available = 1000;
    broken.submit(0, OUT);
    while (drainEventFd(broken.error.fd) === 0) await sleep(5);
    for (const queue of guest.queues) if (queue !== broken) queue.load(500);
    await guest.when(() => guest.queues.every((queue) => queue === broken || queue.isIdle));
    const { queues } = must(await device.getInfo(), 'info');
    expect(queues.map(({ fault }) => fault === '')).to.deep.equal([true, true, false, true]);
    expect(Number(must(await device.getStats(), 'stats').ringFaults)).to.equal(1);
  }).timeout(60_000);

  it('takes another front end when one has gone, with all its queues', async () => {
    const { guest } = await serve();
    guest.load(200);
    await guest.whenIdle();
    guest.disconnect();
    await guest.connect(await connectTo(join(folder, 'socket')));
    guest.load(200);
    await guest.whenIdle();
    verify(guest);
  }).timeout(60_000);

  it('ends at SIGTERM under load, with nothing half done', async () => {
    const exited = start();
    const driven = await drive();
    if (device !== undefined) await whenLoaded(device);
    driven.load(100_000);
    await driven.when(() => driven.queues.every(({ done }) => done > 500));
    child?.kill('SIGTERM');
    expect(await exited).to.deep.equal([143, null]);
    expect(said).to.equal('');
  }).timeout(60_000);

  it('ends with status 1 and one record at a throw in the thread of a queue', async () => {
    const exited = start(
      '',
      `import { threadName } from 'node:worker_threads';
      const now = performance.now.bind(performance);
      let left = 100;
      if (threadName === 'data2') performance.now = () => {
        if (left-- === 0) throw new Error('planted');
        return now();
      };`,
    );
    const driven = await drive();
    driven.load(1_000_000);
    expect((await exited)[0]).to.equal(1);
    expect(said).to.match(/^ch-block: fatal: Error: planted/);
    expect(said.match(/fatal/g)?.length).to.equal(1);
  }).timeout(60_000);

  it('ends with status 1 and one record where the thread of a queue cannot be loaded', async () => {
    const exited = start(
      '',
      `import { registerHooks } from 'node:module';
      import { threadName } from 'node:worker_threads';
      const source = "export const OrderServer = 1; throw new Error('planted')";
      const load = (url, context, next) =>
        url.endsWith('/threads/order-server.ts') ? { format: 'module', source, shortCircuit: true } : next(url, context);
      if (threadName === 'data3') registerHooks({ load });`,
    );
    expect((await exited)[0]).to.equal(1);
    expect(said).to.match(/^ch-block: fatal: Error: planted/);
  }).timeout(60_000);

  it('runs its threads where queue_affinity has them run', async function () {
    const cpus = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    if (cpus !== '0-1') return this.skip();
    const { guest, device } = await serve(',queue_affinity=[0@[1],1@[0],2@[0,1]]');
    must(await device.getHealth(), 'health');
    const allowed = (name: string): string => threads().get(name)?.cpus ?? '';
    expect(['data', 'data1', 'data2', 'data3', 'control'].map(allowed)).to.deep.equal(['1', '0', '0-1', '0-1', '0-1']);
    guest.load(500);
    await guest.whenIdle();
    verify(guest);
  }).timeout(60_000);

  it('is refused in one line where a CPU is not there', async () => {
    expect((await start(',queue_affinity=[1@[0,8191]]'))[0]).to.equal(1);
    expect(said).to.match(/^ch-block: disk "\/.*" cannot have queue_affinity for its queue 1: .* CPU 8191\n$/);
  }).timeout(20_000);
});
