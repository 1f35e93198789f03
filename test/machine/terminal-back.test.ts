/** A machine at a terminal, through the real `chctl`, core and disk process: whatever ends it, the terminal is as it was. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';
import { makeFiles } from './bad-files.ts';
import { type CommandPlace, type MachineProcesses, inPlaces } from './chctl-command.ts';
import { needsKvm } from './tiny-machine.ts';

/** For chctl alone, of all that inherit it: throws on its main thread at SIGUSR2. */
const THROW = `if (process.argv[1]?.endsWith('services/chctl/main.js')) process.on('SIGUSR2', () => { throw new Error('planted'); });`;

interface User {
  readonly type: (keys: string) => void;
  readonly processes: MachineProcesses;
}

describe('the terminal after a machine', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CommandPlace;
  inPlaces((made) => {
    place = made;
    makeFiles(place.folder);
    // What atTerminal writes into.
    writeFileSync(join(place.folder, 'session'), '');
  });

  /** Runs a machine at a terminal that script(1) makes; `act` when its guest has spoken. What the terminal showed. */
  async function atTerminal(kernel: string, act: (user: User) => void, preload = ''): Promise<string> {
    const run = `'${join(CHECKOUT, 'bin/chctl')}' run --kernel ${kernel} --disk path=disk,restart_timeout=0`;
    writeFileSync(join(place.folder, 'session'), `stty -g\n${run}\necho "<status $?>"\nstty -g\n`);
    const child = spawn('script', ['-qfec', 'sh session', '/dev/null'], {
      cwd: place.folder,
      env: {
        ...place.environment,
        ...(preload === '' ? {} : { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` }),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    child.stdout.on('data', (data: Buffer) => (shown += data.toString('latin1')));
    const ended = once(child, 'close');
    while (kernel === 'stay' && !(shown.includes('!') && place.registered().length === 1)) {
      if (child.exitCode !== null) throw new Error(`it ended: ${shown}`);
      await sleep(10);
    }
    const [name] = place.registered();
    if (name !== undefined) {
      const processes = place.processesOf(name);
      const settings = execFileSync('stty', ['-F', readlinkSync(`/proc/${processes.launcher}/fd/0`), '-a']).toString();
      expect(settings, 'while it runs')
        .to.match(/-icanon/)
        .and.match(/-isig/)
        .and.match(/-echo /);
      act({ processes, type: (keys) => void child.stdin.write(keys, 'latin1') });
    }
    await ended;
    const settings = shown.split('\r\n').filter((line) => /^[0-9a-f]+(:[0-9a-f]+)+$/.test(line));
    expect(settings, shown).to.have.length(2);
    expect(settings[1]).to.equal(settings[0]);
    return shown;
  }

  const rows: readonly (readonly [string, string, (user: User) => void, number, string])[] = [
    ['the guest powers off', 'off', () => {}, 0, ''],
    ['Ctrl-A x twice', 'stay', ({ type }) => type('\x01x\x01x'), 143, ''],
    ['help, then Ctrl-A x twice', 'stay', ({ type }) => type('\x01h\x01x\x01x'), 143, 'Ctrl-A x       presses the power button'],
    [
      'the core is killed',
      'stay',
      ({ processes }) => process.kill(processes.core, 'SIGKILL'),
      1,
      'chctl: the core process was killed by SIGKILL',
    ],
    [
      'the core crashes',
      'stay',
      ({ processes }) => process.kill(processes.core, 'SIGSEGV'),
      1,
      'chctl: the core process was killed by SIGSEGV',
    ],
    [
      'the device crashes',
      'stay',
      ({ processes }) => process.kill(processes.device, 'SIGSEGV'),
      4,
      'chctl: device _disk0 is lost: its process was killed by SIGSEGV',
    ],
  ];
  for (const [name, kernel, act, status, line] of rows) {
    it(`${name} -> as it was, status ${status}, nothing left`, async () => {
      const shown = await atTerminal(kernel, act);
      expect(shown).to.include('!').and.include(line).and.include(`<status ${status}>`);
    });
  }

  /** What was left of a machine whose launcher ended without a word to it. */
  async function swept(): Promise<void> {
    while (place.processes().length > 0) await sleep(10);
    expect((await place.start(['--kernel', 'off', '--disk', 'path=disk']).ended).status).to.equal(0);
  }

  it('chctl itself is killed -> as it was; its machine has ended, and the next one sweeps its folder', async () => {
    const shown = await atTerminal('stay', ({ processes }) => process.kill(processes.launcher, 'SIGKILL'));
    expect(shown).to.include('<status 137>');
    await swept();
  });

  it('chctl itself throws -> as it was, status 1, one record; its machine has ended', async () => {
    const shown = await atTerminal('stay', ({ processes }) => process.kill(processes.launcher, 'SIGUSR2'), THROW);
    expect(shown).to.include('<status 1>').and.include('chctl: fatal: Error: planted');
    await swept();
  });
});
