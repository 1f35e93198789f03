/** `chctl device` on a disk of a running machine, through the real `chctl`, core and ch-block. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { CHECKOUT } from '../harness/checkout.ts';
import { type CommandPlace, type MachineProcesses, type Started, inPlaces } from './chctl-command.ts';
import { writeCommandGuest } from './command-guest.ts';
import { needsKvm } from './tiny-machine.ts';

const MIB = 1 << 20;
/** Far more than anything here takes on a busy machine. */
const DEADLINE_MS = 60_000;

describe('chctl device on a running machine', function () {
  this.timeout(240_000);
  needsKvm(this);
  let place: CommandPlace;
  let socket: Socket | undefined;
  let heard = '';

  afterEach(() => socket?.destroy());
  inPlaces((made) => {
    place = made;
    place.deadlineMs = 200_000;
    heard = '';
    writeCommandGuest(join(place.folder, 'guest'), { gedRegister: 0 });
    for (const name of ['disk', 'other']) writeFileSync(join(place.folder, name), 'R'.repeat(MIB));
  });

  async function until(what: string, holds: () => boolean, machine: Started): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!holds()) {
      if (Date.now() > deadline || machine.child.exitCode !== null)
        throw new Error(`not ${what}: ${heard} ${machine.stderr().slice(-3000)}`);
      await sleep(5);
    }
  }

  /** A machine whose guest can be talked to. */
  async function start(disk: string, ...more: readonly string[]): Promise<Started & MachineProcesses> {
    const args = ['--kernel', 'guest', '--serial', 'socket=s', '--memory', 'size=64M', '--disk', disk, ...more];
    const machine = await place.startRunning(args, true);
    socket = connect(join(place.folder, 's'));
    socket.on('data', (data) => (heard += data.toString('latin1')));
    await until('greeted', () => heard.endsWith('>'), machine);
    return machine;
  }

  /** Has the guest do something, until it has said `answer`. */
  async function tell(letters: string, answer: string, machine: Started): Promise<void> {
    heard = '';
    socket?.write(letters);
    await until(`answered ${answer}`, () => heard === answer, machine);
  }

  function device(...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    const options = { cwd: place.folder, env: place.environment, encoding: 'utf8' } as const;
    return spawnSync(join(CHECKOUT, 'bin/chctl'), ['device', ...args], options);
  }

  function told(...args: readonly string[]): string {
    const { status, stdout, stderr } = device(...args);
    expect([status, stderr]).to.deep.equal([0, '']);
    return stdout;
  }

  async function powerOff(machine: Started): Promise<void> {
    socket?.write('o');
    expect((await machine.ended).status, machine.stderr()).to.equal(0);
    expect(machine.stderr()).to.equal('');
  }

  it('info, resize -> the guest sees the new size', async () => {
    const machine = await start('path=disk');
    await tell('dz', 'Rd1z', machine);
    const info = JSON.parse(told('info', '_disk0', '--json'));
    expect([info.id, info.pid, info.session, info.image.size]).to.deep.equal(['_disk0', machine.device, 'CONNECTED', String(MIB)]);
    expect(readdirSync(`/proc/${machine.device}/task`).length).to.be.above(1);
    expect(told('resize', '_disk0', '--size', '3M')).to.equal(`the disk has 3 MiB (${3 * MIB} bytes)\n`);
    expect(statSync(join(place.folder, 'disk')).size).to.equal(3 * MIB);
    // The core reads the configuration anew when it is told that there is another.
    for (heard = '1z'; heard !== '3z';) {
      heard = '';
      socket?.write('z');
      await until('said its size', () => heard.length === 2, machine);
    }
    expect(told('stats', '_disk0')).to.match(/^read +1 +512 B +0 /m);
    await powerOff(machine);
  });

  it('four queues of 256 -> each is served, and interrupts by its own vector', async () => {
    writeFileSync(join(place.folder, 'disk'), ['A', 'B', 'C', 'D'].map((letter) => letter.repeat(512)).join(''));
    const machine = await start('path=disk,num_queues=4,queue_size=256', '--cpus', 'boot=4');
    await tell('q', '8ABCDq', machine);
    expect(JSON.parse(told('info', '_disk0', '--json')).queues).to.have.length(4);
    expect(told('stats', '_disk0')).to.match(/^read +4 +2(\.0)? KiB +0 /m);
    await tell('d', 'Ad', machine);
    await powerOff(machine);
  });

  it('limits that were given, and those that were set -> hold, also in the process that comes after a killed one', async () => {
    const machine = await start('path=disk,ops_size=1,ops_refill_time=3600000,ops_one_time_burst=1');
    await tell('dd', 'RdRd', machine);
    expect(told('limits', '_disk0')).to.equal('bandwidth  unlimited\nops        1 requests in 3600000 ms, and 1 requests once\n');
    // The third waits for an hour, or for this.
    heard = '';
    socket?.write('d');
    await until('kept waiting', () => JSON.parse(told('info', '_disk0', '--json')).queues.length === 1, machine);
    expect(heard).to.equal('');
    told('limits', '_disk0', '--set', 'ops_size=1000,ops_refill_time=10');
    await until('answered', () => heard === 'Rd', machine);
    process.kill(machine.device, 'SIGKILL');
    const pidNow = (): number => place.processesOf(place.registered()[0] ?? '').device;
    await until('another process', () => pidNow() !== machine.device, machine);
    await tell('d', 'Rd', machine);
    expect(told('limits', '_disk0')).to.equal('bandwidth  unlimited\nops        1000 requests in 10 ms\n');
    await powerOff(machine);
  });

  it('a rate limit group -> what its disks have taken is taken, also when their process is killed', async () => {
    const group = 'id=g,ops_size=1,ops_refill_time=3600000,ops_one_time_burst=2';
    const machine = await start('path=disk,rate_limit_group=g', '--rate-limit-group', group, '--stop-timeout', '1');
    await tell('dd', 'RdRd', machine);
    process.kill(machine.device, 'SIGKILL');
    const pidNow = (): number => place.processesOf(place.registered()[0] ?? '').device;
    await until('another process', () => pidNow() !== machine.device, machine);
    await tell('d', 'Rd', machine);
    heard = '';
    socket?.write('d');
    const info = JSON.parse(told('info', '_disk0', '--json'));
    expect([heard, info.rateLimitGroup]).to.deep.equal(['', 'g']);
    machine.child.kill('SIGTERM');
    expect((await machine.ended).status).to.equal(143);
  });

  it('the limits of a rate limit group, changed at one disk -> the other has them, and so has the process that comes after', async () => {
    const group = 'id=g,ops_size=1,ops_refill_time=3600000';
    const machine = await start('path=disk,rate_limit_group=g', 'path=other,rate_limit_group=g', '--rate-limit-group', group);
    await tell('d', 'Rd', machine);
    heard = '';
    socket?.write('d');
    const infoOf = (disk: string): { readonly pid: number; readonly limits: unknown } => JSON.parse(told('info', disk, '--json'));
    await until('kept waiting', () => infoOf('_disk0').pid > 0, machine);
    expect(heard).to.equal('');
    told('limits', '_disk1', '--set', 'ops_size=1000,ops_refill_time=10');
    await until('answered', () => heard === 'Rd', machine);
    expect(told('limits', '_disk0')).to.equal('bandwidth  unlimited\nops        1000 requests in 10 ms\n');
    const { pid } = infoOf('_disk0');
    process.kill(pid, 'SIGKILL');
    await tell('d', 'Rd', machine);
    expect(infoOf('_disk0').pid).not.to.equal(pid);
    expect(told('limits', '_disk0')).to.equal('bandwidth  unlimited\nops        1000 requests in 10 ms\n');
    await powerOff(machine);
  });

  it('drain -> the guest’s requests wait until resume', async () => {
    const machine = await start('path=disk');
    await tell('d', 'Rd', machine);
    expect(told('drain', `${place.registered()[0]}/_disk0`)).to.equal('the disk is drained\n');
    heard = '';
    socket?.write('d');
    await until('kept waiting', () => JSON.parse(told('info', '_disk0', '--json')).drained === true, machine);
    expect(heard).to.equal('');
    expect(told('resume', '_disk0')).to.equal('the disk goes on\n');
    await until('answered', () => heard === 'Rd', machine);
    await powerOff(machine);
  });

  it('upgrade under a guest that reads -> another process serves it, with all that was changed; a program that is none is refused', async () => {
    const machine = await start('path=disk');
    await tell('d', 'Rd', machine);
    told('limits', '_disk0', '--set', 'ops_size=1000,ops_refill_time=10');
    told('resize', '_disk0', '--size', '2M');
    const { status, stderr } = device('upgrade', '_disk0', '--program', 'disk');
    expect([status, stderr]).to.match(/^1,chctl device: the disk goes on as before: /);
    const missing = device('upgrade', '_disk0', '--program', 'none');
    expect(missing.stderr).to.equal(`chctl device: the disk goes on as before: there is no program "${join(place.folder, 'none')}"\n`);
    // It reads until it is told something else.
    heard = '';
    socket?.write('l');
    const upgraded = told('upgrade', '_disk0');
    const pid = Number(/^process (\d+) serves the disk\n$/.exec(upgraded)?.[1]);
    expect(pid).not.to.equal(machine.device);
    // What it has read meanwhile is heard now, and then more.
    await until('read', () => /^R+$/.test(heard), machine);
    const readBefore = heard.length;
    await until('read on', () => heard.length > readBefore, machine);
    socket?.write('d');
    await until('read enough', () => heard.endsWith('l'), machine);
    await tell('d', 'Rd', machine);
    const info = JSON.parse(told('info', '_disk0', '--json'));
    expect([info.pid, info.image.size, info.limits.ops.size]).to.deep.equal([pid, String(2 * MIB), '1000']);
    expect(place.processesOf(place.registered()[0] ?? '').device).to.equal(pid);
    expect(told('stats', '_disk0')).to.match(/^read +[2-9]\d* /m);
    // And once more, of the process that came by the first, and drained.
    told('drain', '_disk0');
    told('upgrade', '_disk0', '--program', join(CHECKOUT, 'dist/devices/block/main.js'));
    heard = '';
    socket?.write('d');
    await until('kept waiting', () => JSON.parse(told('info', '_disk0', '--json')).drained === true, machine);
    expect(heard).to.equal('');
    told('resume', '_disk0');
    await until('answered', () => heard === 'Rd', machine);
    await powerOff(machine);
  });

  it('a drained disk whose process is killed -> the next one is drained too', async () => {
    const machine = await start('path=disk');
    told('drain', '_disk0');
    process.kill(machine.device, 'SIGKILL');
    const pidNow = (): number => place.processesOf(place.registered()[0] ?? '').device;
    await until('another process', () => pidNow() !== machine.device, machine);
    heard = '';
    socket?.write('d');
    await until('kept waiting', () => JSON.parse(told('info', '_disk0', '--json')).drained === true, machine);
    expect(heard).to.equal('');
    told('resume', '_disk0');
    await until('answered', () => heard === 'Rd', machine);
    await powerOff(machine);
  });

  it('a disk that is none -> one line, status 1', async () => {
    const machine = await start('path=disk');
    const { status, stderr } = device('info', '_disc0');
    expect([status, stderr]).to.deep.equal([
      1,
      `chctl device: there is no disk "_disc0"; did you mean "_disk0"? (there are ${place.registered()[0]}/_disk0)\n`,
    ]);
    await powerOff(machine);
  });
});
