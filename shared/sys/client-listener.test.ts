import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { RETRY_MS } from './client-listener.ts';

const FIXTURE = fileURLToPath(new URL('testing/client-listener.fixture.ts', import.meta.url));
const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

describe('a listener', () => {
  let folder = '';
  let child: ChildProcess | undefined;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ch-listener-'))));
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('that may have no more open files looks again after a while, and takes its client once it may', async function () {
    if (!hasPrlimit) this.skip();
    const started = spawn(process.execPath, [FIXTURE, join(folder, 's')], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    const ended = once(started, 'exit');
    const mayOpen = (files: number): void =>
      void expect(spawnSync('prlimit', ['--pid', String(started.pid), `--nofile=${files}:`]).status).to.equal(0);
    const times: number[] = [];
    for await (const line of createInterface(started.stdout)) {
      if (line === 'client') break;
      if (line === 'listening') {
        mayOpen(3);
        connect(join(folder, 's')).on('error', () => {});
      } else {
        times.push(Number(line.split(' ')[1]));
        if (times.length === 3) mayOpen(1000);
      }
    }
    expect((await ended)[0]).to.equal(0);
    expect(times.length).to.be.at.least(3);
    // Timers count from the beginning of their loop's turn, which may have been a long one.
    for (const [index, time] of times.slice(1).entries()) expect(time - (times[index] ?? 0)).to.be.at.least(RETRY_MS / 2);
  }).timeout(20_000);
});
