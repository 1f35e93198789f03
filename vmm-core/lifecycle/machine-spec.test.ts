import { expect } from 'chai';
import { RecoveryAfterwards, type ToCore } from '#shared/rpc/start-channel.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import { type AddDevice, readDevice, readMachine } from './machine-spec.ts';

type CreateVm = NonNullable<ToCore['createVm']>;

/** Stand for descriptors that came with a message; nothing is done with them. */
const FDS = [new OwnedFd(1000), new OwnedFd(1001), new OwnedFd(1002), new OwnedFd(1003)];
const [KVM, SECOND, THIRD, FOURTH] = FDS;
const GOOD: CreateVm = { bootVcpus: 1, maxVcpus: 2, memorySize: 2 ** 33, kvm: 1, kernel: 2, cmdline: 'quiet' };

const machineOf = (createVm: CreateVm) => readMachine({ message: { createVm }, fds: FDS });

describe('machine of a start message', () => {
  it('takes every field', () => {
    const platform = { systemManufacturer: 'm', systemUuid: '', oemStrings: ['a'] };
    const read = machineOf({ ...GOOD, initramfs: 3, prefault: true, hugePageSize: 2 ** 21, noReboot: true, logLevel: 2, platform });
    expect(read).to.deep.equal({
      ok: true,
      value: {
        bootVcpus: 1,
        maxVcpus: 2,
        memorySize: 2 ** 33,
        prefault: true,
        hugePageSize: 2 ** 21,
        identity: { manufacturer: 'm', oemStrings: ['a'] },
        noReboot: true,
        logLevel: 2,
        kvm: KVM,
        origin: { kind: 'kernel', kernel: SECOND, initramfs: THIRD, commandLine: 'quiet' },
      },
    });
  });

  it('what is not given has its default', () => {
    const read = machineOf(GOOD);
    const { prefault, hugePageSize, noReboot, logLevel, origin } = read.ok ? read.value : {};
    expect({ prefault, hugePageSize, noReboot, logLevel }).to.deep.equal({
      prefault: false,
      hugePageSize: undefined,
      noReboot: false,
      logLevel: 0,
    });
    expect(origin).to.deep.equal({ kind: 'kernel', kernel: SECOND, initramfs: undefined, commandLine: 'quiet' });
  });

  const ORIGINS: readonly (readonly [name: string, fields: Partial<CreateVm>, origin: object])[] = [
    ['a saved machine', { kernel: 0, savedState: 2, savedMemory: 3 }, { kind: 'saved', state: SECOND, memory: THIRD, boot: undefined }],
    ['firmware', { kernel: 0, firmware: 2 }, { kind: 'firmware', firmware: SECOND }],
    [
      'a saved machine, and for resets firmware',
      { kernel: 0, savedState: 2, savedMemory: 3, firmware: 4 },
      { kind: 'saved', state: SECOND, memory: THIRD, boot: { kind: 'firmware', firmware: FOURTH } },
    ],
  ];
  for (const [name, fields, origin] of ORIGINS) {
    it(`starts from ${name}`, () => {
      const read = machineOf({ ...GOOD, ...fields });
      expect(read.ok && read.value.origin).to.deep.equal(origin);
    });
  }

  const LACKS = /^the start message lacks \/dev\/kvm, or something to start from$/;
  const REFUSED: readonly (readonly [name: string, fields: Partial<CreateVm>, line: RegExp])[] = [
    ['no /dev/kvm', { kvm: 0 }, LACKS],
    ['a descriptor that did not come', { kvm: 5 }, LACKS],
    ['nothing to start from', { kernel: 0 }, LACKS],
    ['half of a saved machine', { kernel: 0, savedState: 2 }, LACKS],
    ['no vCPU', { bootVcpus: 0 }, /^the start message asks for 0 of 2 vCPUs$/],
    ['more vCPUs than there can be', { bootVcpus: 3 }, /^the start message asks for 3 of 2 vCPUs$/],
  ];
  for (const [name, fields, line] of REFUSED) {
    it(`${name} -> refused`, () => {
      const read = machineOf({ ...GOOD, ...fields });
      expect(read.ok ? '' : read.error).to.match(line);
    });
  }

  it('another message -> refused', () => {
    expect(readMachine({ message: { run: {} }, fds: FDS })).to.deep.equal({
      ok: false,
      error: 'the first start message creates no machine',
    });
  });
});

