import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { connectTo } from '#shared/testing/connect.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

describe('ch-block', () => {
  let folder = '';
  let disk = '';
  let children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    disk = join(folder, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, 1 << 20);
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
    rmSync(folder, { recursive: true });
  });

  function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 10_000 });
  }

  /** A process that listens. */
  async function serve(socket: string, ...args: string[]): Promise<ChildProcess> {
    return serveWith('', socket, ...args);
  }

  /** `preload` runs on each of its threads first. */
  async function serveWith(preload: string, socket: string, ...args: string[]): Promise<ChildProcess> {
    const appeared = new Promise<void>((resolve) => {
      const watcher = watch(folder, () => {
        if (!existsSync(socket)) return;
        watcher.close();
        resolve();
      });
    });
    const imports = preload === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
    const stderr = preload === '' ? 'inherit' : 'pipe';
    const child = spawn(process.execPath, [...imports, MAIN, '--socket-path', socket, ...args], { stdio: ['ignore', 'inherit', stderr] });
    children.push(child);
    await appeared;
    return child;
  }

  /** The disk begins as a qcow2 image does. */
  function qcow2(): string {
    writeFileSync(disk, Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(508)]));
    return disk;
  }

  const refused: readonly (readonly [name: string, args: () => string[], status: number, line: RegExp])[] = [
    ['missing', () => ['--disk', `path=${folder}/none`], 1, /none" does not exist; check the path/],
    ['a directory', () => ['--disk', `path=${folder}`], 1, /is a directory/],
    ['not a multiple of 512', () => (truncateSync(disk, 1000), ['--blk-file', disk]), 1, /has 1000 bytes/],
    ['empty', () => (truncateSync(disk, 0), ['--blk-file', disk]), 1, /is empty; give it a size first/],
    ['a qcow2 image, past the page cache', () => ['--disk', `path=${qcow2()},direct=on`], 1, /begins as a qcow2 image does/],
    ['an unknown key', () => ['--disk', `path=${disk},colour=red`], 2, /unknown key "colour"/],
    [
      'a qcow2 image that nobody called raw',
      () => ['--blk-file', qcow2()],
      1,
      /begins as a qcow2 image does: add image_type=qcow2, or image_type=raw/,
    ],
    ['of another type than is said', () => ['--disk', `path=${disk},image_type=vhdx`], 1, /disk" is no VHDX: it does not begin with/],
    ['a type that is none', () => ['--disk', `path=${disk},image_type=iso`], 2, /image_type=iso: expected raw, qcow2, vhd/],
    ['an odd queue size', () => ['--disk', `path=${disk},queue_size=100`], 2, /queue_size=100: expected a power of two/],
    ['too many queues', () => ['--disk', `path=${disk},num_queues=17`], 2, /num_queues=17: expected a whole number from 1 to 16/],
    ['a limit without its time', () => ['--disk', `path=${disk},bw_size=1M`], 2, /the key "bw_refill_time" is missing/],
    ['no disk', () => [], 2, /exactly one of --disk/],
    ['two disks', () => ['--disk', `path=${disk}`, '--disk', 'path=b'], 2, /--disk is given twice; keep one of them/],
    ['an unknown option', () => ['--blk-fiel', disk], 2, /unknown option "--blk-fiel"; did you mean "--blk-file"\?/],
    ['a word of nobody', () => ['--blk-file', disk, 'more'], 2, /unexpected argument "more"/],
    [
      'that is to be served twice at one path',
      () => ['--blk-file', disk, '--api-socket', join(folder, 's')],
      2,
      /are one path; give each its own/,
    ],
    ['no name', () => ['--blk-file='], 2, /--blk-file is empty/],
  ];
  for (const [name, args, status, line] of refused) {
    it(`disk ${name} -> one line, status ${status}`, () => {
      const result = run('--socket-path', join(folder, 's'), ...args());
      expect(result.status).to.equal(status);
      expect(result.stderr).to.match(line);
      expect(result.stderr.trimEnd().split('\n')).to.have.length(1);
      expect(existsSync(join(folder, 's'))).to.equal(false);
    }).timeout(10_000);
  }

  const unreachable: readonly (readonly [name: string, args: () => string[], status: number, line: RegExp])[] = [
    ['nothing', () => [], 2, /give --socket-path PATH and --disk path=FILE/],
    ['no inherited socket', () => ['--fd', '99', '--blk-file', disk], 2, /--fd 99: no socket is inherited as that descriptor/],
    ['a file', () => ['--socket-path', disk, '--blk-file', disk], 1, /--socket-path ".*disk" exists and is no socket; give another path/],
    ['a folder that is none', () => ['--socket-path', join(folder, 'a/b'), '--blk-file', disk], 1, /its folder does not exist/],
    [
      'too long a path',
      () => ['--socket-path', join(folder, 'a'.repeat(108)), '--blk-file', disk],
      1,
      /a socket's path at most 107; shorten it/,
    ],
  ];
  for (const [name, args, status, line] of unreachable) {
    it(`for ${name} -> one line, status ${status}`, () => {
      const result = run(...args());
      expect(result.stderr).to.match(line);
      expect([result.status, result.stderr.trimEnd().split('\n').length]).to.deep.equal([status, 1]);
    }).timeout(10_000);
  }

  it('takes the place of a socket that a killed one left, and of no other', async () => {
    const [socket, api] = [join(folder, 'a'), join(folder, 'api')];
    const first = await serve(socket, '--blk-file', disk, '--api-socket', api);
    const other = join(folder, 'other');
    writeFileSync(other, Buffer.alloc(512));
    for (const args of [
      ['--socket-path', socket],
      ['--socket-path', join(folder, 'b'), '--api-socket', api],
    ]) {
      const refused = run(...args, '--blk-file', other);
      expect([refused.status, refused.stderr.endsWith('" is in use; give another path\n')], refused.stderr).to.deep.equal([1, true]);
    }
    const killed = once(first, 'exit');
    first.kill('SIGKILL');
    await killed;
    expect([existsSync(socket), existsSync(api)]).to.deep.equal([true, true]);
    await serve(socket, '--blk-file', disk, '--api-socket', api);
    using _front = await connectTo(socket);
  }).timeout(60_000);

  it('prints its help, which tells of every key of --disk, and its version', () => {
    const known = /known keys are (.*)\)? \(see/.exec(run('--socket-path', 's', '--disk', 'path=a,none=x').stderr)?.[1]?.split(', ') ?? [];
    expect(known).to.include.members(['path', 'ops_one_time_burst']);
    const { status, stdout, stderr } = run('-h');
    expect([status, stderr]).to.deep.equal([0, '']);
    for (const key of known) expect(stdout).to.contain(`${key}=`);
    expect(run('--version').stdout).to.match(/^ch-block \d/);
  }).timeout(20_000);

  it('refuses to write to small clusters of a qcow2 image past the page cache, in one line', function () {
    if (!hasQemu) return this.skip();
    const image = join(folder, 'small');
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2048', image, '1M');
    const { status, stderr } = run('--socket-path', join(folder, 'socket'), '--disk', `path=${image},image_type=qcow2,direct=on`);
    expect(stderr).to.equal(
      `ch-block: disk "${image}" has clusters of 2048 bytes, and O_DIRECT needs 4096 at least: leave direct=on out\n`,
    );
    expect(status).to.equal(1);
  }).timeout(20_000);

  it('prints its capabilities', () => {
    expect(JSON.parse(run('--print-capabilities').stdout)).to.deep.equal({ type: 'block', features: ['blk-file', 'read-only'] });
  }).timeout(10_000);

  it('refuses an image that another process serves, and shares it among readers', async () => {
    await serve(join(folder, 'a'), '--blk-file', disk, '--read-only');
    const reader = await serve(join(folder, 'b'), '--disk', `path=${disk},readonly=on`);
    expect(reader.exitCode).to.equal(null);
    const writer = run('--socket-path', join(folder, 'c'), '--blk-file', disk);
    expect(writer.status).to.equal(1);
    const who = `process (${children.map(({ pid }) => pid).join('|')}) \\(ch-block\\)`;
    expect(writer.stderr).to.match(new RegExp(`^ch-block: disk "${disk}" is locked by ${who}: stop that, or make the disk read-only`));
  }).timeout(20_000);

  it('serves as raw what begins as a qcow2 image does, where it is called raw', async () => {
    const child = await serve(join(folder, 'a'), '--disk', `path=${qcow2()},image_type=raw`);
    expect(child.exitCode).to.equal(null);
  }).timeout(10_000);

  it('fills a file that is not to have holes, and only that', async () => {
    const blocks: number[] = [];
    for (const keys of ['sparse=off,readonly=on', 'sparse=on', 'sparse=off']) {
      const child = await serve(join(folder, 'a'), '--disk', `path=${disk},${keys}`);
      blocks.push(statSync(disk).blocks);
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(join(folder, 'a'), { force: true });
    }
    expect(blocks[0]).to.equal(0);
    expect(blocks[1]).to.equal(0);
    expect(blocks[2]).to.be.at.least((1 << 20) / 512);
  }).timeout(10_000);

  it('ends at SIGTERM with its data thread asleep in the kernel, and takes its socket away', async () => {
    const socket = join(folder, 'a');
    const child = await serve(socket, '--blk-file', disk);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).to.deep.equal([143, null]);
    expect(existsSync(socket)).to.equal(false);
    expect(readFileSync(disk).length).to.equal(1 << 20);
  }).timeout(10_000);

  const throws: readonly (readonly [where: string, preload: string])[] = [
    [
      'on its main thread while the data thread sleeps in the kernel',
      `import { isMainThread } from 'node:worker_threads';
       if (isMainThread) process.on('SIGUSR2', () => { throw new Error('planted'); });`,
    ],
    [
      'in its data thread',
      `import { isMainThread } from 'node:worker_threads';
       process.on('SIGUSR2', () => {});
       if (!isMainThread) performance.now = () => { throw new Error('planted'); };`,
    ],
  ];
  for (const [where, preload] of throws) {
    it(`ends with status 1 and one record at a throw ${where}`, async () => {
      const socket = join(folder, 'a');
      const child = await serveWith(preload, socket, '--blk-file', disk);
      // Its record has come by then, too.
      const ended = once(child, 'close');
      const records: string[] = [];
      child.stderr?.on('data', (data) => records.push(String(data)));
      using _front = await connectTo(socket);
      child.kill('SIGUSR2');
      expect((await ended)[0]).to.equal(1);
      expect(records.join('')).to.match(/^ch-block: fatal: Error: planted/);
    }).timeout(10_000);
  }

  describe('with a client of ch.device.v1, a front end, and its data thread asleep in the kernel', () => {
    /** The control thread throws when its second question to the data thread begins to wait. */
    const throwInControl = `import { threadName } from 'node:worker_threads';
      const wait = setTimeout;
      let asked = 0;
      if (threadName === 'control') globalThis.setTimeout = (act, ms, ...args) => {
        if (ms === 5000 && ++asked === 2) queueMicrotask(() => { throw new Error('planted'); });
        return wait(act, ms, ...args);
      };`;
    const throwOnMain = throws[0]?.[1] ?? '';

    const ends: readonly (readonly [
      how: string,
      preload: string,
      end: (child: ChildProcess, device: DeviceClient) => unknown,
      number,
      RegExp,
    ])[] = [
      ['SIGTERM', 'void 0;', (child) => child.kill('SIGTERM'), 143, /^$/],
      ['a throw on its main thread', throwOnMain, (child) => child.kill('SIGUSR2'), 1, /^ch-block: fatal: Error: planted/],
      ['a throw in its control thread', throwInControl, (_child, device) => device.getInfo(), 1, /^ch-block: fatal: Error: planted/],
    ];
    for (const [how, preload, end, status, record] of ends) {
      it(`${how} ends it -> status ${status}`, async () => {
        const [socket, api] = [join(folder, 'a'), join(folder, 'api')];
        const child = await serveWith(preload, socket, '--blk-file', disk, '--api-socket', api);
        const ended = once(child, 'close');
        const records: string[] = [];
        child.stderr?.on('data', (data) => records.push(String(data)));
        using _front = await connectTo(socket);
        using device = new DeviceClient(api);
        must(await device.getInfo(), 'info');
        await end(child, device);
        expect((await ended)[0]).to.equal(status);
        expect(records.join('')).to.match(record);
        if (status === 143) expect([existsSync(socket), existsSync(api)]).to.deep.equal([false, false]);
      }).timeout(60_000);
    }
  });
});
