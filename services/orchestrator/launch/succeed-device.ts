/** Starts a process that takes over from one that serves: with all that a restarted one gets, and a socket to the other one. */
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { deviceLauncherChannel } from '#shared/rpc/start-channel.ts';
import { SOCK_SEQPACKET, socketPair } from '#shared/sys/unix-socket.ts';
import type { SupervisedDevice } from '../supervise/supervisor.ts';
import type { LaunchError } from './launch-error.ts';
import { type Restarting, descriptorsOf } from './restart-device.ts';
import { type StartedProcess, startProcess } from './start-process.ts';
import { withSerial } from './tell-plan.ts';

/** The other one has let go of the image's lock before this one wants it. */
const LOCK_WAIT_MS = 2000;

/** `wanted`: the path of a program; empty: the one that serves now. The first process is told at once, and waits until this one is ready. */
export function succeedDevice(
  { child: { name }, channel: serving }: SupervisedDevice,
  wanted: string,
  { plan, resources, desired, ...restarting }: Restarting,
): Result<SupervisedDevice, LaunchError> {
  const script = wanted === '' ? (desired.programOf(name) ?? restarting.script) : wanted;
  const problem = programProblem(script);
  if (problem !== undefined) return err({ code: 'FILE', message: problem });
  const disk = resources.reopenDisk(name);
  if (!disk.ok) return disk;
  const pair = socketPair(SOCK_SEQPACKET);
  if (!pair.ok) {
    for (const fd of disk.value.values()) fd.close();
    return err({ code: 'PROCESS', message: `no connection for ${name}: ${pair.error.message}` });
  }
  const [givingEnd, takingEnd] = pair.value;
  // In the place of its connection to the core.
  const opened = new Map([...disk.value, [`device end ${name}`, takingEnd]]);
  const { runDirectory, verbose } = restarting;
  const started = startProcess({ name, script, runDirectory, verbose });
  const successor = started.ok ? ok(tell(started.value)) : started;
  for (const fd of [givingEnd, ...opened.values()]) fd.close();
  return successor;

  function tell({ child, socket }: StartedProcess): SupervisedDevice {
    const channel = deviceLauncherChannel(socket);
    for (const planned of plan.devices.find((device) => device.name === name)?.messages ?? []) {
      const { startBlock } = withSerial(planned, resources).message;
      if (!startBlock) continue;
      const { socket: handOver, ...rest } = desired.of(name, startBlock);
      const message = { startBlock: { ...rest, imageType: rest.imageType || 'raw', handOver: handOver ?? 0, lockWaitMs: LOCK_WAIT_MS } };
      channel.send(message, descriptorsOf(planned, opened, resources));
    }
    serving.send({ handOver: { socket: 1 } }, [givingEnd.fd]);
    return { child, channel };
  }
}

function programProblem(path: string): string | undefined {
  if (!isAbsolute(path)) return `"${printable(path)}" is no absolute path of a program`;
  const status = statSync(path, { throwIfNoEntry: false });
  return status?.isFile() === true ? undefined : `there is no program "${printable(path)}"`;
}