const RECOVERIES: readonly (readonly [afterwards: number, word: string])[] = [
  [RecoveryAfterwards.AFTERWARDS_UNSPECIFIED, 'end'],
  [RecoveryAfterwards.END, 'end'],
  [RecoveryAfterwards.STALL, 'stall'],
  [RecoveryAfterwards.PAUSE, 'pause'],
  [RecoveryAfterwards.ERROR, 'error'],
];
const VHOST_USER = { deviceType: 2, numQueues: 4, queueSize: 256, socket: 3 };
const VHOST_USER_SPEC = { kind: 'vhost-user', id: 'd', slot: undefined, deviceType: 2, queueCount: 4, queueSize: 256, socket: THIRD };

describe('device of a start message', () => {
  const NONE = { input: undefined, output: undefined, listener: undefined, neverStall: false };
  const GIVEN: readonly (readonly [name: string, add: AddDevice, spec: object])[] = [
    ['a serial port', { serial: { channel: { output: 1 } } }, { kind: 'serial', channel: { ...NONE, output: KVM } }],
    ['a serial port of nobody', { serial: {} }, { kind: 'serial', channel: NONE }],
    [
      'a console',
      { id: 'c', console: { channel: { listener: 2, neverStall: true }, columns: 80 }, pciDeviceId: 4 },
      { kind: 'console', id: 'c', slot: 4, channel: { ...NONE, listener: SECOND, neverStall: true }, columns: 80, rows: 0 },
    ],
    ['an rng', { id: 'r', rng: { source: 1 } }, { kind: 'rng', id: 'r', slot: undefined, source: KVM }],
    [
      'a vhost-user device',
      { id: 'd', vhostUser: { deviceType: 2, numQueues: 4, queueSize: 256, socket: 3 }, pciDeviceId: 31 },
      { kind: 'vhost-user', id: 'd', slot: 31, deviceType: 2, queueCount: 4, queueSize: 256, socket: THIRD, recovery: undefined },
    ],
    ...RECOVERIES.map(([afterwards, word]): (typeof GIVEN)[number] => [
      `a vhost-user device that is recovered, else ${word}`,
      { id: 'd', vhostUser: { ...VHOST_USER, recovery: { deadlineMs: 500, afterwards } } },
      { ...VHOST_USER_SPEC, recovery: { deadlineMs: 500, afterwards: word } },
    ]),
  ];
  for (const [name, add, spec] of GIVEN) {
    it(name, () => {
      expect(readDevice(add, FDS)).to.deep.equal({ ok: true, value: spec });
    });
  }

  const REFUSED: readonly (readonly [add: AddDevice, line: RegExp])[] = [
    [{ id: 'x' }, /^device x is of no known kind, or lacks its descriptor$/],
    [{ id: 'x', rng: {} }, /^device x is of no known kind, or lacks/],
    [{ id: 'x', vhostUser: { deviceType: 2, numQueues: 1, queueSize: 128, socket: 9 } }, /lacks its descriptor$/],
    [{ id: 'x', vhostUser: { deviceType: 2, numQueues: 0, queueSize: 128, socket: 1 } }, /^device x cannot have 0 queues of 128 entries$/],
    [{ id: 'x', vhostUser: { deviceType: 2, numQueues: 1, queueSize: 100, socket: 1 } }, /^device x cannot have 1 queues of 100 entries$/],
    [{ id: 'x', vhostUser: { deviceType: 2, numQueues: 1, queueSize: 65536, socket: 1 } }, /of 65536 entries$/],
    [{ id: 'x', vhostUser: { deviceType: 2, socket: 1 } }, /^device x cannot have 0 queues of 0 entries$/],
  ];
  for (const [add, line] of REFUSED) {
    it(`${JSON.stringify(add)} -> refused`, () => {
      const read = readDevice(add, FDS);
      expect(read.ok ? '' : read.error).to.match(line);
    });
  }
});
