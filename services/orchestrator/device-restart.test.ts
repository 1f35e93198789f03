/** Device processes that end, under a core that waits for others: processes of the fixtures, which do one odd thing each. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('testing/launcher.fixture.ts', import.meta.url));

describe('a device process that ends while the machine runs', function () {
  this.timeout(60_000);
  let folder: string;

  before(function () {
    try {
      accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    } catch {
      // The launcher opens it first thing.
      this.skip();
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-restart-'));
    writeFileSync(join(folder, 'kernel'), 'a program for the fixture');
    writeFileSync(join(folder, 'disk.raw'), '');
    truncateSync(join(folder, 'disk.raw'), 4096);
    mkdirSync(join(folder, 'run'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A machine whose core does `core` and whose disk's process does `device`: its status, and its lines on standard error. */
  function run(core: string, device: string): Promise<{ readonly status: number | null; readonly lines: readonly string[] }> {
    const disk = `path=${join(folder, 'disk.raw')},serial=${device}`;
    const child = spawn(process.execPath, [LAUNCHER, '--kernel', join(folder, 'kernel'), '--cmdline', core, '--disk', disk], {
      env: { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    return new Promise((resolve) =>
      child.on('close', (status) => resolve({ status, lines: said.split('\n').filter((line) => line !== '') })),
    );
  }

  it('another one gets a connection to the core; the user of a quiet machine hears nothing', async () => {
    expect(await run('take another', 'serve')).to.deep.equal({ status: 0, lines: [] });
    expect(readdirSync(join(folder, 'run/ch'))).to.deep.equal([]);
  });

  it('one that the core has let go of, and that hangs, is killed first', async () => {
    expect(await run('give a hanging one up', 'stubborn')).to.deep.equal({ status: 0, lines: [] });
  });

  it('again and again -> 4, with its last lines', async () => {
    const { status, lines } = await run('use up all', 'serve');
    // Where this machine is busy the core of the fixture lets go of one that has not begun to listen to it.
    expect(lines[0]).to.match(/^device _disk0 is lost: its process (ended with status 5|was killed by SIGKILL), again and again$/);
    expect(lines.slice(1, 3)).to.deep.equal(['last lines of _disk0:', '  about to die']);
    expect(status).to.equal(4);
  });

  it('and the core does not wait for another -> 4, as if none could be', async () => {
    const { status, lines } = await run('kill the device', 'serve');
    expect([status, lines[0]]).to.deep.equal([4, 'device _disk0 is lost: its process ended with status 5']);
  });
});
