import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lockFile } from './file-lock.ts';
import { describeLockHolder, findLockHolders } from './lock-holders.ts';
import { asFd } from './owned-fd.ts';

describe('who has a file locked', () => {
  let folder = '';
  let file = '';
  let children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-holders-'));
    file = join(folder, 'file');
    writeFileSync(file, 'x'.repeat(512));
  });
  afterEach(async () => {
    for (const child of children) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    children = [];
    rmSync(folder, { recursive: true });
  });

  /** A process that has the lock, and that nobody else has. */
  async function holder(shared: boolean): Promise<number> {
    const fd = asFd(openSync(file, 'r+'));
    expect(lockFile(fd, shared).ok).to.equal(true);
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    children.push(child);
    await once(child, 'spawn');
    closeSync(fd);
    return child.pid ?? 0;
  }

  function found(shared: boolean): readonly string[] {
    const fd = asFd(openSync(file, 'r'));
    try {
      return findLockHolders(fd, shared).map(describeLockHolder);
    } finally {
      closeSync(fd);
    }
  }

  it('is nobody where others have it open without a lock', () => {
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', openSync(file, 'r')] });
    children.push(child);
    expect(found(false)).to.deep.equal([]);
  });

  it('is the writer, for a reader and for a writer', async () => {
    const pid = await holder(false);
    expect([found(true), found(false)]).to.deep.equal([[`process ${pid} (sleep)`], [`process ${pid} (sleep)`]]);
  });

  it('is each reader for a writer, and nobody for a reader', async () => {
    const pids = [await holder(true), await holder(true)].toSorted((a, b) => a - b);
    expect(found(true)).to.deep.equal([]);
    expect(found(false).toSorted()).to.deep.equal(pids.map((pid) => `process ${pid} (sleep)`).toSorted());
  });

  it('is told without control characters, and as another process where nobody is found', () => {
    expect(describeLockHolder({ pid: 7, name: 'a\u001b[31m' })).to.equal('process 7 (a?[31m)');
    expect(describeLockHolder(undefined)).to.equal('another process');
  });
});
