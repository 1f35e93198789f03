import { expect } from 'chai';
import { parseCommandLine } from '#shared/config/command-line.ts';
import { parseVmOptions } from '#shared/config/parse-vm-config.ts';
import type { VmConfig } from '#shared/config/vm-config.ts';
import { expect as value } from '#shared/lang/result.ts';
import { RecoveryAfterwards } from '#shared/rpc/start-channel.ts';
import { AFTERWARDS, type LaunchPlan, type Resource, planLaunch, recoveryOf } from './plan.ts';

function config(...args: readonly string[]): VmConfig {
  const given = value(parseCommandLine(['--kernel', 'k', ...args]), 'command line');
  const { payload, ...rest } = value(parseVmOptions(given, { serial: 'tty', console: 'off', cmdline: 'x' }), 'options');
  if (payload === undefined) throw new Error('a kernel was given');
  return { ...rest, payload };
}

function plan(...args: readonly string[]): LaunchPlan {
  return planLaunch(config(...args), { vmId: 'vm-1', logLevel: 0, workingFolder: '/w' });
}

/** The names that a resource may be called by in messages. */
function names(resource: Resource): readonly string[] {
  switch (resource.kind) {
    case 'kvm':
      return ['kvm'];
    case 'boot-file':
      return [resource.name];
    case 'rate-limit-group':
      return [`rate limit group ${resource.id}`];
    case 'random':
      return ['random'];
    case 'disk':
      return [`image ${resource.disk.id}`, `fence ${resource.disk.id}`];
    case 'connection':
      return [`core end ${resource.id}`, `device end ${resource.id}`];
    case 'console':
      return ['input', 'output', 'listener'].map((part) => `${resource.name} ${part}`);
  }
}

const MACHINES: readonly (readonly string[])[] = [
  [],
  ['--initramfs', 'i', '--disk', 'path=a', 'path=b,readonly=on,pci_device_id=4', '--console', 'pty'],
  ['--serial', 'socket=/tmp/s', '--console', 'file=/tmp/c'],
  ['--serial', 'off', '--console', 'tty'],
  ['--rate-limit-group', 'id=g,ops_size=1,ops_refill_time=1', '--disk', 'path=a,rate_limit_group=g', 'path=b,rate_limit_group=g', 'path=c'],
  ['--serial', 'null', '--console', 'null'],
];

describe('planLaunch', () => {
  for (const args of MACHINES) {
    it(`${args.join(' ') || 'no options'}: every descriptor comes from a resource, every end of a connection is given away once`, () => {
      const { resources, core, devices } = plan(...args);
      const opened = resources.flatMap(names);
      const used = [...core, ...devices.flatMap(({ messages }) => messages)].flatMap(({ descriptors }) => descriptors);
      for (const name of used) expect(opened).to.include(name);
      const own = used.filter((name) => !name.startsWith('rate limit group '));
      expect(new Set(own).size).to.equal(own.length);
      for (const name of opened.filter((candidate) => / end /.test(candidate))) expect(used).to.include(name);
    });
  }

  it('tells the core: machine, serial port, disks, console, rng, run', () => {
    const { core } = plan('--disk', 'path=a', 'path=b', '--console', 'pty');
    expect(core.map(({ message }) => message.addDevice?.id ?? Object.keys(message)[0])).to.deep.equal([
      'createVm',
      '__serial',
      '_disk0',
      '_disk1',
      '__console',
      '__rng',
      'run',
    ]);
  });

  it('numbers descriptors from 1 in the order of the message, 0 for none', () => {
    const [create] = plan('--initramfs', 'i').core;
    expect(create?.descriptors).to.deep.equal(['kvm', 'kernel', 'initramfs']);
    expect(create?.message.createVm).to.include({ kvm: 1, kernel: 2, initramfs: 3, firmware: 0, cmdline: 'x' });
  });

  it('tells a disk what its keys say', () => {
    const { devices } = plan(
      '--cpus',
      'boot=2',
      '--disk',
      'path=a,image_type=qcow2,backing_files=on,direct=on,num_queues=2,queue_size=256,queue_affinity=[1@[0,2-3]]',
      'path=b',
    );
    const [first, second] = devices.map(({ messages }) => messages[0]?.message.startBlock);
    expect(first).to.deep.include({ imageType: 'qcow2', direct: true, sparse: true, backingFiles: true, numQueues: 2, queueSize: 256 });
    expect(first).to.deep.include({ path: 'a', workingFolder: '/w', queueAffinity: [{ queueIndex: 1, hostCpus: [0, 2, 3] }] });
    expect(second).to.deep.include({ imageType: '', direct: false, lockGranularity: 'byte-range', queueAffinity: [] });
  });

  it('lets a pty never stall its guest, and drops what null gets', () => {
    const { core } = plan('--serial', 'null', '--console', 'pty');
    expect(core.find(({ message }) => message.addDevice?.serial)?.message.addDevice?.serial?.channel).to.include({
      input: 0,
      output: 0,
      listener: 0,
    });
    expect(core.find(({ message }) => message.addDevice?.console)?.message.addDevice?.console?.channel).to.include({
      input: 1,
      output: 2,
      neverStall: true,
    });
  });

  it('has the core wait for a disk whose process ends, for as long as its user says', () => {
    const { END, STALL, PAUSE, ERROR } = RecoveryAfterwards;
    expect(AFTERWARDS).to.deep.equal({ end: END, stall: STALL, pause: PAUSE, error: ERROR });
    const rows = [
      ['path=a', { deadlineMs: 25_000, afterwards: END }, 'bounded'],
      ['path=a,restart_timeout=3,on_restart_timeout=stall', { deadlineMs: 3000, afterwards: STALL }, 'endless'],
      ['path=a,on_restart_timeout=pause', { deadlineMs: 25_000, afterwards: PAUSE }, 'endless'],
      ['path=a,on_restart_timeout=error', { deadlineMs: 25_000, afterwards: ERROR }, 'endless'],
      ['path=a,restart_timeout=0', undefined, 'none'],
    ] as const;
    for (const [disk, recovery, kind] of rows) {
      const made = plan('--disk', disk);
      expect(made.core.find(({ message }) => message.addDevice?.vhostUser)?.message.addDevice?.vhostUser?.recovery).to.deep.equal(recovery);
      expect(recoveryOf(made, '_disk0')).to.equal(kind);
    }
  });

  it('is the same for the same machine', () => {
    expect(plan('--disk', 'path=a')).to.deep.equal(plan('--disk', 'path=a'));
  });
});
