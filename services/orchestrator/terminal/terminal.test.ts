import { expect } from 'chai';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, globSync, mkdirSync, mkdtempSync, read, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect as value } from '#shared/lang/result.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { type Pty, openPty } from '#shared/sys/terminal.ts';

const LAUNCHER = fileURLToPath(new URL('../testing/launcher.fixture.ts', import.meta.url));

describe('a machine at a terminal', function () {
  this.timeout(20_000);
  let folder: string;
  let pty: Pty;
  let launcher: ChildProcess;
  let ended: Promise<number | null>;
  let screen = '';
  let errors = '';

  before(function () {
    try {
      accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    } catch {
      // The launcher opens it first thing.
      this.skip();
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-terminal-'));
    mkdirSync(join(folder, 'run'));
    writeFileSync(join(folder, 'kernel'), 'a program for the fixture');
    pty = value(openPty(), 'pty');
    execFileSync('stty', ['-F', pty.path, 'sane', 'rows', '40', 'cols', '100']);
    screen = '';
    errors = '';
    show(pty.master);
  });
  afterEach(async () => {
    launcher.kill('SIGKILL');
    await ended;
    pty.slave.close();
    rmSync(folder, { recursive: true });
  });

  /** Collects what the terminal shows, until its last user has closed it: the next test may have a terminal of its own by then. */
  function show(master: OwnedFd): void {
    const bytes = Buffer.alloc(4096);
    read(master.fd, bytes, 0, bytes.length, null, (error, length) => {
      if (error !== null || length === 0) return master.close();
      screen += bytes.toString('latin1', 0, length);
      show(master);
    });
  }

  function start(core: string): void {
    const options = ['--kernel', join(folder, 'kernel'), '--cmdline', core, '--serial', 'tty'];
    const env = { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run') };
    const child = spawn(process.execPath, [LAUNCHER, ...options], { env, stdio: [pty.slave.fd, pty.slave.fd, 'pipe'] });
    child.stderr?.on('data', (data: Buffer) => (errors += data.toString()));
    launcher = child;
    ended = new Promise((resolve) => child.once('close', resolve));
  }

  const settings = (): string => execFileSync('stty', ['-F', pty.path, '-a']).toString();
  const isRaw = (): boolean => /-icanon/.test(settings()) && /-isig/.test(settings()) && /-echo /.test(settings());
  const type = (keys: string): void => void writeSync(pty.master.fd, keys, null, 'latin1');
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(20);
  }

  it('every key but the escape keys reaches the guest, Ctrl-C too, and the settings come back', async () => {
    const before = settings();
    start('echo');
    await until(isRaw);
    type('\x03\x01\x01');
    await until(() => screen.includes('\x01'));
    expect(screen.replaceAll(/[<>]/g, '')).to.equal('\x03\x01');
    type('q');
    expect(await ended).to.equal(0);
    expect(settings()).to.equal(before);
  });

  it('Ctrl-A h -> help', async () => {
    start('echo');
    await until(isRaw);
    type('\x01h');
    await until(() => errors.includes('Ctrl-A x'));
    type('q');
    expect(await ended).to.equal(0);
  });

  it('Ctrl-A x -> the power button', async () => {
    start('echo');
    await until(isRaw);
    // A machine that does not run yet would be ended at once: the launcher registers it when it knows that it does.
    await until(() => globSync(join(folder, 'run/**/vm.json')).length === 1);
    type('\x01x');
    expect(await ended).to.equal(0);
  });

  it('Ctrl-A x twice -> ended at once, 143, and the settings come back', async () => {
    const before = settings();
    start('ignore the button');
    await until(isRaw);
    type('\x01x\x01x');
    expect(await ended).to.equal(143);
    expect(settings()).to.equal(before);
  });
});
