import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import {
  type DeviceLauncherEnd,
  type FromDevice,
  type StartBlock,
  WriteCache,
  deviceLauncherChannel,
  startSocketPair,
} from '#shared/rpc/start-channel.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { lockFile } from '#shared/sys/file-lock.ts';
import { type Fd, OwnedFd, asFd } from '#shared/sys/owned-fd.ts';
import { monotonicMs } from '#shared/sys/clock.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { SOCK_STREAM, UnixSocket, accept, listenUnix, socketPair } from '#shared/sys/unix-socket.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { encodeFrame } from '#shared/vhost-user/channel.ts';
import { NOTHING } from '#shared/vhost-user/message.ts';
import { VHOST_USER } from '#shared/vhost-user/spec.ts';
import { CONFIG_WRITEBACK, VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_FLUSH } from './spec.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { DrivenDisk } from './testing/driven-disk.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

describe('ch-block under its launcher', () => {
  let folder = '';
  let disk = '';
  let child: ChildProcess | undefined;
  let channel: DeviceLauncherEnd | undefined;
  let core: OwnedFd | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    disk = join(folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, 1 << 20);
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    channel?.close();
    core?.close();
    rmSync(folder, { recursive: true });
  });

  /** Starts the program and tells it of the disk; answers its exit, once all that it said has come. */
  function launch(image = disk, preload = '', more: Partial<StartBlock> = {}, ...descriptors: Fd[]): Promise<unknown[]> {
    const [ours, theirs] = must(startSocketPair(), 'start socket');
    const [front, back] = must(socketPair(SOCK_STREAM), 'vhost-user socket');
    child = spawn(
      process.execPath,
      [...(preload === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]), MAIN],
      { stdio: ['ignore', 'inherit', 'pipe', theirs.fd] },
    );
    theirs.close();
    channel = deviceLauncherChannel(ours);
    core = front;
    const file = openSync(image, 'r+');
    const startBlock = { id: 'd', path: image, readOnly: false, numQueues: 1, queueSize: 128, serial: 'S', image: 1, socket: 2, ...more };
    must(channel.send({ startBlock }, [asFd(file), back.fd, ...descriptors]), 'start message');
    closeSync(file);
    back.close();
    return once(child, 'close');
  }

  function answer(): FromDevice {
    if (channel === undefined) throw new Error('nothing was launched');
    return must(channel.receive(), 'answer').message;
  }

  it('says that it serves, and ends with status 0 when told to stop', async () => {
    const exited = launch();
    expect(answer().started).to.not.equal(null);
    channel?.send({ stop: {} });
    expect(await exited).to.deep.equal([0, null]);
  }).timeout(10_000);

  it('ends with status 0 when its front end leaves', async () => {
    const exited = launch();
    channel?.receive();
    core?.close();
    expect(await exited).to.deep.equal([0, null]);
  }).timeout(10_000);

  it('has nothing to say of a front end that leaves without reading its answers', async () => {
    const exited = launch();
    expect(answer().started).to.not.equal(null);
    if (core === undefined) throw new Error('nothing was launched');
    const front = new UnixSocket(core);
    must(front.send(encodeFrame(VHOST_USER.GET_FEATURES, 0, NOTHING), 0, 12), 'request');
    expect(pollNow(front.fd, EPOLLIN, 5000)).to.equal(EPOLLIN);
    front.close();
    core = undefined;
    const last = channel?.receive();
    expect(last?.ok === false ? last.error.code : last?.value.message).to.equal('CLOSED');
    expect(await exited).to.deep.equal([0, null]);
  }).timeout(10_000);

  it('ends when its launcher is gone', async () => {
    const exited = launch();
    channel?.receive();
    channel?.close();
    expect(await exited).to.deep.equal([0, null]);
  }).timeout(10_000);

  it('ends by SIGTERM, asleep in the kernel', async () => {
    const exited = launch();
    channel?.receive();
    child?.kill('SIGTERM');
    expect(await exited).to.deep.equal([null, 'SIGTERM']);
  }).timeout(10_000);

  it('refuses in one line an image that is no disk', async () => {
    truncateSync(disk, 1000);
    const exited = launch();
    const refused = answer();
    expect(refused.failed?.message).to.match(/^disk d ".*" has 1000 bytes/);
    expect(refused.failed?.imageLocked).to.equal(false);
    expect(await exited).to.deep.equal([1, null]);
  }).timeout(10_000);

  it('refuses an image that begins as another format does, unless it is called raw', async () => {
    writeFileSync(disk, Buffer.concat([Buffer.from('vhdxfile'), Buffer.alloc(504)]));
    const exited = launch();
    expect(answer().failed?.message).to.match(
      /^disk d ".*" begins as a VHDX image does: add image_type=vhdx, or image_type=raw to serve its bytes as they are$/,
    );
    expect(await exited).to.deep.equal([1, null]);
    const second = launch(disk, '', { imageType: 'raw' });
    expect(answer().started).to.not.equal(null);
    channel?.close();
    await second;
  }).timeout(10_000);

  it('refuses in one line an image that others have locked, and says that this is why', async () => {
    const other = new OwnedFd(openSync(disk, 'r+'));
    must(lockFile(other.fd, false), 'lock');
    const exited = launch(disk, '', { lockWaitMs: 1 });
    const refused = answer();
    other.close();
    expect(refused.failed?.message).to.match(/^disk d ".*" is locked by process \d+ \(.+\): stop that/);
    expect(refused.failed?.imageLocked).to.equal(true);
    expect(await exited).to.deep.equal([1, null]);
  }).timeout(10_000);

  it('names the backing file that others have locked', async function () {
    if (!hasQemu) return this.skip();
    const overlay = join(folder, 'overlay');
    qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', 'disk', overlay);
    const other = new OwnedFd(openSync(disk, 'r+'));
    must(lockFile(other.fd, false), 'lock');
    const exited = launch(overlay, '', { imageType: 'qcow2', backingFiles: true });
    const { failed } = answer();
    other.close();
    const what = `disk d "${overlay}" has the backing file disk, which`;
    expect([failed?.imageLocked, failed?.lockedFile?.path, failed?.lockedFile?.what]).to.deep.equal([false, disk, what]);
    expect(failed?.message?.startsWith(`${what} is locked by process ${process.pid} (`), failed?.message ?? '').to.equal(true);
    expect(await exited).to.deep.equal([1, null]);
  }).timeout(10_000);

  for (const [granularity, isFree] of [
    ['byte-range', true],
    ['full', false],
  ] as const) {
    it(`locks an image by ${granularity}: its end is ${isFree ? 'free' : 'not'}`, async () => {
      const exited = launch(disk, '', { lockGranularity: granularity });
      expect(answer().started).to.not.equal(null);
      const other = new OwnedFd(openSync(disk, 'r+'));
      expect(lockFile(other.fd, false, { start: 1 << 20, length: 0 }).ok).to.equal(isFree);
      expect(lockFile(other.fd, true, { start: 0, length: 1 }).ok).to.equal(false);
      other.close();
      channel?.close();
      await exited;
    }).timeout(10_000);
  }

  /** Accepts one client at a socket of ours and hands it in, as the launcher does; answers a client that connects there. */
  async function handIn(): Promise<DeviceClient> {
    const path = join(folder, 'api');
    const listener = must(listenUnix(path), 'listener');
    const watcher = new Watcher();
    const watch = watcher.watch(listener.fd, EPOLLIN, () => {
      const client = must(accept(listener.fd), 'client');
      if (channel !== undefined) must(channel.send({ connect: { socket: 1 } }, [client.fd]), 'connect');
      client.close();
    });
    const client = new DeviceClient(path);
    const health = await client.getHealth();
    watch.close();
    await watcher.close();
    listener.close();
    if (!health.ok) client.close();
    must(health, 'health');
    return client;
  }

  it('serves a client that its launcher hands in, and says what the client changes', async () => {
    const exited = launch();
    channel?.receive();
    if (core === undefined) throw new Error('nothing was launched');
    await using guest = await DrivenDisk.start(core);
    using device = await handIn();
    const info = must(await device.getInfo(), 'info');
    expect([info.id, info.image?.path, info.pid, info.session]).to.deep.equal(['d', disk, child?.pid, 'CONNECTED']);
    must(await device.resize({ size: 2 << 20 }), 'resize');
    await guest.when(() => guest.configChanges > 0);
    expect(await guest.request(1, 4095, 512)).to.equal(0);
    must(await device.updateLimits({ limits: { ops: { size: 1000, oneTimeBurst: 5, refillTime: 100 } } }), 'limits');
    expect(answer().limitsChanged).to.deep.include({ ops: { size: 1000, oneTimeBurst: 5, refillMs: 100 } });
    channel?.send({ stop: {} });
    expect(await exited).to.deep.equal([0, null]);
  }).timeout(60_000);

  it('begins with the limits that it is given', async () => {
    void launch(disk, '', { limits: { ops: { size: 1, oneTimeBurst: 2, refillMs: 3_600_000 } } });
    channel?.receive();
    if (core === undefined) throw new Error('nothing was launched');
    await using guest = await DrivenDisk.start(core);
    for (let head = 0; head < 5; head++) guest.submit(head, 0, 0, 512);
    await guest.until(3);
    using device = await handIn();
    const { limits, queues } = must(await device.getInfo(), 'info');
    expect([limits?.ops?.oneTimeBurst, limits?.bandwidth, queues[0]?.inFlight]).to.deep.equal(['2', null, 0]);
    expect(guest.done.length).to.equal(3);
  }).timeout(60_000);

  it('shows as much of a block device as a client has said, and tells of it; no more than there is', async function () {
    const made = spawnSync('losetup', ['--find', '--show', disk], { encoding: 'utf8' });
    if (made.status !== 0) return this.skip();
    const device = made.stdout.trim();
    const sizeIn = async (deviceSize: number, resizeTo?: number): Promise<string> => {
      const exited = launch(device, '', { deviceSize });
      expect(answer().started).to.not.equal(null);
      using client = await handIn();
      if (resizeTo !== undefined) must(await client.resize({ size: resizeTo, allowShrink: true }), 'resize');
      const size = must(await client.getInfo(), 'info').image?.size ?? '';
      if (resizeTo !== undefined) expect(answer().deviceSizeChanged?.size).to.equal(resizeTo);
      channel?.send({ stop: {} });
      await exited;
      channel?.close();
      core?.close();
      rmSync(join(folder, 'api'));
      return size;
    };
    try {
      expect(await sizeIn(0, 1 << 19)).to.equal(String(1 << 19));
      expect(await sizeIn(1 << 19)).to.equal(String(1 << 19));
      expect(await sizeIn(1 << 19, 0)).to.equal(String(1 << 20));
      expect(await sizeIn(1 << 21)).to.equal(String(1 << 20));
    } finally {
      spawnSync('losetup', ['--detach', device]);
    }
  }).timeout(60_000);

  it('begins with the write cache as it was, and tells of a change', async () => {
    void launch(disk, '', { writeCache: WriteCache.THROUGH });
    channel?.receive();
    if (core === undefined) throw new Error('nothing was launched');
    await using guest = await DrivenDisk.start(core, { features: VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE });
    expect([...must(await guest.frontend.readConfig(CONFIG_WRITEBACK, 1), 'config')]).to.deep.equal([0]);
    must(await guest.frontend.writeConfig(CONFIG_WRITEBACK, Uint8Array.of(1)), 'switch');
    expect(answer().writeCacheChanged).to.equal(WriteCache.BACK);
    expect([...must(await guest.frontend.readConfig(CONFIG_WRITEBACK, 1), 'config')]).to.deep.equal([1]);
  }).timeout(20_000);

  it('pins its queue, and not the thread that serves its clients; a CPU that is not there is refused in one line', async () => {
    const cpusOf = (task: string): string => /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1] ?? '';
    const all = cpusOf('/proc/self');
    const [first = ''] = all.split(/[-,]/);
    void launch(disk, '', { queueAffinity: [{ queueIndex: 0, hostCpus: [Number(first)] }] });
    channel?.receive();
    using device = await handIn();
    must(await device.getInfo(), 'info');
    const tasks = readdirSync(`/proc/${child?.pid}/task`).map((tid) => `/proc/${child?.pid}/task/${tid}`);
    const control = tasks.find((task) => readFileSync(`${task}/comm`, 'utf8') === 'control\n');
    expect([cpusOf(`/proc/${child?.pid}`), cpusOf(control ?? '')]).to.deep.equal([first, all]);
    child?.kill('SIGKILL');
    channel?.close();
    core?.close();
    const exited = launch(disk, '', { queueAffinity: [{ queueIndex: 0, hostCpus: [8191] }] });
    expect(answer().failed?.message).to.match(/^disk d ".*" cannot have queue_affinity for its queue 0: .* CPU 8191$/);
    expect(await exited).to.deep.equal([1, null]);
  }).timeout(60_000);

  it('takes from the buckets that its rate limit group shares', async () => {
    const memory = must(createSealedMemfd({ name: 'group', size: 4096 }), 'memory');
    const mapping = must(Mapping.map({ length: 4096, fd: memory.fd }), 'memory');
    const words = new BigInt64Array(mapping.view());
    // Requests are the second bucket: nothing in it for an hour, and of its burst of ten others have spent seven.
    words[2] = BigInt(Math.round(monotonicMs() * 1e6)) + 3_600_000_000_000n;
    words[3] = 7n;
    const limits = { ops: { size: 1, oneTimeBurst: 10, refillMs: 1000 } };
    void launch(disk, '', { limits, rateLimitGroup: { id: 'g', state: 3 } }, memory.fd);
    channel?.receive();
    if (core === undefined) throw new Error('nothing was launched');
    await using guest = await DrivenDisk.start(core);
    for (let head = 0; head < 5; head++) guest.submit(head, 0, 0, 512);
    await guest.until(3);
    using device = await handIn();
    expect([guest.done.length, Atomics.load(words, 3)]).to.deep.equal([3, 10n]);
    expect(must(await device.getInfo(), 'info').rateLimitGroup).to.equal('g');
    // A client changes the group's: a full bucket for all its disks, of which this one takes the two requests that wait.
    must(await device.updateLimits({ limits: { ops: { size: 2, oneTimeBurst: 1, refillTime: 3_600_000 } } }), 'limits');
    expect(answer().limitsChanged?.ops?.size).to.equal(2);
    await guest.until(5);
    expect(Atomics.load(words, 3)).to.equal(1n);
    for (let head = 5; head < 10; head++) guest.submit(head, 0, 0, 512);
    await guest.until(6);
    // A client of another disk has: the bucket is as that one has left it, empty but for one more of the burst.
    channel?.send({ limits: { ops: { size: 1, oneTimeBurst: 2, refillMs: 3_600_000 } } });
    await guest.until(7);
    expect(must(await device.getInfo(), 'info').limits?.ops?.oneTimeBurst).to.equal('2');
    expect([guest.done.length, Atomics.load(words, 3)]).to.deep.equal([7, 2n]);
    mapping.unmap();
    memory.close();
  }).timeout(60_000);

  it('ends with status 1 and one record at a throw', async () => {
    const preload = `process.on('SIGUSR2', () => {});
      performance.now = () => { throw new Error('planted'); };`;
    const exited = launch(disk, preload);
    const records: string[] = [];
    child?.stderr?.on('data', (data) => records.push(String(data)));
    channel?.receive();
    child?.kill('SIGUSR2');
    expect((await exited)[0]).to.equal(1);
    expect(records.join('')).to.match(/^ch-block: fatal: Error: planted/);
  }).timeout(10_000);

  it('ends with status 1 and one record at a throw in the thread that serves a client', async () => {
    const preload = `import { threadName } from 'node:worker_threads';
      const wait = setTimeout;
      let asked = 0;
      if (threadName === 'control') globalThis.setTimeout = (act, ms, ...args) => {
        if (ms === 5000 && ++asked === 2) queueMicrotask(() => { throw new Error('planted'); });
        return wait(act, ms, ...args);
      };`;
    const exited = launch(disk, preload);
    const records: string[] = [];
    child?.stderr?.on('data', (data) => records.push(String(data)));
    channel?.receive();
    using device = await handIn();
    expect((await device.getInfo()).ok).to.equal(false);
    expect((await exited)[0]).to.equal(1);
    expect(records.join('')).to.match(/^ch-block: fatal: Error: planted/);
  }).timeout(60_000);

  it('ends with status 1 and one record where what serves clients cannot be loaded', async () => {
    const preload = `import { registerHooks } from 'node:module';
      import { threadName } from 'node:worker_threads';
      const source = "export const DeviceServer = 1; throw new Error('planted')";
      const load = (url, context, next) =>
        url.endsWith('/rpc/device-server.ts') ? { format: 'module', source, shortCircuit: true } : next(url, context);
      if (threadName === 'control') registerHooks({ load });`;
    const exited = launch(disk, preload);
    const records: string[] = [];
    child?.stderr?.on('data', (data) => records.push(String(data)));
    channel?.receive();
    const served = await handIn().then(
      () => true,
      () => false,
    );
    expect(served).to.equal(false);
    expect((await exited)[0]).to.equal(1);
    expect(records.join('')).to.match(/^ch-block: fatal: Error: planted/);
  }).timeout(60_000);

  it('ends by SIGTERM while it serves a client', async () => {
    const exited = launch();
    channel?.receive();
    using device = await handIn();
    must(await device.getInfo(), 'info');
    child?.kill('SIGTERM');
    expect(await exited).to.deep.equal([null, 'SIGTERM']);
  }).timeout(60_000);
});
