import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  writeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  linkSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('testing/launcher.fixture.ts', import.meta.url));
const MARK = 'CH_RUN_MACHINE_TEST';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('BegunMachine, with real processes that each do one odd thing', function () {
  this.timeout(30_000);
  let folder: string;
  let launcher: ChildProcess | undefined;
  let output = '';
  let errors = '';
  /** Until a machine has to run, and until a guest whose power button was pressed is ended: longer than any test otherwise. */
  let deadline: { readonly START_MS?: string; readonly POWER_OFF_MS?: string } = {};

  before(function () {
    try {
      accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    } catch {
      // The launcher opens it first thing.
      this.skip();
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-run-'));
    output = '';
    errors = '';
    deadline = {};
    writeFileSync(join(folder, 'kernel'), 'a program for the fixture');
    disk('disk.raw', 4096);
  });
  afterEach(() => {
    launcher?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  function disk(name: string, size: number): string {
    const path = join(folder, name);
    writeFileSync(path, '');
    truncateSync(path, size);
    return path;
  }

  /** Starts a machine whose core does `core` and whose disk's process does `device`. */
  function start(core: string, device: string, ...more: readonly string[]): Promise<Ended> {
    const disks = device === '' ? [] : ['--disk', `path=${join(folder, 'disk.raw')},serial=${device},restart_timeout=0`];
    return startWith(['--kernel', join(folder, 'kernel'), '--cmdline', core, ...disks, ...more]);
  }

  function startWith(args: readonly string[]): Promise<Ended> {
    const env = { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run'), [MARK]: folder, ...deadline };
    mkdirSync(join(folder, 'run'), { recursive: true });
    const child = spawn(process.execPath, [LAUNCHER, ...args], { env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    launcher = child;
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString('latin1')));
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      errors += data.toString();
    });
    return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout: output, stderr })));
  }

  /** Waits until a condition holds, by looking; the mocha timeout bounds it. */
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await sleep(10);
  }
  const registered = (): string[] => runFolders().filter((name) => existsSync(join(folder, 'run/ch', name, 'vm.json')));
  const runFolders = (): string[] => (existsSync(join(folder, 'run/ch')) ? readdirSync(join(folder, 'run/ch')) : []);

  /** Processes of this test that still run. */
  function processes(): string[] {
    return readdirSync('/proc').filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${MARK}=${folder}`);
      } catch {
        return false;
      }
    });
  }
  function expectNothingLeft(): void {
    expect(processes(), 'processes').to.deep.equal([]);
    expect(runFolders(), 'run folders').to.deep.equal([]);
  }

  const endings: readonly (readonly [string, string, string, number, readonly string[]])[] = [
    ['the guest powers off -> 0, silent', 'power off', 'serve', 0, []],
    ['the guest fails -> 3, the reason and the registers', 'fault', 'serve', 3, ['the guest failed twice', 'rip 0x100000']],
    ['the core refuses -> 1, its line alone', 'refuse', 'serve', 1, ['kernel "k" has no PVH note']],
    [
      'the core dies at its start -> 1, its last lines',
      'die at start',
      'serve',
      1,
      ['the core process ended with status 7 before the machine ran', 'last lines of core:', '  first line', '  second line'],
    ],
    ['the core crashes -> 1, the signal', 'crash', 'serve', 1, ['the core process was killed by SIGSEGV']],
    ['the device refuses -> 1, its line alone', 'never answer', 'refuse', 1, ['disk "d" is locked by another process']],
    [
      'the device dies at its start -> 1, its last lines',
      'never answer',
      'die at start',
      1,
      ['the process of device _disk0 ended with status 9 before the machine ran', 'last lines of _disk0:', '  no such thing'],
    ],
    [
      'the device dies later -> 4, its last lines',
      'kill the device',
      'serve',
      4,
      ['device _disk0 is lost: its process ended with status 5', 'last lines of _disk0:', '  about to die'],
    ],
    ['the core gives the device up -> 4, its reason', 'give the device up', 'serve', 4, ['device _disk0 is lost: it has not answered']],
    ['a device that will not end -> killed, the status stays', 'power off', 'stubborn', 0, []],
  ];
  for (const [name, core, device, status, lines] of endings) {
    it(name, async () => {
      const ended = await start(core, device);
      expect(ended.stderr.split('\n').filter((line) => line !== '')).to.deep.equal(lines);
      expect(ended.status).to.equal(status);
      expectNothingLeft();
    });
  }

  for (const [memory, seconds] of [
    ['size=256M', '5'],
    ['size=256M,prefault=on', '6.25'],
  ] as const) {
    it(`no answer from the core, --memory ${memory} -> 1 after ${seconds} s, who was silent`, async () => {
      deadline = { START_MS: '5000' };
      const ended = await start('never answer', 'serve', '--memory', memory);
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.equal(`the machine did not run within ${seconds} s: no answer from core\n`);
      expectNothingLeft();
    });
  }

  it('SIGTERM presses the power button -> 0', async () => {
    const ended = start('run', 'serve');
    await until(() => registered().length === 1);
    launcher?.kill('SIGTERM');
    expect((await ended).status).to.equal(0);
    expectNothingLeft();
  });

  it('SIGTERM as soon as there is a run folder -> 143, nothing left', async () => {
    const path = join(folder, 's.sock');
    const ended = start('never answer', 'serve', '--serial', `socket=${path}`);
    await until(() => runFolders().length === 1);
    launcher?.kill('SIGTERM');
    expect(await ended).to.include({ status: 143, stderr: '' });
    expect(existsSync(path)).to.equal(false);
    // The core ends with its start socket.
    await until(() => processes().length === 0);
    expectNothingLeft();
  });

  it('SIGTERM when there is a socket -> 143, nothing left', async () => {
    const path = join(folder, 's.sock');
    const ended = start('never answer', 'serve', '--serial', `socket=${path}`);
    await until(() => existsSync(path));
    launcher?.kill('SIGTERM');
    expect(await ended).to.include({ status: 143, stderr: '' });
    expect(existsSync(path)).to.equal(false);
    expectNothingLeft();
  });

  it('SIGTERM to a guest that ignores its button -> 143 after the deadline', async () => {
    deadline = { POWER_OFF_MS: '500' };
    const ended = start('ignore the button', 'stubborn');
    await until(() => registered().length === 1);
    launcher?.kill('SIGTERM');
    const { status, stderr } = await ended;
    expect(stderr).to.equal('the guest did not power off within 0.5 s: ending it\n');
    expect(status).to.equal(143);
    expectNothingLeft();
  });

  it('a second signal ends it at once -> 130', async () => {
    const ended = start('notice the button', 'stubborn');
    await until(() => registered().length === 1);
    launcher?.kill('SIGINT');
    // Two that wait at once would be one.
    await until(() => errors === 'core: pressed\n');
    launcher?.kill('SIGINT');
    expect(await ended).to.include({ status: 130, stderr: 'core: pressed\n' });
    expectNothingLeft();
  });

  it('the launcher is killed -> its machine ends with it, and the next one sweeps its folder', async () => {
    const killed = start('run', 'serve');
    await until(() => registered().length === 1);
    launcher?.kill('SIGKILL');
    await killed;
    await until(() => processes().length === 0);
    expect(runFolders()).to.have.length(1);
    expect((await start('power off', 'serve')).status).to.equal(0);
    expectNothingLeft();
  });

  it('a process inherits its start socket, its streams, and nothing else', async () => {
    const ended = start('run', 'serve');
    await until(() => registered().length === 1);
    const [name = ''] = registered();
    const { corePid } = JSON.parse(readFileSync(join(folder, 'run/ch', name, 'vm.json'), 'utf8'));
    const open = (pid: number | undefined): string[] =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
        } catch {
          // The descriptor of a moment.
          return [];
        }
      });
    const inherited = readlinkSync(`/proc/${launcher?.pid}/fd/3`);
    expect(open(launcher?.pid), 'what the launcher itself inherited').to.include(inherited);
    for (const pid of processes().filter((other) => other !== String(launcher?.pid))) expect(open(Number(pid))).to.not.include(inherited);
    expect(processes()).to.include(String(corePid)).and.to.have.length(3);
    expect(readFileSync(`/proc/${corePid}/stat`, 'utf8').split(' ')[4], 'a process group of its own').to.equal(String(corePid));
    launcher?.kill('SIGTERM');
    expect((await ended).status).to.equal(0);
  });

  it('--serial tty on pipes -> the guest has them', async () => {
    const ended = start('echo', '', '--serial', 'tty');
    launcher?.stdin?.write('hello');
    await until(() => output.includes('hello'));
    launcher?.stdin?.write('q');
    const { status, stdout } = await ended;
    expect(stdout).to.equal('<hello><q>');
    expect(status).to.equal(0);
  });

  it('--serial socket -> it is there while the machine runs', async () => {
    const path = join(folder, 's.sock');
    const ended = start('run', '', '--serial', `socket=${path}`);
    await until(() => registered().length === 1);
    const second = startWith(['--kernel', join(folder, 'kernel'), '--serial', `socket=${path}`]);
    expect(await second).to.include({ status: 1, stderr: `--serial socket "${path}" is in use; give another path\n` });
    const [pid = ''] = registered().map((name) => name.replace('vm-', ''));
    process.kill(Number(pid), 'SIGTERM');
    await ended;
    expect(existsSync(path)).to.equal(false);
    expectNothingLeft();
  });

  it('--serial socket that a killed machine left -> taken over', async () => {
    const path = join(folder, 's.sock');
    const killed = start('run', '', '--serial', `socket=${path}`);
    await until(() => registered().length === 1);
    launcher?.kill('SIGKILL');
    await killed;
    await until(() => processes().length === 0);
    expect((await start('power off', '', '--serial', `socket=${path}`)).status).to.equal(0);
    expect(existsSync(path)).to.equal(false);
  });

  it('--serial pty -> its path is told, and bytes pass both ways', async () => {
    const ended = start('echo', '', '--serial', 'pty');
    await until(() => /serial: \S+\n/.test(errors));
    const path = /serial: (\S+)/.exec(errors)?.[1] ?? '';
    const pty = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    writeSync(pty, 'hi');
    const bytes = Buffer.alloc(16);
    const got = readSync(pty, bytes);
    expect(bytes.toString('latin1', 0, got)).to.equal('<hi>');
    writeSync(pty, 'q');
    expect((await ended).status).to.equal(0);
    closeSync(pty);
  });

  describe('bad input: one line, status 1, nothing left', () => {
    const rows: readonly (readonly [string, () => readonly string[], (path: (name: string) => string) => string])[] = [
      [
        'kernel empty',
        () => ['--kernel', disk('empty', 0)],
        (path) => `kernel "${path('empty')}" is empty; give the path of another kernel`,
      ],
      [
        'serial file that is the kernel, by another name',
        () => ['--kernel', join(folder, 'kernel'), '--serial', `file=/proc/self/root${join(folder, 'kernel')}`],
        (path) => `--serial file "/proc/self/root${path('kernel')}" is the file of --kernel too; give another path`,
      ],
      [
        'serial file that is a disk, by another name',
        () => {
          symlinkSync(join(folder, 'disk.raw'), join(folder, 'link'));
          return [
            '--kernel',
            join(folder, 'kernel'),
            '--disk',
            `path=${join(folder, 'disk.raw')}`,
            '--serial',
            `file=${join(folder, 'link')}`,
          ];
        },
        (path) => `--serial file "${path('link')}" is the file of disk _disk0 too; give another path`,
      ],
      [
        'serial and console into one file, by two names',
        () => {
          linkSync(disk('log', 512), join(folder, 'second'));
          return [
            '--kernel',
            join(folder, 'kernel'),
            '--serial',
            `file=${join(folder, 'log')}`,
            '--console',
            `file=${join(folder, 'second')}`,
          ];
        },
        (path) => `--console file "${path('second')}" is the file of --serial too; give another path`,
      ],
      [
        'serial socket with a long name',
        () => ['--kernel', join(folder, 'kernel'), '--serial', `socket=/tmp/${'x'.repeat(300)}`],
        () => `--serial socket "/tmp/${'x'.repeat(95)}...${'x'.repeat(100)}" has 305 bytes, and a socket's path at most 107; shorten it`,
      ],
      [
        'random source that is empty',
        () => ['--kernel', join(folder, 'kernel'), '--rng', `src=${disk('empty', 0)}`],
        (path) => `random source "${path('empty')}" is empty; give a device such as /dev/urandom`,
      ],
    ];
    for (const [name, args, message] of rows) {
      it(name, async () => {
        const ended = await startWith(args());
        expect(ended.stderr.slice(0, message((file) => join(folder, file)).length)).to.equal(message((file) => join(folder, file)));
        expect(ended.stderr.trimEnd().split('\n')).to.have.length(1);
        expect(ended.status).to.equal(1);
        expectNothingLeft();
        // No file was emptied before it was clear what it is.
        expect([statSync(join(folder, 'kernel')).size, statSync(join(folder, 'disk.raw')).size]).to.deep.equal([25, 4096]);
      });
    }
  });
});
