import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { deviceCommand, findSocket } from './device-command.ts';

const BLOCK = join(import.meta.dirname, '../../../devices/block/main.ts');

async function chctl(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const io = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: (text: string) => (stderr += text) } };
  return { status: await deviceCommand(args, io), stdout, stderr };
}

describe('chctl device', () => {
  const usage: readonly (readonly [line: string, error: RegExp])[] = [
    ['', /a command is missing/],
    ['inspect d', /there is no command "inspect": there are list, info, /],
    ['resise d', /there is no command "resise"; did you mean "resize"\?/],
    ['list d', /unexpected argument "d"/],
    ['list --socket s', /leave --socket out/],
    ['stats d --interval 2', /--interval needs --watch/],
    ['stats d --watch --interval 0', /--interval "0": expected a whole number from 1/],
    ['resize d --size 1G --size 2G', /--size is given twice/],
    ['resize d --size --allow-shrink', /--size needs a value: --size SIZE/],
    ['info', /exactly one of a disk's id .* and --socket PATH/],
    ['info d --socket s', /exactly one of/],
    ['info d e', /unexpected argument "e"/],
    ['info d --watch', /--watch belongs to 'stats'/],
    ['info d --colour', /unknown option "--colour"/],
    ['resize d', /--size is missing: expected a size in bytes/],
    ['resize d --size much', /--size "much": expected a size in bytes/],
    ['drain d --program p', /--program belongs to 'upgrade'/],
    ['upgrade d --program=', /--program is empty/],
    ['drain d --deadline 0', /--deadline "0": expected a whole number from 1/],
    ['limits d --set', /--set/],
    ['limits d --set bw_sise=1', /unknown key "bw_sise"; did you mean "bw_size"/],
    ['limits d --set bw_size=1M', /the key "bw_refill_time" is missing/],
    ['limits d --set ops_refill_time=1', /the key "ops_size" is missing/],
    ['limits d --set ops_size=1,ops_refill_time=0', /ops_refill_time=0: expected a whole number from 1/],
  ];
  for (const [line, error] of usage) {
    it(`${line} -> one line, status 2`, async () => {
      const result = await chctl(...line.split(' ').filter((word) => word !== ''));
      expect([result.status, result.stdout, result.stderr.split('\n').length]).to.deep.equal([2, '', 2]);
      expect(result.stderr).to.match(error);
    });
  }

  it('finds a disk by its name, and asks which where there are two', () => {
    const known = [
      { vm: 'vm-1', id: '_disk0', pid: 1, socket: '/1/0' },
      { vm: 'vm-2', id: '_disk0', pid: 1, socket: '/2/0' },
      { vm: 'vm-2', id: 'data', pid: 1, socket: '/2/data' },
    ];
    const find = (name: string) => findSocket({ kind: 'name', name }, () => known);
    expect([find('data'), find('vm-1/_disk0')]).to.deep.equal([
      { ok: true, value: '/2/data' },
      { ok: true, value: '/1/0' },
    ]);
    const errors = ['_disk0', 'date'].map((name) => {
      const found = find(name);
      return found.ok ? '' : found.error;
    });
    expect(errors).to.deep.equal([
      '"_disk0" is in several machines; say which: vm-1/_disk0, vm-2/_disk0',
      'there is no disk "date"; did you mean "data"? (there are vm-1/_disk0, vm-2/_disk0, vm-2/data)',
    ]);
    const none = findSocket({ kind: 'name', name: 'd' }, () => []);
    expect(none.ok ? '' : none.error).to.equal('there is no disk "d": no machine of this user runs');
  });

  describe('of a ch-block', () => {
    let folder = '';
    let disk = '';
    let api = '';
    let child: ChildProcess | undefined;
    let watching: Promise<number> | undefined;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'chctl-'));
      disk = join(folder, 'disk');
      api = join(folder, 'api');
      writeFileSync(disk, '');
      truncateSync(disk, 1 << 20);
      const appeared = new Promise<void>((resolve) => {
        const watcher = watch(folder, () => {
          if (!existsSync(api)) return;
          watcher.close();
          resolve();
        });
      });
      const args = [BLOCK, '--socket-path', join(folder, 's'), '--blk-file', disk, '--api-socket', api];
      child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
      await appeared;
    });
    afterEach(() => {
      child?.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });

    it('shows and changes it', async () => {
      const info = await chctl('info', '--socket', api);
      expect([info.status, info.stderr]).to.deep.equal([0, '']);
      expect(info.stdout).to.match(/^size +1 MiB \(1048576 bytes\)$/m);
      expect(info.stdout).to.match(/^image +.* \(raw\)\nsize .*\nengine +(io_uring|threads)\nwrite cache +on \(write back\)$/m);
      expect(info.stdout).to.match(/^bandwidth +unlimited$/m);
      const limits = await chctl('limits', '--socket', api, '--set', 'bw_size=10M,bw_refill_time=500,ops_size=0');
      expect(limits.stdout).to.equal('bandwidth  10 MiB in 500 ms\nops        unlimited\n');
      expect((await chctl('resize', '--socket', api, '--size', '2M')).stdout).to.equal('the disk has 2 MiB (2097152 bytes)\n');
      expect(statSync(disk).size).to.equal(2 << 20);
      const drained = await chctl('drain', '--socket', api, '--deadline', '5');
      expect([drained.status, drained.stdout]).to.deep.equal([0, 'the disk is drained\n']);
      expect(JSON.parse((await chctl('info', '--socket', api, '--json')).stdout)).to.deep.include({ drained: true, kind: 'block' });
      expect((await chctl('resume', '--socket', api)).stdout).to.equal('the disk goes on\n');
      expect((await chctl('health', '--socket', api)).stdout).to.equal('serving\n');
      const stats = await chctl('stats', '--socket', api);
      expect(stats.stdout).to.match(/^operation +requests +data +errors +mean +p50 +p99 +most\nread +0 +0 B +0 +- +- +- +-\n/);
    }).timeout(60_000);

    it('watches until the device ends', async () => {
      let stdout = '';
      let stderr = '';
      const saidTwice = new Promise<void>((resolve) => {
        const write = (text: string): void => {
          stdout += text;
          if (stdout.split('operation').length > 2) resolve();
        };
        const io = { stdout: { write }, stderr: { write: (text: string) => (stderr += text) } };
        watching = deviceCommand(['stats', '--watch', '--socket', api], io);
      });
      await saidTwice;
      expect(stdout).to.match(/^operation[^]+\nsince .* UTC\n\noperation[^]+\nin 1 s\n/);
      child?.kill('SIGKILL');
      expect(await watching).to.equal(1);
      expect(stderr).to.equal(`chctl device: no device answers at "${api}"; is its process still running?\n`);
    }).timeout(60_000);

    it('says in one line what the device refuses, and when nobody answers', async () => {
      const shrunk = await chctl('resize', '--socket', api, '--size', '512K');
      expect([shrunk.status, shrunk.stdout]).to.deep.equal([1, '']);
      expect(shrunk.stderr).to.match(/^chctl device: the disk has 1048576 bytes: .*; --allow-shrink does it.*\n$/);
      if (child !== undefined) await killed(child);
      const gone = await chctl('info', '--socket', api);
      expect([gone.status, gone.stderr]).to.deep.equal([1, `chctl device: no device answers at "${api}"; is its process still running?\n`]);
      const absent = await chctl('info', '--socket', join(folder, 'none'));
      expect(absent.stderr).to.match(/^chctl device: --socket ".*none" does not exist\n$/);
    }).timeout(60_000);
  });
});

/** Until then it may still answer. */
async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
