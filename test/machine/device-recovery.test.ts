/** A disk's process is killed under a guest that reads, through the real `chctl`, core and ch-block: the guest reads on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';
import { type CommandPlace, type MachineProcesses, type Started, inPlaces } from './chctl-command.ts';
import { writeCommandGuest } from './command-guest.ts';
import { needsKvm } from './tiny-machine.ts';

const KILLS = Number(process.env['CH_RECOVERY_KILLS'] ?? 20);
const CONTENT = 'R';
/** Far more than anything here takes on a busy machine. */
const DEADLINE_MS = 60_000;
/** A process that has served for so long may be killed as often as one likes; see services/orchestrator/supervise. */
const SERVICE_MS = 500;

describe('a disk whose process is killed', function () {
  this.timeout(240_000);
  needsKvm(this);
  let place: CommandPlace;
  let socket: Socket | undefined;
  let heard = '';

  afterEach(() => socket?.destroy());
  inPlaces((made) => {
    place = made;
    heard = '';
    writeCommandGuest(join(place.folder, 'guest'), { gedRegister: 0 });
    writeFileSync(join(place.folder, 'disk'), CONTENT.repeat(1 << 16));
  });

  async function until(what: string, holds: () => boolean, machine: Started): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!holds()) {
      if (Date.now() > deadline || machine.child.exitCode !== null) throw new Error(`not ${what}: ${machine.stderr().slice(-3000)}`);
      await sleep(5);
    }
  }

  /** A machine whose guest can be talked to. */
  async function start(disk: string, ...more: readonly string[]): Promise<Started & MachineProcesses> {
    const args = ['--kernel', 'guest', '--serial', 'socket=s', '--memory', 'size=64M', '--disk', disk, ...more];
    const machine = await place.startRunning(args, true);
    socket = connect(join(place.folder, 's'));
    socket.on('data', (data) => (heard += data.toString('latin1')));
    await until('greeted', () => heard.includes('>'), machine);
    return machine;
  }

  const devicePid = (): number => place.processesOf(place.registered()[0] ?? '').device;

  /** Waits until another process than `pid` is the disk's. */
  async function replaced(pid: number, machine: Started): Promise<number> {
    await until('another process', () => devicePid() !== pid, machine);
    return devicePid();
  }

  /** Waits until the guest has read so often again. */
  async function readsOn(times: number, machine: Started): Promise<void> {
    const before = heard.length;
    await until(`${times} more reads`, () => heard.length >= before + times, machine);
  }

  /** `chctl device`. Whatever it says is nobody's business here. */
  function device(...args: readonly string[]): ChildProcess {
    const options = { cwd: place.folder, env: place.environment, stdio: 'ignore' } as const;
    return spawn(join(CHECKOUT, 'bin/chctl'), ['device', ...args], options);
  }

  async function powerOff(machine: Started): Promise<void> {
    socket?.write('xo');
    expect((await machine.ended).status, machine.stderr()).to.equal(0);
  }

  /** How many fences the process has open. */
  function fencesOf(pid: number): number {
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        // The descriptor of a moment.
        return '';
      }
    });
    return links.filter((link) => link.startsWith('/memfd:fence')).length;
  }

  /** What launcher and core have open while the guest, which reads without end otherwise, has its disk and asks nothing of it. */
  async function openFilesAtRest(machine: Started & MachineProcesses): Promise<readonly number[]> {
    socket?.write('x');
    await until('stopped reading', () => heard.endsWith('l'), machine);
    return [machine.launcher, machine.core].map((pid) => readdirSync(`/proc/${pid}/fd`).length);
  }

  it(`${KILLS} times -> the guest reads on, and nothing is left of those that were killed`, async () => {
    place.deadlineMs = 200_000;
    const machine = await start('path=disk', '-v');
    socket?.write('l');
    await readsOn(3, machine);
    const files = await openFilesAtRest(machine);
    socket?.write('l');
    await readsOn(3, machine);
    let pid = machine.device;
    for (let kill = 0; kill < KILLS; kill++) {
      process.kill(pid, 'SIGKILL');
      pid = await replaced(pid, machine);
      await readsOn(3, machine);
      // At another moment of the guest's doings each time.
      if (kill % 4 !== 0) await sleep(SERVICE_MS * (1 + 0.2 * Math.random()));
    }
    expect(await openFilesAtRest(machine)).to.deep.equal(files);
    expect(place.processes()).to.have.members([machine.launcher, machine.core, pid]);
    socket?.write('o');
    expect((await machine.ended).status, machine.stderr()).to.equal(0);
    expect(heard.slice(1)).to.match(new RegExp(`^(${CONTENT}+l){2}$`));
    const said = machine.stderr();
    expect(said.match(/a device is back \(_disk0: its requests waited [0-9.]+ s\)/g)).to.have.length(KILLS);
    expect(said).to.include('device _disk0: its process was killed by SIGKILL; another one is started');
  });

  it('and so is the one that comes for it, at its start -> the third serves', async () => {
    const machine = await start('path=disk');
    socket?.write('l');
    await readsOn(3, machine);
    process.kill(machine.device, 'SIGKILL');
    const second = await replaced(machine.device, machine);
    process.kill(second, 'SIGKILL');
    await replaced(second, machine);
    await readsOn(3, machine);
    await powerOff(machine);
    expect(heard.slice(1)).to.match(new RegExp(`^${CONTENT}*l$`));
    expect(machine.stderr()).to.equal('');
  });

  it('and reads only -> it is fenced all the same, and the next one serves', async () => {
    const machine = await start('path=disk,readonly=on');
    socket?.write('l');
    await readsOn(3, machine);
    process.kill(machine.device, 'SIGKILL');
    const second = await replaced(machine.device, machine);
    await readsOn(3, machine);
    const fences = [second, machine.launcher].map((pid) => fencesOf(pid));
    expect(fences, 'of the process, and of the launcher').to.deep.equal([1, 1]);
    await powerOff(machine);
    expect(heard.slice(1)).to.match(new RegExp(`^${CONTENT}*l$`));
  });

  it('before its driver has begun -> the driver finds another', async () => {
    const machine = await start('path=disk');
    process.kill(machine.device, 'SIGKILL');
    await replaced(machine.device, machine);
    socket?.write('d');
    await until('read', () => heard === `>${CONTENT}d`, machine);
    socket?.write('o');
    expect((await machine.ended).status).to.equal(0);
  });

  it('and hangs instead -> it is killed when it is missed', async () => {
    const machine = await start('path=disk');
    process.kill(machine.device, 'SIGSTOP');
    // The driver's reset asks something of it.
    socket?.write('dd');
    await replaced(machine.device, machine);
    await until('read', () => heard === `>${CONTENT}d${CONTENT}d`, machine);
    socket?.write('o');
    expect((await machine.ended).status).to.equal(0);
  });

  it('its image has another name by then, and its name is another file’s -> it is the same image', async () => {
    const machine = await start('path=disk');
    renameSync(join(place.folder, 'disk'), join(place.folder, 'guest.old'));
    writeFileSync(join(place.folder, 'disk'), 'W'.repeat(1 << 16));
    process.kill(machine.device, 'SIGKILL');
    await replaced(machine.device, machine);
    socket?.write('d');
    await until('read', () => heard === `>${CONTENT}d`, machine);
    renameSync(join(place.folder, 'guest.old'), join(place.folder, 'disk'));
    socket?.write('o');
    expect((await machine.ended).status).to.equal(0);
  });

  for (const [what, order] of [
    ['resized', (time: number) => ['resize', '_disk0', '--size', `${128 + (time % 2) * 64}K`, '--allow-shrink']],
    ['drained', () => ['drain', '_disk0']],
  ] as const) {
    it(`while it is ${what} -> the guest reads on`, async () => {
      const machine = await start('path=disk');
      socket?.write('l');
      await readsOn(3, machine);
      let pid = machine.device;
      for (let time = 0; time < 6; time++) {
        const ended = once(device(...order(time)), 'exit');
        // A chctl takes some 200 ms to begin.
        await sleep(100 + 40 * time);
        process.kill(pid, 'SIGKILL');
        await ended;
        pid = await replaced(pid, machine);
        // The order may have come to that one.
        if (what === 'drained') await once(device('resume', '_disk0'), 'exit');
        await readsOn(3, machine);
        await sleep(SERVICE_MS);
      }
      const [status] = await once(device('resize', '_disk0', '--size', '256K'), 'exit');
      expect([status, statSync(join(place.folder, 'disk')).size]).to.deep.equal([0, 256 << 10]);
      await powerOff(machine);
      expect(heard.slice(1)).to.match(new RegExp(`^${CONTENT}*l$`));
      expect(machine.stderr()).to.equal('');
    });
  }

  it('with restart_timeout=0 -> status 4', async () => {
    const machine = await start('path=disk,restart_timeout=0');
    process.kill(machine.device, 'SIGKILL');
    const { status, lines } = await machine.ended;
    expect([status, lines[0]]).to.deep.equal([4, 'device _disk0 is lost: its process was killed by SIGKILL']);
  });

  it('again and again -> status 4, with that reason', async () => {
    const machine = await start('path=disk');
    const killing = setInterval(() => {
      try {
        process.kill(devicePid(), 'SIGKILL');
      } catch {
        // It is gone, and the next one not there yet.
      }
    }, 5);
    const { status, lines } = await machine.ended;
    clearInterval(killing);
    expect([status, lines[0]]).to.deep.equal([4, 'device _disk0 is lost: its process was killed by SIGKILL, again and again']);
  });
});
