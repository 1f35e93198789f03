/** What the launcher asks for, with its descriptors: the start messages, checked once. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { PlatformConfig } from '#shared/config/vm-config.ts';
import { type Incoming, RecoveryAfterwards, type ToCore } from '#shared/rpc/start-channel.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { RecoveryPolicy } from '../link/device-link.ts';
import { QUEUE_SIZE_MAX } from '../virtio-pci/spec.ts';

export interface MachineSpec {
  readonly bootVcpus: number;
  readonly maxVcpus: number;
  readonly memorySize: number;
  readonly prefault: boolean;
  readonly hugePageSize: number | undefined;
  readonly identity: PlatformConfig;
  readonly noReboot: boolean;
  readonly logLevel: number;
  readonly kvm: OwnedFd;
  readonly origin: MachineOrigin;
}

/** What the machine begins with. */
export type MachineOrigin = BootOrigin | SavedOrigin;

/** What is loaded at the start, and again at every reset. */
export type BootOrigin =
  | { readonly kind: 'kernel'; readonly kernel: OwnedFd; readonly initramfs: OwnedFd | undefined; readonly commandLine: string }
  | { readonly kind: 'firmware'; readonly firmware: OwnedFd };

export interface SavedOrigin {
  readonly kind: 'saved';
  readonly state: OwnedFd;
  readonly memory: OwnedFd;
  /** For resets. Without it a machine whose guest asks for one ends. */
  readonly boot: BootOrigin | undefined;
}

/** Where the bytes of a serial port or console come from and go to. */
export interface ChannelSpec {
  readonly input: OwnedFd | undefined;
  readonly output: OwnedFd | undefined;
  readonly listener: OwnedFd | undefined;
  readonly neverStall: boolean;
}

export interface SerialSpec {
  readonly kind: 'serial';
  readonly channel: ChannelSpec;
}

export type VirtioSpec = { readonly id: string; readonly slot: number | undefined } & (
  | {
      readonly kind: 'vhost-user';
      readonly deviceType: number;
      readonly queueCount: number;
      readonly queueSize: number;
      readonly socket: OwnedFd;
      readonly recovery: RecoveryPolicy | undefined;
    }
  | { readonly kind: 'console'; readonly channel: ChannelSpec; readonly columns: number; readonly rows: number }
  | { readonly kind: 'rng'; readonly source: OwnedFd }
);

export type DeviceSpec = SerialSpec | VirtioSpec;

/** A message that lacks a descriptor or a part: our launcher's mistake. One line. */
export type SpecError = string;

export function readMachine({ message, fds }: Incoming<ToCore>): Result<MachineSpec, SpecError> {
  const create = message.createVm;
  if (create === undefined || create === null) return err('the first start message creates no machine');
  const bootVcpus = create.bootVcpus ?? 0;
  const maxVcpus = create.maxVcpus ?? 0;
  if (bootVcpus < 1 || bootVcpus > maxVcpus) return err(`the start message asks for ${bootVcpus} of ${maxVcpus} vCPUs`);
  const descriptor = descriptors(fds);
  const kvm = descriptor(create.kvm);
  const origin = readOrigin(create, descriptor);
  if (kvm === undefined || origin === undefined) return err('the start message lacks /dev/kvm, or something to start from');
  return ok({
    bootVcpus,
    maxVcpus,
    memorySize: Number(create.memorySize ?? 0),
    prefault: create.prefault ?? false,
    hugePageSize: Number(create.hugePageSize ?? 0) || undefined,
    identity: readIdentity(create.platform ?? {}),
    noReboot: create.noReboot ?? false,
    logLevel: create.logLevel ?? 0,
    kvm,
    origin,
  });
}

