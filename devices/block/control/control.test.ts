import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { Random } from '#shared/testing/random.ts';
import { hasQemu, qemuImg } from '../image/testing/qemu.fixture.ts';
import { DrivenDisk } from '../testing/driven-disk.fixture.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const [IN, OUT, FLUSH] = [0, 1, 4];
const SIZE = 1 << 20;

/** The preface of a client, and its settings. */
const HTTP2 = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);

/** A frame of any type, with any flags, of one of the first streams. */
function frame(random: Random, payload: Buffer): Buffer {
  const head = [0, 0, payload.length, random.below(10), random.below(256), 0, 0, 0, random.below(8)];
  return Buffer.concat([Buffer.from(head), payload]);
}

describe('ch.device.v1 of a ch-block', () => {
  let folder = '';
  let disk = '';
  let child: ChildProcess | undefined;
  let client: DeviceClient | undefined;
  let driven: DrivenDisk | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    disk = join(folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, SIZE);
  });
  afterEach(async () => {
    client?.close();
    await driven?.[Symbol.asyncDispose]();
    driven = undefined;
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const api = (): string => join(folder, 'api');

  function serve(...options: string[]): Promise<DeviceClient> {
    return serveWith('--blk-file', disk, ...options);
  }

  function serveDisk(keys: string): Promise<DeviceClient> {
    return serveWith('--disk', keys);
  }

  async function serveWith(...options: string[]): Promise<DeviceClient> {
    const socket = join(folder, 'disk.sock');
    const appeared = new Promise<void>((resolve) => {
      const watcher = watch(folder, () => {
        if (!existsSync(socket)) return;
        watcher.close();
        resolve();
      });
    });
    const args = [MAIN, '--socket-path', socket, '--api-socket', api(), ...options];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    await appeared;
    client = new DeviceClient(api());
    return client;
  }

  async function drive(): Promise<DrivenDisk> {
    driven = await DrivenDisk.start(await connectTo(join(folder, 'disk.sock')));
    return driven;
  }

  it('says what the process is and whom it serves, on a socket of this user alone', async () => {
    const device = await serve();
    expect(statSync(api()).mode & 0o777).to.equal(0o600);
    const before = must(await device.getInfo(), 'info');
    expect([before.kind, before.apiVersion, before.pid, before.session]).to.deep.equal(['block', 'ch.device.v1', child?.pid, 'WAITING']);
    expect(before.image).to.deep.equal({ path: disk, type: 'raw', size: String(SIZE), readOnly: false });
    await drive();
    const after = must(await device.getInfo(), 'info');
    expect([after.session, after.queues]).to.deep.equal(['CONNECTED', [{ index: 0, size: 64, enabled: true, inFlight: 0, fault: '' }]]);
    expect(must(await device.getHealth(), 'health').serving).to.equal(true);
  }).timeout(60_000);

  it('counts what the guest does', async () => {
    const device = await serve();
    const guest = await drive();
    expect(await guest.request(OUT, 8, 4096)).to.equal(0);
    expect(await guest.request(IN, 8, 512)).to.equal(0);
    expect(await guest.request(IN, SIZE / 512, 512)).to.equal(1);
    expect(await guest.request(FLUSH, 0, 0)).to.equal(0);
    const { operations } = must(await device.getStats(), 'stats');
    expect(operations.map(({ operation, requests, bytes, errors }) => [operation, requests, bytes, errors])).to.deep.equal([
      ['READ', '2', '512', '1'],
      ['WRITE', '1', '4096', '0'],
      ['FLUSH', '1', '0', '0'],
      ['DISCARD', '0', '0', '0'],
      ['WRITE_ZEROES', '0', '0', '0'],
      ['OTHER', '0', '0', '0'],
    ]);
    const counted = operations[0]?.latency?.buckets.reduce((sum, { count }) => sum + Number(count), 0);
    expect(counted).to.equal(2);
  }).timeout(60_000);

  it('makes the disk larger while it is used, and tells the driver', async () => {
    const device = await serve();
    const guest = await drive();
    expect(await guest.request(OUT, SIZE / 512, 512)).to.equal(1);
    const resized = must(await device.resize({ size: 2 * SIZE }), 'resize');
    expect([resized.size, resized.generation]).to.deep.equal([String(2 * SIZE), '2']);
    await guest.when(() => guest.configChanges > 0);
    const config = must(await guest.frontend.readConfig(0, 8), 'config');
    expect(new DataView(config.buffer, config.byteOffset).getBigUint64(0, true)).to.equal(BigInt((2 * SIZE) / 512));
    expect(await guest.request(OUT, SIZE / 512, 512)).to.equal(0);
    expect(statSync(disk).size).to.equal(2 * SIZE);
  }).timeout(60_000);

  it('makes it smaller only where that is allowed by name', async () => {
    const device = await serve();
    const refused = await device.resize({ size: SIZE / 2 });
    expect(refused.ok ? {} : refused.error).to.deep.include({ status: 'FAILED_PRECONDITION', reason: 'WOULD_SHRINK', field: 'size' });
    expect(statSync(disk).size).to.equal(SIZE);
    const guest = await drive();
    must(await device.resize({ size: SIZE / 2, allowShrink: true }), 'shrink');
    expect(statSync(disk).size).to.equal(SIZE / 2);
    expect(await guest.request(IN, SIZE / 1024, 512)).to.equal(1);
    expect(await guest.request(IN, 0, 512)).to.equal(0);
  }).timeout(60_000);

  const refusals: readonly (readonly [name: string, size: number, options: readonly string[], failure: object])[] = [
    ['no multiple of 512', 1000, [], { status: 'INVALID_ARGUMENT', reason: 'BAD_VALUE', field: 'size' }],
    ['of a file that is not said', 0, [], { status: 'FAILED_PRECONDITION', reason: 'NO_BLOCK_DEVICE', field: 'size' }],
    ['of a read-only disk', 2 * SIZE, ['--read-only'], { status: 'FAILED_PRECONDITION', reason: 'READ_ONLY', field: 'size' }],
    ['beyond what the host can do', 2 ** 52, [], { status: 'FAILED_PRECONDITION', reason: 'HOST_ERROR', field: 'size' }],
  ];
  for (const [name, size, options, failure] of refusals) {
    it(`refuses a size ${name}`, async () => {
      const device = await serve(...options);
      const refused = await device.resize({ size });
      expect(refused.ok ? {} : refused.error).to.deep.include(failure);
      expect(statSync(disk).size).to.equal(SIZE);
    }).timeout(60_000);
  }

  const formats: readonly (readonly [type: string, format: string, options: string, isShrunk: object])[] = [
    ['qcow2', 'qcow2', 'cluster_size=4k', { size: String(SIZE / 2) }],
    ['vhd', 'vpc', 'subformat=fixed,force_size=on', { status: 'FAILED_PRECONDITION', reason: 'BAD_SIZE', field: 'size' }],
    ['vhdx', 'vhdx', 'block_size=1M', { status: 'FAILED_PRECONDITION', reason: 'BAD_SIZE', field: 'size' }],
  ];
  for (const [type, format, options, isShrunk] of formats) {
    it(`makes a ${type} image larger while it is used, and smaller where the format has a way`, async function () {
      if (!hasQemu) return this.skip();
      qemuImg('create', '-q', '-f', format, '-o', options, disk, String(SIZE));
      const device = await serveDisk(`path=${disk},image_type=${type}`);
      expect(must(await device.getInfo(), 'info').image).to.deep.equal({ path: disk, type, size: String(SIZE), readOnly: false });
      const guest = await drive();
      expect(await guest.request(OUT, 8, 4096)).to.equal(0);
      const resized = must(await device.resize({ size: 2 * SIZE }), 'resize');
      expect(resized.size).to.equal(String(2 * SIZE));
      await guest.when(() => guest.configChanges > 0);
      expect(await guest.request(OUT, (2 * SIZE) / 512 - 1, 512)).to.equal(0);
      expect(await guest.request(IN, 8, 4096)).to.equal(0);
      const shrunk = await device.resize({ size: SIZE / 2, allowShrink: true });
      expect(shrunk.ok ? shrunk.value : shrunk.error).to.deep.include(isShrunk);
      expect(await guest.request(IN, 8, 4096)).to.equal(0);
    }).timeout(60_000);
  }

  it('takes the size of a block device, and shrinks with it only where that is allowed', async function () {
    const made = spawnSync('losetup', ['--find', '--show', disk], { encoding: 'utf8' });
    if (made.status !== 0) return this.skip();
    const file = disk;
    disk = made.stdout.trim();
    const truncate = (size: number): void => {
      truncateSync(file, size);
      expect(spawnSync('losetup', ['--set-capacity', disk]).status).to.equal(0);
    };
    try {
      const device = await serve();
      const beyond = await device.resize({ size: 2 * SIZE });
      expect(beyond.ok ? '' : beyond.error.reason).to.equal('DEVICE_TOO_SMALL');
      truncate(3 * SIZE);
      expect(must(await device.resize({ size: 0 }), 'grown').size).to.equal(String(3 * SIZE));
      const guest = await drive();
      expect(await guest.request(OUT, (3 * SIZE) / 512 - 1, 512)).to.equal(0);
      truncate(SIZE);
      const smaller = await device.resize({ size: 0 });
      expect(smaller.ok ? '' : smaller.error.reason).to.equal('WOULD_SHRINK');
      expect(must(await device.resize({ size: 0, allowShrink: true }), 'shrunk').size).to.equal(String(SIZE));
      await guest.when(() => guest.configChanges > 0);
    } finally {
      child?.kill('SIGKILL');
      spawnSync('losetup', ['--detach', disk]);
    }
  }).timeout(60_000);

  it('leaves requests in the ring while it is drained', async () => {
    const device = await serve();
    const guest = await drive();
    must(await device.drain({ deadlineMs: 5000 }), 'drain');
    guest.submit(0, IN, 0, 512);
    const held = must(await device.getInfo(), 'info');
    expect([held.drained, held.queues[0]?.inFlight, guest.done.length]).to.deep.equal([true, 0, 0]);
    must(await device.resume({}), 'resume');
    await guest.until(1);
    expect(guest.done).to.deep.equal([{ head: 0, status: 0 }]);
    expect(must(await device.getInfo(), 'info').drained).to.equal(false);
  }).timeout(60_000);

  it('stays drained for one client when another drains it in vain', async () => {
    const device = await serve();
    must(await device.drain({ deadlineMs: 5000 }), 'drain');
    // So many at once that some of them, whatever the machine, are not answered in time.
    await Promise.all(Array.from({ length: 1000 }, () => device.drain({ deadlineMs: 1 })));
    expect(must(await device.getInfo(), 'info').drained).to.equal(true);
    must(await device.resume({}), 'resume');
    expect(must(await device.getInfo(), 'info').drained).to.equal(false);
  }).timeout(60_000);

  it('keeps to limits that are set while it serves, and lets go when they are lifted', async () => {
    const device = await serve();
    const guest = await drive();
    // One request an hour, and ten of them now.
    const ops = { size: 1, oneTimeBurst: 9, refillTime: 3_600_000 };
    const set = must(await device.updateLimits({ limits: { ops } }), 'limits');
    expect(set.limits?.ops).to.deep.equal({ size: '1', oneTimeBurst: '9', refillTime: '3600000' });
    for (let head = 0; head < 20; head++) guest.submit(head, IN, head, 512);
    await guest.until(10);
    const { queues } = must(await device.getInfo(), 'info');
    expect([guest.done.length, queues[0]?.inFlight]).to.deep.equal([10, 0]);
    // The other bucket is none of the mask's: nothing changes.
    must(await device.updateLimits({ limits: {}, updateMask: { paths: ['bandwidth'] } }), 'limits');
    must(await device.getInfo(), 'info');
    expect(guest.done.length).to.equal(10);
    must(await device.updateLimits({ limits: {} }), 'limits');
    await guest.until(20);
    expect(new Set(guest.done.map(({ head, status }) => `${head} ${status}`)).size).to.equal(20);
    expect(Number(must(await device.getStats(), 'stats').throttledEvents)).to.be.above(0);
  }).timeout(60_000);

  it('counts every request as one against the limits, whatever it wants', async () => {
    const device = await serve();
    const guest = await drive();
    const [GET_ID, NOTHING_KNOWN] = [8, 99];
    const kinds: readonly (readonly [name: string, type: number, length: number])[] = [
      ['flush', FLUSH, 0],
      ['get-id', GET_ID, 0],
      ['unknown', NOTHING_KNOWN, 0],
      ['read beyond the end', IN, 4096],
    ];
    for (const [name, type, length] of kinds) {
      // Three now, and one an hour. Other limits in between: equal ones would go on as they are.
      must(await device.updateLimits({ limits: {} }), 'limits');
      must(await device.updateLimits({ limits: { ops: { size: 1, oneTimeBurst: 2, refillTime: 3_600_000 } } }), 'limits');
      const before = guest.done.length;
      for (let head = 0; head < 5; head++) guest.submit(head, type, SIZE / 512, length);
      await guest.until(before + 3);
      const { queues } = must(await device.getInfo(), 'info');
      expect([guest.done.length - before, queues[0]?.inFlight], name).to.deep.equal([3, 0]);
      must(await device.updateLimits({ limits: {} }), 'limits');
      await guest.until(before + 5);
    }
  }).timeout(60_000);

  it('wakes by itself when there are tokens again', async () => {
    const device = await serve();
    const guest = await drive();
    // 64 KiB in 20 ms. The first two begin at once: the second owes what it takes.
    must(await device.updateLimits({ limits: { bandwidth: { size: 65_536, refillTime: 20 } } }), 'limits');
    const began = performance.now();
    for (let head = 0; head < 8; head++) guest.submit(head, IN, 0, 65_536);
    await guest.until(8);
    expect(performance.now() - began).to.be.above(6 * 20 - 1);
  }).timeout(60_000);

  it('answers a repeated request as it answered the first, and refuses one that was decided upon another state', async () => {
    const device = await serve();
    const first = must(await device.resize({ size: 2 * SIZE, requestId: 'a' }), 'resize');
    must(await device.resize({ size: 3 * SIZE, generation: first.generation }), 'resize');
    expect(must(await device.resize({ size: 2 * SIZE, requestId: 'a' }), 'repeat')).to.deep.equal(first);
    expect(statSync(disk).size).to.equal(3 * SIZE);
    const reused = await device.resize({ size: SIZE, requestId: 'a' });
    expect(reused.ok ? '' : reused.error.reason).to.equal('REQUEST_ID_REUSED');
    const stale = await device.resize({ size: 4 * SIZE, generation: first.generation });
    expect(stale.ok ? {} : stale.error).to.deep.include({ status: 'ABORTED', reason: 'GENERATION_MISMATCH', field: 'generation' });
    expect(statSync(disk).size).to.equal(3 * SIZE);
  }).timeout(60_000);

  it('sends statistics at every interval until its client ends it', async () => {
    const device = await serve();
    const stream = device.watchStats(100);
    for (let got = 0; got < 3; got++) await once(stream, 'data');
    const ended = once(stream, 'error');
    stream.cancel();
    const [error] = await ended;
    expect(String(error)).to.match(/cancelled/i);
    expect(must(await device.getHealth(), 'health').serving).to.equal(true);
  }).timeout(60_000);

  it('outlives clients that say nonsense', async () => {
    const device = await serve();
    must(await device.getHealth(), 'health');
    const random = new Random(5);
    const bytes = (most: number): Buffer => Buffer.from(Array.from({ length: random.below(most) }, () => random.below(256)));
    for (let count = 0; count < 200; count++) {
      const raw = await connectTo(api());
      // Noise, or frames of HTTP/2 with anything in them.
      const said = count % 4 === 0 ? [bytes(300)] : [HTTP2, ...Array.from({ length: 6 }, () => frame(random, bytes(80)))];
      try {
        for (const part of said) writeFileSync(raw.fd, part);
      } catch {
        // It has hung up already.
      }
      raw.close();
    }
    expect(must(await device.getHealth(), 'health').serving).to.equal(true);
  }).timeout(60_000);

  it('ends at SIGTERM with a client connected, and takes its sockets away', async () => {
    const device = await serve();
    must(await device.getHealth(), 'health');
    const exited = child === undefined ? [] : once(child, 'exit');
    child?.kill('SIGTERM');
    expect(await exited).to.deep.equal([143, null]);
    expect([existsSync(api()), existsSync(join(folder, 'disk.sock'))]).to.deep.equal([false, false]);
  }).timeout(60_000);
});
