/**
 * What has to be done to start a machine, as data: which resources to open, which processes to start, and what to tell them.
 * Pure: nothing is opened here, and two equal configurations give equal plans.
 */
import type { FromCore, FromDevice, ToCore, ToDevice } from '#shared/rpc/start-channel.ts';
import type { ConsoleMode, DiskConfig, VmConfig } from '#shared/config/vm-config.ts';
import type { Recovery } from './supervise/watched-device.ts';

export type { FromCore, FromDevice, ToCore, ToDevice };

/** virtio 1.2, section 5: Device Types. */
const VIRTIO_ID_BLOCK = 2;

/** Something that is opened before any process starts. What it opens is known by name in the messages. */
export type Resource =
  | { readonly kind: 'kvm' }
  | { readonly kind: 'boot-file'; readonly name: 'kernel' | 'firmware' | 'initramfs'; readonly path: string }
  /** Opens `image ID`, and `fence ID` of a read-only one. */
  | { readonly kind: 'disk'; readonly disk: DiskConfig }
  /** Opens `core end ID` and `device end ID`. */
  | { readonly kind: 'connection'; readonly id: string }
  /** Opens `rate limit group ID`. */
  | { readonly kind: 'rate-limit-group'; readonly id: string }
  | { readonly kind: 'random'; readonly path: string }
  /** Opens `serial input`, `serial output` and `serial listener`, or those of the console, as far as the mode has them. */
  | { readonly kind: 'console'; readonly name: ConsoleName; readonly mode: ConsoleMode };

export type ConsoleName = 'serial' | 'console';

/** A message, with the names of the descriptors that go beside it, in order. */
export interface PlannedMessage<T> {
  readonly message: T;
  readonly descriptors: readonly string[];
}

export interface ProcessPlan {
  /** The disk's id. */
  readonly name: string;
  readonly program: 'block';
  readonly messages: readonly PlannedMessage<ToDevice>[];
}

export interface LaunchPlan {
  readonly resources: readonly Resource[];
  /** In order: machine, devices, run. */
  readonly core: readonly PlannedMessage<ToCore>[];
  readonly devices: readonly ProcessPlan[];
}

export interface PlanOptions {
  readonly vmId: string;
  /** Where relative paths start from. */
  readonly workingFolder: string;
  /** 0 warnings, 1 information, 2 debugging. */
  readonly logLevel: number;
  /** The terminal's size in characters, where a console is on it. */
  readonly terminalSize?: { readonly columns: number; readonly rows: number };
}

export function planLaunch(config: VmConfig, options: PlanOptions): LaunchPlan {
  const { disks, serial, console, rng } = config;
  return {
    resources: [
      { kind: 'kvm' },
      ...bootFiles(config),
      ...groupsOf(disks).map((id): Resource => ({ kind: 'rate-limit-group', id })),
      ...disks.flatMap((disk): Resource[] => [
        { kind: 'disk', disk },
        { kind: 'connection', id: disk.id },
      ]),
      { kind: 'console', name: 'serial', mode: serial },
      { kind: 'console', name: 'console', mode: console.channel },
      { kind: 'random', path: rng.source },
    ],
    core: [
      createVm(config, options),
      ...addSerial(serial),
      ...disks.map(addDisk),
      ...addConsole(config, options),
      { message: { addDevice: { id: rng.id, rng: { source: 1 }, pciDeviceId: rng.pciDeviceId ?? 0 } }, descriptors: ['random'] },
      { message: { run: {} }, descriptors: [] },
    ],
    devices: disks.map((disk) => ({ name: disk.id, program: 'block', messages: [startBlock(disk, options)] })),
  };
}

function bootFiles({ payload }: VmConfig): Resource[] {
  const files: Resource[] = [{ kind: 'boot-file', name: payload.kind, path: payload.path }];
  if (payload.kind === 'kernel' && payload.initramfs !== undefined)
    files.push({ kind: 'boot-file', name: 'initramfs', path: payload.initramfs });
  return files;
}

function createVm(config: VmConfig, options: PlanOptions): PlannedMessage<ToCore> {
  const { payload, cpus, memory, platform } = config;
  const descriptors = ['kvm', ...bootFiles(config).map((file) => (file.kind === 'boot-file' ? file.name : file.kind))];
  return {
    message: {
      createVm: {
        id: options.vmId,
        bootVcpus: cpus.boot,
        maxVcpus: cpus.max,
        memorySize: memory.sizeBytes,
        prefault: memory.prefault,
        hugePageSize: memory.hugePageBytes ?? 0,
        cmdline: payload.kind === 'kernel' ? payload.cmdline : '',
        platform: {
          systemManufacturer: platform.manufacturer ?? '',
          systemProductName: platform.productName ?? '',
          systemVersion: platform.version ?? '',
          systemSerialNumber: platform.serialNumber ?? '',
          systemUuid: platform.uuid ?? '',
          systemSkuNumber: platform.skuNumber ?? '',
          systemFamily: platform.family ?? '',
          chassisAssetTag: platform.chassisAssetTag ?? '',
          oemStrings: [...platform.oemStrings],
        },
        noReboot: config.noReboot,
        logLevel: options.logLevel,
        kvm: position(descriptors, 'kvm'),
        kernel: position(descriptors, 'kernel'),
        firmware: position(descriptors, 'firmware'),
        initramfs: position(descriptors, 'initramfs'),
      },
    },
    descriptors,
  };
}