export function readDevice(add: AddDevice, fds: readonly OwnedFd[]): Result<DeviceSpec, SpecError> {
  const descriptor = descriptors(fds);
  const id = add.id ?? '';
  if (add.serial) return ok({ kind: 'serial', channel: readChannel(add.serial.channel ?? {}, descriptor) });
  const place = { id, slot: (add.pciDeviceId ?? 0) === 0 ? undefined : (add.pciDeviceId ?? 0) };
  if (add.console) {
    const { columns, rows, channel } = add.console;
    return ok({ ...place, kind: 'console', channel: readChannel(channel ?? {}, descriptor), columns: columns ?? 0, rows: rows ?? 0 });
  }
  const { vhostUser } = add;
  const source = descriptor(add.rng?.source);
  if (source !== undefined) return ok({ ...place, kind: 'rng', source });
  const socket = descriptor(vhostUser?.socket);
  if (!vhostUser || socket === undefined) return err(`device ${id} is of no known kind, or lacks its descriptor`);
  const { deviceType, numQueues, queueSize } = vhostUser;
  const queues = { queueCount: numQueues ?? 0, queueSize: queueSize ?? 0 };
  if (!areQueues(queues)) return err(`device ${id} cannot have ${queues.queueCount} queues of ${queues.queueSize} entries`);
  const recovery = readRecovery(vhostUser.recovery);
  return ok({ ...place, kind: 'vhost-user', deviceType: deviceType ?? 0, ...queues, socket, recovery });
}

type Recovery = NonNullable<AddDevice['vhostUser']>['recovery'];

function readRecovery(recovery: Recovery): RecoveryPolicy | undefined {
  if (recovery === undefined || recovery === null) return undefined;
  return { deadlineMs: recovery.deadlineMs ?? 0, afterwards: AFTERWARDS.get(recovery.afterwards ?? 0) ?? 'end' };
}

const AFTERWARDS: ReadonlyMap<number, RecoveryPolicy['afterwards']> = new Map([
  [RecoveryAfterwards.STALL, 'stall'],
  [RecoveryAfterwards.PAUSE, 'pause'],
  [RecoveryAfterwards.ERROR, 'error'],
]);

/** Entries are a power of two (virtio 1.2, 2.6). How many queues there may be is the device's to say. */
function areQueues({ queueCount, queueSize }: { readonly queueCount: number; readonly queueSize: number }): boolean {
  return queueCount > 0 && queueSize > 0 && queueSize <= QUEUE_SIZE_MAX && Number.isInteger(Math.log2(queueSize));
}

type CreateVm = NonNullable<ToCore['createVm']>;
export type AddDevice = NonNullable<ToCore['addDevice']>;

type Descriptors = (position: number | null | undefined) => OwnedFd | undefined;

/** A field that names a descriptor holds its position, counted from 1. */
function descriptors(fds: readonly OwnedFd[]): Descriptors {
  return (position) => fds[(position ?? 0) - 1];
}

function readOrigin(create: CreateVm, descriptor: Descriptors): MachineOrigin | undefined {
  const state = descriptor(create.savedState);
  const memory = descriptor(create.savedMemory);
  const boot = readBootOrigin(create, descriptor);
  return state === undefined || memory === undefined ? boot : { kind: 'saved', state, memory, boot };
}

function readBootOrigin(create: CreateVm, descriptor: Descriptors): BootOrigin | undefined {
  const firmware = descriptor(create.firmware);
  if (firmware !== undefined) return { kind: 'firmware', firmware };
  const kernel = descriptor(create.kernel);
  if (kernel === undefined) return undefined;
  return { kind: 'kernel', kernel, initramfs: descriptor(create.initramfs), commandLine: create.cmdline ?? '' };
}

function readChannel(channel: NonNullable<NonNullable<AddDevice['serial']>['channel']>, descriptor: Descriptors): ChannelSpec {
  return {
    input: descriptor(channel.input),
    output: descriptor(channel.output),
    listener: descriptor(channel.listener),
    neverStall: channel.neverStall ?? false,
  };
}

/** Proto has no absent strings: what is empty was not given. */
function readIdentity(platform: NonNullable<CreateVm['platform']>): PlatformConfig {
  const given = {
    manufacturer: platform.systemManufacturer,
    productName: platform.systemProductName,
    version: platform.systemVersion,
    serialNumber: platform.systemSerialNumber,
    uuid: platform.systemUuid,
    skuNumber: platform.systemSkuNumber,
    family: platform.systemFamily,
    chassisAssetTag: platform.chassisAssetTag,
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => (value ?? '') !== ''));
  return { ...present, oemStrings: platform.oemStrings ?? [] };
}
