/** A ch-block that was started by hand, and others that take over from it: real processes, sockets and a driver on real ring memory. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { successorEnd } from '#shared/rpc/hand-over-channel.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { SOCK_SEQPACKET, accept, listenUnix } from '#shared/sys/unix-socket.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { CONFIG_WRITEBACK, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH } from '../spec.ts';
import { DrivenDisk } from '../testing/driven-disk.fixture.ts';
import { LosingDevice } from '../testing/losing-device.fixture.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const [IN, OUT, FLUSH] = [0, 1, 4];
const SIZE = 1 << 20;
const DEADLINE_MS = 60_000;

interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  readonly said: () => string;
}

describe('ch-block --upgrade-from', function () {
  this.timeout(120_000);
  let folder = '';
  const programs: Program[] = [];
  let driven: DrivenDisk | undefined;
  let losing: LosingDevice | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-upgrade-'));
    writeFileSync(join(folder, 'disk'), '');
    truncateSync(join(folder, 'disk'), SIZE);
  });
  afterEach(async () => {
    await driven?.[Symbol.asyncDispose]();
    driven = undefined;
    for (const { child } of programs.splice(0)) child.kill('SIGKILL');
    losing?.[Symbol.dispose]();
    losing = undefined;
    rmSync(folder, { recursive: true });
  });

  /** In the folder, whose files it is given without it. */
  function start(...args: readonly string[]): Program {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const program = { child, ended: once(child, 'close'), said: () => said };
    programs.push(program);
    return program;
  }

  async function serve(...options: readonly string[]): Promise<Program> {
    const socket = join(folder, 'front');
    const appeared = new Promise<void>((resolve) => {
      const watcher = watch(folder, () => {
        if (!existsSync(socket)) return;
        watcher.close();
        resolve();
      });
    });
    const program = start('--socket-path', 'front', '--api-socket', 'api', ...options);
    await appeared;
    return program;
  }

  async function drive(): Promise<DrivenDisk> {
    driven = await DrivenDisk.start(await connectTo(join(folder, 'front')), { features: VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE });
    return driven;
  }

  async function info() {
    using client = new DeviceClient(join(folder, 'api'));
    return await client.getInfo();
  }

  /** Until that process answers where clients connect. */
  async function answers({ child, said }: Program): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const answer = await info();
      if (answer.ok && answer.value.pid === child.pid) return;
      if (Date.now() > deadline || child.exitCode !== null) throw new Error(`it does not serve: ${said()}`);
      await sleep(20);
    }
  }

  /** What the process says to who asked for the upgrade, to another one that is ready. */
  async function whyRefused(): Promise<string> {
    const socket = join(folder, 'successor');
    using listener = must(listenUnix(socket, 1, SOCK_SEQPACKET), 'listener');
    using client = new DeviceClient(join(folder, 'api'));
    const upgraded = client.upgrade({ socket });
    while (pollNow(listener.fd, EPOLLIN) === 0) await sleep(1);
    using successor = successorEnd(must(accept(listener.fd), 'predecessor'));
    must(successor.receive(), 'greeting');
    must(successor.send({ ready: {} }), 'ready');
    const answer = await upgraded;
    return answer.ok ? '' : answer.error.message;
  }

  for (const [name, options] of [
    ['raw', ['--disk', 'path=disk']],
    ['raw, 2 queues', ['--disk', 'path=disk,num_queues=2']],
    ['raw, read-only', ['--disk', 'path=disk,readonly=on']],
    ['qcow2', ['--disk', 'path=qcow2,image_type=qcow2']],
  ] as const) {
    it(`${name}: goes on under the same front end, with what was changed; and so does another one`, async function () {
      if (name === 'qcow2' && spawnSync('qemu-img', ['create', '-q', '-f', 'qcow2', join(folder, 'qcow2'), `${SIZE}`]).status !== 0)
        this.skip();
      const first = await serve(...options);
      const guest = await drive();
      const write = name.includes('read-only') ? 1 : 0;
      expect(await guest.request(OUT, 8, 4096)).to.equal(write);
      {
        using client = new DeviceClient(join(folder, 'api'));
        must(await client.updateLimits({ limits: { ops: { size: 1000, refillTime: 10 } } }), 'limits');
      }
      const second = start('--upgrade-from', 'api');
      expect(await first.ended, first.said()).to.deep.equal([0, null]);
      await answers(second);
      expect(await guest.request(IN, 8, 4096)).to.equal(0);
      expect(await guest.request(OUT, 16, 4096)).to.equal(write);
      const third = start('--upgrade-from', join(folder, 'api'));
      expect(await second.ended, second.said()).to.deep.equal([0, null]);
      await answers(third);
      expect(await guest.request(IN, 16, 512)).to.equal(0);
      const described = must(await info(), 'info');
      expect([described.session, described.limits?.ops?.size, described.generation]).to.deep.equal(['CONNECTED', '1000', '4']);
      {
        using client = new DeviceClient(join(folder, 'api'));
        const { operations } = must(await client.getStats(), 'stats');
        expect(operations.slice(0, 2).map(({ requests }) => requests)).to.deep.equal(['2', '2']);
      }
      // The next front end finds it too, and its sockets go with it.
      await driven?.[Symbol.asyncDispose]();
      const next = await drive();
      expect(await next.request(IN, 0, 512)).to.equal(0);
      third.child.kill('SIGTERM');
      expect(await third.ended).to.deep.equal([143, null]);
      expect(['front', 'api'].map((path) => existsSync(join(folder, path)))).to.deep.equal([false, false]);
    });
  }

  for (const queues of [1, 2]) {
    it(`limits that are used up, of ${queues} queues -> stay so`, async () => {
      const limits = 'ops_size=1,ops_refill_time=3600000,ops_one_time_burst=2';
      const first = await serve('--disk', `path=disk,num_queues=${queues},${limits}`);
      const guest = await drive();
      for (let head = 0; head < 3; head++) guest.submit(head, IN, 0, 512);
      await guest.until(3);
      const second = start('--upgrade-from', 'api');
      expect(await first.ended, first.said()).to.deep.equal([0, null]);
      await answers(second);
      for (let head = 0; head < 3; head++) guest.submit(head, IN, 0, 512);
      const described = must(await info(), 'info');
      expect([guest.done.length, described.queues[0]?.inFlight]).to.deep.equal([3, 0]);
      expect(guest.driver.usedIdx).to.equal(3);
    });
  }

  it('a block device of which the guest sees a part -> it still does', async function () {
    const made = spawnSync('losetup', ['--find', '--show', join(folder, 'disk')], { encoding: 'utf8' });
    if (made.status !== 0) return this.skip();
    const device = made.stdout.trim();
    try {
      const first = await serve('--blk-file', device);
      const guest = await drive();
      {
        using client = new DeviceClient(join(folder, 'api'));
        must(await client.resize({ size: SIZE / 2, allowShrink: true }), 'resize');
      }
      const second = start('--upgrade-from', 'api');
      expect(await first.ended, second.said()).to.deep.equal([0, null]);
      await answers(second);
      expect(must(await info(), 'info').image?.size).to.equal(String(SIZE / 2));
      expect(await guest.request(IN, SIZE / 2 / 512 - 1, 512)).to.equal(0);
      expect(await guest.request(IN, SIZE / 2 / 512, 512)).to.equal(1);
      second.child.kill('SIGKILL');
      await second.ended;
    } finally {
      spawnSync('losetup', ['--detach', device]);
    }
  });

  it('what was written is lost, as every flush says -> refused, for another one would not know; the first goes on', async function () {
    losing = LosingDevice.make(folder, SIZE);
    if (losing === undefined) return this.skip();
    const first = await serve('--blk-file', losing.path);
    const guest = await drive();
    expect(await guest.request(OUT, 0, 4096)).to.equal(0);
    for (const on of [0, 1]) must(await guest.frontend.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(on)), 'switch');
    expect(await guest.request(FLUSH, 0, 0)).to.equal(1);
    expect(await whyRefused()).to.equal('the disk goes on as before: flush the image: i/o error (EIO)');
    const second = start('--upgrade-from', 'api');
    expect(await second.ended).to.deep.equal([1, null]);
    expect([await guest.request(FLUSH, 0, 0), await guest.request(IN, 8, 4096)]).to.deep.equal([1, 0]);
    await answers(first);
  });

  it('without a front end -> the next one connects to the other process', async () => {
    const first = await serve('--blk-file', 'disk');
    const second = start('--upgrade-from', 'api');
    await first.ended;
    await answers(second);
    const guest = await drive();
    guest.memory.writeBytes(guest.dataOf(0), Buffer.alloc(512, 7));
    expect(await guest.request(OUT, 0, 512)).to.equal(0);
    expect(readFileSync(join(folder, 'disk'))[511]).to.equal(7);
  });

  it('and the image is another one now, or none -> refused in one line; the first goes on', async () => {
    const first = await serve('--blk-file', 'disk');
    const guest = await drive();
    expect(await guest.request(OUT, 0, 512)).to.equal(0);
    renameSync(join(folder, 'disk'), join(folder, 'moved'));
    const second = start('--upgrade-from', 'api');
    await second.ended;
    expect(second.said()).to.match(/^ch-block: .*disk" does not exist; check the path\n$/);
    writeFileSync(join(folder, 'disk'), Buffer.alloc(2 * SIZE));
    const third = start('--upgrade-from', 'api');
    await third.ended;
    expect(third.said()).to.match(/^ch-block: .*\n$/);
    writeFileSync(join(folder, 'disk'), Buffer.alloc(SIZE));
    const fourth = start('--upgrade-from', 'api');
    await fourth.ended;
    expect(fourth.said()).to.match(/^ch-block: .*another file[^\n]*\n$/);
    expect(await guest.request(IN, 0, 512)).to.equal(0);
    await answers(first);
  });

  it('of nobody, or along with other options -> one line', async () => {
    const lost = start('--upgrade-from', 'none');
    expect(await lost.ended).to.deep.equal([1, null]);
    expect(lost.said()).to.equal('ch-block: no process serves at "none"\n');
    const both = start('--upgrade-from', 'api', '--blk-file', 'disk');
    expect(await both.ended).to.deep.equal([2, null]);
    expect(both.said()).to.match(/^ch-block: --upgrade-from takes the options of the other process/);
  });

  it('asked for by a client that names a program -> says how it goes', async () => {
    await serve('--blk-file', 'disk');
    using client = new DeviceClient(join(folder, 'api'));
    const refused = await client.upgrade({ program: '/bin/true' });
    expect(refused.ok ? {} : refused.error).to.deep.include({ status: 'FAILED_PRECONDITION', reason: 'STARTED_BY_HAND' });
  });
});
