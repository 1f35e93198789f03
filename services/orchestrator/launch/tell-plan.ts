/** Sends the messages of a plan. Loaded while the processes start. */
import { assert } from '#shared/lang/assert.ts';
import { type StartChannel, type StartError, coreLauncherChannel, deviceLauncherChannel } from '#shared/rpc/start-channel.ts';
import type { Result } from '#shared/lang/result.ts';
import type { LaunchPlan, PlannedMessage, ToDevice } from '../plan.ts';
import type { SupervisedCore, SupervisedDevice } from '../supervise/supervisor.ts';
import type { Resources } from './resources.ts';
import type { StartedProcess } from './start-process.ts';

export interface Supervised {
  readonly core: SupervisedCore;
  readonly devices: readonly SupervisedDevice[];
}

export function channelsOf(core: StartedProcess, devices: readonly StartedProcess[]): Supervised {
  return {
    core: { child: core.child, channel: coreLauncherChannel(core.socket) },
    devices: devices.map(({ child, socket }) => ({ child, channel: deviceLauncherChannel(socket) })),
  };
}

/** Waits for no answer: what a process could not take, its end will tell. */
export function tellPlan(plan: LaunchPlan, { core, devices }: Supervised, resources: Resources): void {
  for (const planned of plan.core) send(core.channel, planned, resources);
  for (const [index, { messages }] of plan.devices.entries()) {
    const device = devices[index];
    assert(device !== undefined, 'one process for each planned device');
    for (const planned of messages) send(device.channel, withSerial(planned, resources), resources);
  }
}

function send<Sent, Got>(
  channel: StartChannel<Sent, Got>,
  { message, descriptors }: PlannedMessage<Sent>,
  resources: Resources,
): Result<void, StartError> {
  return channel.send(
    message,
    descriptors.map((name) => resources.descriptor(name)),
  );
}

/** A disk whose user chose no serial has the one of its image. */
export function withSerial(planned: PlannedMessage<ToDevice>, resources: Resources): PlannedMessage<ToDevice> {
  const { startBlock } = planned.message;
  if (startBlock === undefined || startBlock === null || startBlock.serial !== '') return planned;
  const serial = resources.serials.get(startBlock.id ?? '') ?? '';
  return { ...planned, message: { startBlock: { ...startBlock, serial } } };
}
