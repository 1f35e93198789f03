/** From the start messages to a machine that can run: host objects, links, registers, memory contents, in this order. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { monotonicMs } from '#shared/sys/clock.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { Watcher } from '#shared/sys/watcher.ts';
import { BackendLink } from '../link/backend-link.ts';
import type { DeviceLink, LinkContext, LinkError } from '../link/device-link.ts';
import { SerialLink } from '../link/serial-link.ts';
import { ConsoleLink } from '../virtio-devices/console.ts';
import { RngLink } from '../virtio-devices/rng.ts';
import { MachineHost, eventFd } from './machine-host.ts';
import { type PlannedDevice, planMachine } from './machine-plan.ts';
import type { DeviceSpec, MachineSpec, VirtioSpec } from './machine-spec.ts';
import { VirtualMachine } from './virtual-machine.ts';

/** When a step of the start ended, in CLOCK_MONOTONIC microseconds. */
export interface Phase {
  readonly name: string;
  readonly atUs: number;
}

export interface StartContext {
  readonly watcher: Watcher;
  /** Adds a phase that ends now. */
  readonly mark: (name: string) => void;
  readonly deviceFailed: LinkContext['failed'];
  readonly deviceNews: LinkContext['told'];
}

export interface StartedMachine {
  readonly machine: VirtualMachine;
  readonly host: MachineHost;
  /** Signalled by effects. */
  readonly wake: OwnedFd;
}

/** One line says what failed; the caller then ends the process, so nothing is undone. */
export async function startMachine(
  spec: MachineSpec,
  devices: readonly DeviceSpec[],
  { watcher, mark, deviceFailed, deviceNews }: StartContext,
): Promise<Result<StartedMachine, string>> {
  const host = MachineHost.create(spec);
  if (!host.ok) return host;
  mark('kvm');
  const { memory, regions } = host.value;
  const context: LinkContext = { watcher, memory, regions, failed: deviceFailed, told: deviceNews };
  // Back ends answer while this thread goes on: their processes may still be starting.
  const linking = devices.flatMap((device) => (device.kind === 'serial' ? [] : [linkDevice(device, context)]));
  const serialSpec = devices.find((device) => device.kind === 'serial');
  const serial = serialSpec === undefined ? undefined : new SerialLink(watcher, serialSpec.channel);
  const links = await allLinked(linking);
  if (!links.ok) return links;
  mark('links');
  const wake = eventFd();
  const plan = planMachine({
    host: host.value,
    wakeFd: wake.fd,
    serial: serial === undefined ? undefined : { discardOutput: serial.discardsOutput },
    devices: links.value,
  });
  if (!plan.ok) return plan;
  const machine = VirtualMachine.create({ spec, host: host.value, plan: plan.value, devices: links.value, serial });
  if (!machine.ok) return machine;
  mark('machine');
  const loaded = await machine.value.load();
  if (!loaded.ok) return loaded;
  mark('loaded');
  return ok({ machine: machine.value, host: host.value, wake });
}

export function phase(name: string, atMs = monotonicMs()): Phase {
  return { name, atUs: Math.round(atMs * 1000) };
}

async function linkDevice(device: VirtioSpec, context: LinkContext): Promise<Result<PlannedDevice, LinkError>> {
  const link = await makeLink(device, context);
  return link.ok ? ok({ link: link.value, slot: device.slot }) : link;
}

async function makeLink(device: VirtioSpec, context: LinkContext): Promise<Result<DeviceLink, LinkError>> {
  switch (device.kind) {
    case 'vhost-user':
      return BackendLink.connect(device, context);
    case 'console':
      return ok(new ConsoleLink(device, context));
    case 'rng':
      return ok(new RngLink(device, context));
  }
}

async function allLinked(linking: readonly Promise<Result<PlannedDevice, LinkError>>[]): Promise<Result<readonly PlannedDevice[], string>> {
  const linked: PlannedDevice[] = [];
  for (const result of await Promise.all(linking)) {
    if (!result.ok) return err(result.error.message);
    linked.push(result.value);
  }
  return ok(linked);
}
