/**
 * Starts a device's process again, for a core that waits for it: with all that the first one had at its start, but with an open file
 * description and a connection of its own.
 */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type CoreLauncherEnd, deviceLauncherChannel } from '#shared/rpc/start-channel.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import type { LaunchPlan, PlannedMessage } from '../plan.ts';
import type { SupervisedDevice } from '../supervise/supervisor.ts';
import type { DesiredState } from './desired-state.ts';
import type { LaunchError } from './launch-error.ts';
import type { Resources } from './resources.ts';
import { type StartedProcess, startProcess } from './start-process.ts';
import { withSerial } from './tell-plan.ts';

/**
 * The requests of the killed process hold the image's lock until the last of them is done: tens of milliseconds, but a host's disk may
 * take seconds. Less than the core waits for an answer.
 */
const LOCK_WAIT_MS = 8000;

export interface Restarting {
  readonly plan: LaunchPlan;
  readonly resources: Resources;
  readonly core: CoreLauncherEnd;
  /** Of the device's program. */
  readonly script: string;
  readonly runDirectory: string;
  readonly verbose: boolean;
  readonly desired: DesiredState;
}

export function restartDevice(name: string, restarting: Restarting): Result<SupervisedDevice, LaunchError> {
  const { resources, runDirectory, verbose, desired } = restarting;
  const script = desired.programOf(name) ?? restarting.script;
  const disk = resources.reopenDisk(name);
  if (!disk.ok) return disk;
  const pair = socketPair(SOCK_STREAM);
  if (!pair.ok) {
    for (const fd of disk.value.values()) fd.close();
    return err({ code: 'PROCESS', message: `no connection for ${name}: ${pair.error.message}` });
  }
  const [coreEnd, deviceEnd] = pair.value;
  const opened = new Map<string, OwnedFd>([...disk.value, [`core end ${name}`, coreEnd], [`device end ${name}`, deviceEnd]]);
  const started = startProcess({ name, script, runDirectory, verbose });
  const device = started.ok ? ok(tellBoth(name, started.value, opened, restarting)) : started;
  for (const fd of opened.values()) fd.close();
  return device;
}

/** Waits for no answer: what comes of it, the core tells, and the process's end. */
function tellBoth(
  name: string,
  { child, socket }: StartedProcess,
  opened: ReadonlyMap<string, OwnedFd>,
  { plan, core, resources, desired }: Restarting,
): SupervisedDevice {
  const channel = deviceLauncherChannel(socket);
  for (const planned of plan.devices.find((device) => device.name === name)?.messages ?? []) {
    const { startBlock } = withSerial(planned, resources).message;
    // It was found to be raw at the start; what its guest has written since then says nothing.
    const imageType = startBlock?.imageType || 'raw';
    const again = startBlock && { startBlock: { ...desired.of(name, startBlock), imageType, lockWaitMs: LOCK_WAIT_MS } };
    channel.send(again ?? planned.message, descriptorsOf(planned, opened, resources));
  }
  const added = plan.core.find(({ message }) => message.addDevice?.id === name);
  if (added !== undefined) core.send(added.message, descriptorsOf(added, opened, resources));
  return { child, channel };
}

/** Those of a message: opened anew for it, or of the machine's. */
export function descriptorsOf({ descriptors }: PlannedMessage<unknown>, opened: ReadonlyMap<string, OwnedFd>, resources: Resources): Fd[] {
  return descriptors.flatMap((wanted) => {
    const fd = opened.get(wanted)?.fd ?? resources.lasting(wanted);
    return fd === undefined ? [] : [fd];
  });
}