/** Counted from 1; 0 where it is not among them. */
function position(descriptors: readonly string[], name: string): number {
  return descriptors.indexOf(name) + 1;
}

function groupsOf(disks: readonly DiskConfig[]): readonly string[] {
  return [...new Set(disks.flatMap(({ rateLimitGroup }) => (rateLimitGroup === undefined ? [] : [rateLimitGroup])))];
}

function startBlock(disk: DiskConfig, options: PlanOptions): PlannedMessage<ToDevice> {
  const group = disk.rateLimitGroup;
  const descriptors = [
    `image ${disk.id}`,
    `device end ${disk.id}`,
    ...(disk.readOnly ? [`fence ${disk.id}`] : []),
    ...(group === undefined ? [] : [`rate limit group ${group}`]),
  ];
  return {
    message: {
      startBlock: {
        id: disk.id,
        serial: disk.serial ?? '',
        readOnly: disk.readOnly,
        direct: disk.direct,
        imageType: disk.imageType ?? '',
        backingFiles: disk.backingFiles,
        sparse: disk.sparse,
        numQueues: disk.numQueues,
        queueSize: disk.queueSize,
        queueAffinity: disk.queueAffinity.map(({ queue, hostCpus }) => ({ queueIndex: queue, hostCpus: [...hostCpus] })),
        lockGranularity: disk.lockGranularity,
        path: disk.path,
        workingFolder: options.workingFolder,
        logLevel: options.logLevel,
        limits: disk.limits,
        ...(group === undefined ? {} : { rateLimitGroup: { id: group, state: position(descriptors, `rate limit group ${group}`) } }),
        image: 1,
        socket: 2,
        fence: position(descriptors, `fence ${disk.id}`),
      },
    },
    descriptors,
  };
}

function addDisk(disk: DiskConfig): PlannedMessage<ToCore> {
  return {
    message: {
      addDevice: {
        id: disk.id,
        vhostUser: {
          ...{ deviceType: VIRTIO_ID_BLOCK, numQueues: disk.numQueues, queueSize: disk.queueSize, socket: 1 },
          ...(disk.restartTimeoutMs === 0 ? {} : { recovery: recoveryMessage(disk) }),
        },
        pciDeviceId: disk.pciDeviceId ?? 0,
      },
    },
    descriptors: [`core end ${disk.id}`],
  };
}

/** Recovery.Afterwards of start.proto, whose code is not loaded yet when a plan is made. */
export const AFTERWARDS = { end: 1, stall: 2, pause: 3, error: 4 } as const;

function recoveryMessage({ restartTimeoutMs, onRestartTimeout }: DiskConfig) {
  return { deadlineMs: restartTimeoutMs, afterwards: AFTERWARDS[onRestartTimeout] };
}

/** What the plan has the core do without a device's process. */
export function recoveryOf({ core }: LaunchPlan, id: string): Recovery {
  const recovery = core.find(({ message }) => message.addDevice?.id === id)?.message.addDevice?.vhostUser?.recovery;
  if (!recovery) return 'none';
  return recovery.afterwards === AFTERWARDS.end ? 'bounded' : 'endless';
}

function addSerial(mode: ConsoleMode): PlannedMessage<ToCore>[] {
  if (mode.mode === 'off') return [];
  const descriptors = channelDescriptors('serial', mode);
  return [{ message: { addDevice: { id: '__serial', serial: { channel: byteChannel('serial', mode, descriptors) } } }, descriptors }];
}

function addConsole({ console }: VmConfig, { terminalSize }: PlanOptions): PlannedMessage<ToCore>[] {
  const mode = console.channel;
  if (mode.mode === 'off') return [];
  const descriptors = channelDescriptors('console', mode);
  const size = mode.mode === 'tty' ? terminalSize : undefined;
  return [
    {
      message: {
        addDevice: {
          id: console.id,
          console: { channel: byteChannel('console', mode, descriptors), columns: size?.columns ?? 0, rows: size?.rows ?? 0 },
          pciDeviceId: console.pciDeviceId ?? 0,
        },
      },
      descriptors,
    },
  ];
}

const CHANNEL_PARTS: Readonly<Record<ConsoleMode['mode'], readonly string[]>> = {
  off: [],
  null: [],
  tty: ['input', 'output'],
  pty: ['input', 'output'],
  file: ['output'],
  socket: ['listener'],
};

/** The names of what a console in `mode` consists of. */
export function channelDescriptors(name: ConsoleName, { mode }: ConsoleMode): readonly string[] {
  return CHANNEL_PARTS[mode].map((part) => `${name} ${part}`);
}

function byteChannel(name: ConsoleName, { mode }: ConsoleMode, descriptors: readonly string[]) {
  return {
    input: position(descriptors, `${name} input`),
    output: position(descriptors, `${name} output`),
    listener: position(descriptors, `${name} listener`),
    // A pty may have no reader: its guest must not wait for one.
    neverStall: mode === 'pty',
  };
}
