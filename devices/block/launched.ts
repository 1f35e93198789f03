/**
 * ch-block as the launcher starts it: one inherited socket brings the rest, and this thread is the data thread. It needs no other:
 * the launcher's orders arrive as messages, and SIGTERM may end it as it is, for nothing of it outlives the process.
 */
import { writeSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type DeviceEnd, type ToDevice, deviceStartChannel } from '#shared/rpc/start-channel.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow, keepCompiledCode } from '#shared/sys/process-exit.ts';
import { DataLoop, type Served } from './data-loop.ts';
import { takeImage } from './host.ts';
import { idBytes } from './spec.ts';
import { makeStatistics } from './stats/statistics.ts';

const LOG_LEVEL = { warning: 0, info: 1 } as const;

export function serveLauncher(): never {
  const channel = deviceStartChannel();
  const received = channel.receive();
  // A launcher that goes away before has its own reasons.
  if (!received.ok) return exitNow(received.error.code === 'CLOSED' ? EXIT.poweredOff : EXIT.failed);
  const { message, fds } = received.value;
  if (message.stop) return exitNow(EXIT.poweredOff);
  const served = message.startBlock ? readStart(message.startBlock, fds) : err('the first message starts no disk');
  if (!served.ok) return refuse(channel, served.error);
  const loop: DataLoop = new DataLoop(served.value, {
    watched: [{ fd: channel.fd, ready: () => readOrders(channel, end) }],
    log: (level, message) => void channel.send({ log: { level: LOG_LEVEL[level], message } }),
    ended: end,
  });
  channel.send({ started: {} });
  return loop.run();

  function end(): never {
    loop.stop();
    keepCompiledCode();
    return exitNow(EXIT.poweredOff);
  }
}

function readStart(start: NonNullable<ToDevice['startBlock']>, fds: readonly OwnedFd[]): Result<Served, string> {
  const image = fds[(start.image ?? 0) - 1];
  const socket = fds[(start.socket ?? 0) - 1];
  if (image === undefined || socket === undefined) return err('the start message lacks a descriptor');
  const readOnly = start.readOnly ?? false;
  const taken = takeImage(image.take(), `disk ${start.id} "${start.path}"`, readOnly);
  if (!taken.ok) return taken;
  return ok({
    imageFd: taken.value.fd,
    sectors: taken.value.sectors,
    readOnly,
    id: idBytes(start.serial ?? ''),
    queueCount: start.numQueues || 1,
    maxQueueSize: start.queueSize || 128,
    limits: {},
    statistics: makeStatistics(),
    socket: { kind: 'connected', fd: socket.take() },
  });
}

/** Stop, or the launcher is gone: either way the end. Anything else has no meaning after the start. */
function readOrders(channel: DeviceEnd, end: () => never): void {
  for (;;) {
    const received = channel.tryReceive();
    if (!received.ok) return end();
    if (received.value === undefined) return;
    for (const fd of received.value.fds) fd.close();
    if (received.value.message.stop) return end();
  }
}

function refuse(channel: DeviceEnd, line: string): never {
  channel.send({ failed: { message: line } });
  writeSync(2, `ch-block: ${line}\n`);
  return exitNow(EXIT.failed);
}
