/** Two machines with one image, of processes that do no more than to lock it; and other processes that have it locked. */
import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lockFile } from '#shared/sys/file-lock.ts';
import { asFd } from '#shared/sys/owned-fd.ts';

const LAUNCHER = fileURLToPath(new URL('testing/launcher.fixture.ts', import.meta.url));

describe('an image that is locked', function () {
  this.timeout(60_000);
  let folder: string;
  let image: string;
  let children: ChildProcess[] = [];

  before(function () {
    try {
      accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    } catch {
      // The launcher opens it first thing.
      this.skip();
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-locked-'));
    writeFileSync(join(folder, 'kernel'), 'a program for the fixture');
    image = join(folder, 'disk.raw');
    writeFileSync(image, Buffer.alloc(4096));
    mkdirSync(join(folder, 'run'));
  });
  afterEach(async () => {
    for (const child of children) {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await gone;
    }
    children = [];
    rmSync(folder, { recursive: true });
  });

  /** A machine with the image, whose guest runs until it is asked to power off. */
  function machine(more = '', core = 'run'): ChildProcess {
    const disk = `path=${image},serial=lock${more}`;
    const child = spawn(process.execPath, [LAUNCHER, '--kernel', join(folder, 'kernel'), '--cmdline', core, '--disk', disk], {
      env: { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    return child;
  }

  /** What it says, once it has ended. */
  async function ending(child: ChildProcess): Promise<{ readonly status: unknown; readonly lines: readonly string[] }> {
    let said = '';
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    const [status] = await once(child, 'close');
    return { status, lines: said.split('\n').filter((line) => line !== '') };
  }

  /** Waits until its launcher has registered it. */
  async function registered(): Promise<{ readonly vm: string; readonly pid: number }> {
    for (;;) {
      for (const vm of readdirSync(join(folder, 'run'), { recursive: true, encoding: 'utf8' })) {
        if (!vm.endsWith('vm.json')) continue;
        const { id, devices } = JSON.parse(readFileSync(join(folder, 'run', vm), 'utf8'));
        return { vm: id, pid: devices[0].pid };
      }
      await sleep(10);
    }
  }

  it('by another machine -> 1, which one', async () => {
    machine();
    const { vm, pid } = await registered();
    const { status, lines } = await ending(machine(',readonly=on', 'never answer'));
    const who = `VM ${vm} (its disk _disk0, process ${pid})`;
    expect(lines).to.deep.equal([`disk _disk0 "${image}" is locked by ${who}: stop that, or make the disk read-only for both`]);
    expect(status).to.equal(1);
  });

  it('as a file that another image names -> 1, which machine has it', async () => {
    machine();
    const { vm, pid } = await registered();
    const overlay = join(folder, 'overlay');
    writeFileSync(overlay, Buffer.alloc(4096));
    symlinkSync(image, `${overlay}.base`);
    image = overlay;
    const { status, lines } = await ending(machine(' backing', 'never answer'));
    const who = `VM ${vm} (its disk _disk0, process ${pid})`;
    const end = 'stop that, or make the disk read-only for both';
    expect(lines).to.deep.equal([`disk d has the backing file base, which is locked by ${who}: ${end}`]);
    expect(status).to.equal(1);
  });

  it('by a process of no machine -> 1, which one', async () => {
    const fd = asFd(openSync(image, 'r+'));
    expect(lockFile(fd, true).ok).to.equal(true);
    const sleeper = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    children.push(sleeper);
    await once(sleeper, 'spawn');
    closeSync(fd);
    const { status, lines } = await ending(machine('', 'never answer'));
    const who = `process ${sleeper.pid} (sleep)`;
    expect(lines).to.deep.equal([`disk _disk0 "${image}" is locked by ${who}: stop that, or make the disk read-only for both`]);
    expect(status).to.equal(1);
  });

  it('by nobody whom /proc tells -> 1, by another process', async () => {
    // Our own lock: the launcher sees it and us, but for its eyes being closed.
    const { lockedDiskLine } = await import('./launch/image-user.ts');
    const fd = asFd(openSync(image, 'r+'));
    expect(lockFile(fd, false).ok).to.equal(true);
    const { parseDisk } = await import('#shared/config/device-options.ts');
    const disk = parseDisk(`path=${image}`, 1);
    if (!disk.ok) throw new Error('a disk');
    const line = lockedDiskLine({ ...disk.value, id: 'd' }, fd);
    closeSync(fd);
    expect(line).to.equal(`disk d "${image}" is locked by another process: stop that, or make the disk read-only for both`);
  });

  it('by readers, for a reader -> both run', async () => {
    machine(',readonly=on');
    await registered();
    const second = machine(',readonly=on');
    const ended = ending(second);
    while (readdirSync(join(folder, 'run/ch')).filter((vm) => readdirSync(join(folder, 'run/ch', vm)).includes('vm.json')).length < 2)
      await sleep(10);
    second.kill('SIGTERM');
    expect(await ended).to.deep.equal({ status: 0, lines: [] });
  });
});
