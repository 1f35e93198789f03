/** The keys of `--disk`, through the real `chctl`, core and ch-block, with a tiny guest that reads its disk. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CommandPlace, expectLines, inPlaces } from './chctl-command.ts';
import { writeCommandGuest } from './command-guest.ts';
import { CommandMachine } from './command-machine.ts';
import { needsKvm } from './tiny-machine.ts';

const MIB = 1 << 20;
const hasQemu = spawnSync('qemu-img', ['--version']).status === 0;

describe('chctl run --disk', function () {
  this.timeout(240_000);
  needsKvm(this);
  let place: CommandPlace;

  inPlaces((made) => {
    place = made;
    place.deadlineMs = 200_000;
    writeCommandGuest(join(place.folder, 'guest'), { gedRegister: 0 });
    writeFileSync(join(place.folder, 'disk'), 'R'.repeat(MIB));
    if (!hasQemu) return;
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', 'disk', 'disk.qcow2');
    qemuImg('convert', '-f', 'raw', '-O', 'vhdx', 'disk', 'disk.vhdx');
    qemuImg('convert', '-f', 'raw', '-O', 'vpc', '-o', 'subformat=fixed,force_size=on', 'disk', 'disk.vhd');
    qemuImg('create', '-f', 'qcow2', '-F', 'qcow2', '-b', 'disk.qcow2', 'overlay.qcow2');
  });

  function qemuImg(...args: readonly string[]): void {
    const { status, stderr } = spawnSync('qemu-img', args, { cwd: place.folder, encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
  }

  /** By the host's CPUs that its threads may run on. */
  function affinities(pid: number): readonly string[] {
    return readdirSync(`/proc/${pid}/task`).map((task) => {
      const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
      return /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? '';
    });
  }

  const FORMATS: readonly (readonly [disk: string, type: string, size: number])[] = [
    ['path=disk,image_type=raw', 'raw', MIB],
    ['path=disk,direct=on', 'raw', MIB],
    ['path=disk.qcow2,image_type=qcow2', 'qcow2', MIB],
    ['path=disk.qcow2,image_type=qcow2,direct=on', 'qcow2', MIB],
    ['path=overlay.qcow2,image_type=qcow2,backing_files=on', 'qcow2', MIB],
    ['path=disk.vhd,image_type=vhd,readonly=on', 'vhd', MIB],
    ['path=disk.vhdx,image_type=vhdx', 'vhdx', MIB],
  ];
  for (const [disk, type, size] of FORMATS) {
    it(`${disk} -> its guest reads it`, async function () {
      if (type !== 'raw' && !hasQemu) this.skip();
      const machine = await CommandMachine.start(place, '--disk', disk);
      await machine.tell('d', 'Rd');
      const info = JSON.parse(machine.deviceSays('info', '_disk0', '--json'));
      // The tiny guest cannot flush: its writes have to last.
      expect([info.image.type, info.image.size, info.writeCache]).to.deep.equal([type, String(size), 'THROUGH']);
      if (!disk.includes('readonly')) {
        machine.deviceSays('resize', '_disk0', '--size', '3M');
        await machine.untilSaid('z', '3z');
      }
      // Another process opens it in the same way.
      process.kill(machine.device, 'SIGKILL');
      await machine.tell('d', 'Rd');
      await machine.powerOff();
      if (type === 'qcow2') qemuImg('check', '-q', /path=([^,]+)/.exec(disk)?.[1] ?? '');
    });
  }

  const REFUSED: readonly (readonly [disk: string, line: string])[] = [
    [
      'path=disk.qcow2',
      'disk _disk0 "disk.qcow2" begins as a qcow2 image does: add image_type=qcow2, or image_type=raw to serve its bytes as they are',
    ],
    [
      'path=disk.vhdx',
      'disk _disk0 "disk.vhdx" begins as a VHDX image does: add image_type=vhdx, or image_type=raw to serve its bytes as they are',
    ],
    ['path=disk,image_type=qcow2', 'disk _disk0 "disk" '],
    ['path=disk,image_type=vhd', 'disk _disk0 "disk" '],
    ['path=disk,image_type=vhdx', 'disk _disk0 "disk" '],
    ['path=overlay.qcow2,image_type=qcow2', 'disk _disk0 "overlay.qcow2" '],
    ['path=disk,queue_affinity=[0@[8000]]', 'disk _disk0 "disk" '],
  ];
  for (const [disk, line] of REFUSED) {
    it(`${disk} -> one line, status 1`, async function () {
      if (!hasQemu) this.skip();
      const ended = await place.start(['--kernel', 'guest', '--disk', disk]).ended;
      expectLines(place, ended, [line], 1);
    });
  }

  it('a write cache that the guest turned off -> off, also in the process that comes after a killed one', async () => {
    const machine = await CommandMachine.start(place, '--disk', 'path=disk');
    const cacheOf = (): string => JSON.parse(machine.deviceSays('info', '_disk0', '--json')).writeCache;
    expect(cacheOf()).to.equal('BACK');
    await machine.tell('y', 'y');
    await machine.until(() => cacheOf() === 'THROUGH', 'without a cache');
    process.kill(machine.device, 'SIGKILL');
    await machine.until(() => place.processesOf(machine.name).device !== machine.device, 'another process');
    expect(cacheOf()).to.equal('THROUGH');
    await machine.powerOff();
  });

  it('sparse=off -> the file is filled', async () => {
    spawnSync('truncate', ['-s', '1M', join(place.folder, 'disk')]);
    const machine = await CommandMachine.start(place, '--disk', 'path=disk,sparse=off');
    expect(statSync(join(place.folder, 'disk')).blocks * 512).to.be.at.least(MIB);
    await machine.powerOff();
  });

  it('queue_affinity -> threads that may run on those CPUs alone', async () => {
    const disk = 'path=disk,num_queues=2,queue_affinity=[0@[0],1@[0-1]]';
    const machine = await CommandMachine.start(place, '--cpus', 'boot=2', '--disk', disk);
    await machine.tell('d', 'Rd');
    expect(affinities(machine.device)).to.include('0');
    await machine.powerOff();
  });

  it('the image of a machine that runs -> one line, which machine', async () => {
    const machine = await CommandMachine.start(place, '--disk', 'path=disk');
    const ended = await place.start(['--kernel', 'guest', '--serial', 'null', '--disk', 'path=disk,id=mine']).ended;
    const who = `VM ${machine.name} (its disk _disk0, process ${machine.device})`;
    expectLines(place, ended, [`disk mine "disk" is locked by ${who}: stop that, or make the disk read-only for both`], 1);
    await machine.powerOff();
  });
});
