/**
 * ch-block as the launcher starts it: one inherited socket brings the rest, and this thread is the data thread. It needs no other:
 * the launcher's orders arrive as messages, and SIGTERM may end it as it is, for nothing of it outlives the process. Only when the
 * launcher hands in a client of ch.device.v1 does it get a second one.
 */
import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable } from '#shared/lang/printable.ts';
import { type Err, type Result, err, expect, ok } from '#shared/lang/result.ts';
import { type DeviceEnd, type ToDevice, WriteCache, deviceStartChannel } from '#shared/rpc/start-channel.ts';
import { limitsMessage, limitsOf } from '#shared/rpc/start-limits.ts';
import { leaveOutMaglev } from '#shared/sys/compile-less.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow, keepCompiledCode } from '#shared/sys/process-exit.ts';
import { CommandServer } from './control/command-server.ts';
import { ControlThread, controlPorts } from './control/control-thread.ts';
import { DataLoop, type Served } from './data-loop.ts';
import type { LimitsGroup } from './device.ts';
import { type ImageProblem, type ImageWish, takeFence, takeImage } from './host.ts';
import { GROUP_MEMORY } from './limits/rate-limiter.ts';
import { idBytes } from './spec.ts';
import { openImage } from './open-image.ts';
import { makeStatistics } from './stats/statistics.ts';
import { affinityProblem } from './threads/affinity.ts';

const IMAGE_TYPES = ['raw', 'qcow2', 'vhd', 'vhdx'] as const;
const LOG_LEVEL = { warning: 0, info: 1 } as const;

/** What the threads of this process run. */
export interface Scripts {
  /** The one that serves its clients. */
  readonly control: URL;
  /** Those that do its requests, where io_uring is forbidden. */
  readonly pool: URL;
  /** Those that serve one queue each. */
  readonly queue: URL;
}

export function serveLauncher(scripts: Scripts): never {
  const channel = deviceStartChannel();
  const received = channel.receive();
  // A launcher that goes away before has its own reasons.
  if (!received.ok) return exitNow(received.error.code === 'CLOSED' ? EXIT.poweredOff : EXIT.failed);
  const { message, fds } = received.value;
  if (message.stop) return exitNow(EXIT.poweredOff);
  const start = message.startBlock;
  const served = start ? readStart(start, fds, scripts) : refusal('the first message starts no disk');
  if (!served.ok) return refuse(channel, served.error);
  const wakeFd = expect(createEventFd(), 'wake-up of the data thread').take();
  const opened = openImage(served.value);
  if (!opened.ok) return refuse(channel, { line: `${nameOf(start)} ${opened.error}`, isLocked: false });
  const loop: DataLoop = new DataLoop(served.value, opened.value, {
    watched: [
      { fd: channel.fd, ready: () => readOrders(channel, { end, connect }) },
      { fd: wakeFd, ready: () => commands.serve() },
    ],
    log: (level, message) => void channel.send({ log: { level: LOG_LEVEL[level], message } }),
    ended: end,
  });
  const commands = new CommandServer(loop, {
    limitsChange: (limits) => void channel.send({ limitsChanged: limitsMessage(limits) }),
    drainedChange: (drained) => void channel.send({ drainedChanged: { drained } }),
  });
  loop.device.onWriteCache = (writesThrough) =>
    void channel.send({ writeCacheChanged: writesThrough ? WriteCache.THROUGH : WriteCache.BACK });
  const { imagePath, imageType, readOnly, statistics } = served.value;
  const facts = { id: start?.id ?? '', imagePath, imageType, readOnly, wakeFd, statistics };
  let control: ControlThread | undefined;
  channel.send({ started: {} });
  // Now, for what is compiled later, on any thread, is compiled with another flag, and of no use to the next process.
  loop.awaitThreads();
  keepCompiledCode();
  leaveOutMaglev();
  return loop.run();

  function connect(client: OwnedFd): void {
    control ??= startControl();
    loop.makeThread(() => control?.connect(client));
  }

  function startControl(): ControlThread {
    const ports = controlPorts();
    commands.attach(ports.data);
    return new ControlThread(scripts.control, facts, ports.control);
  }

  function end(): never {
    loop.stop();
    return exitNow(EXIT.poweredOff);
  }
}

function readStart(start: NonNullable<ToDevice['startBlock']>, fds: readonly OwnedFd[], scripts: Scripts): Result<Served, ImageProblem> {
  const image = fds[(start.image ?? 0) - 1];
  const socket = fds[(start.socket ?? 0) - 1];
  if (image === undefined || socket === undefined) return refusal('the start message lacks a descriptor');
  const group = readGroup(start, fds);
  if (!group.ok) return refusal(group.error);
  const plain = plainOf(start, scripts);
  const what = nameOf(start);
  const misplaced = affinityProblem(plain.queueAffinity);
  if (misplaced !== undefined) return refusal(`${what} ${misplaced}`);
  const wish = wishOf(start);
  const taken = takeImage(image.take(), what, wish);
  if (!taken.ok) return taken;
  const file = fds[(start.fence ?? 0) - 1];
  const fence = file === undefined ? ok(undefined) : takeFence(file.take(), what, wish.wait);
  if (!fence.ok) return fence;
  return ok({
    ...plain,
    imageFd: taken.value.fd,
    ...(fence.value === undefined ? {} : { fenceFd: fence.value }),
    lockGranularity: wish.granularity,
    rawSectors: taken.value.sectors,
    ...(group.value === undefined ? {} : { group: group.value }),
    socket: { kind: 'connected', fd: socket.take() },
  });
}

/** What needs no descriptor. */
function plainOf(start: NonNullable<ToDevice['startBlock']>, { pool, queue }: Scripts) {
  const queueCount = start.numQueues || 1;
  return {
    imageType: IMAGE_TYPES.find((type) => type === start.imageType) ?? 'raw',
    imagePath: resolve(start.workingFolder || '/', start.path ?? ''),
    direct: start.direct ?? false,
    backingFiles: start.backingFiles ?? false,
    readOnly: start.readOnly ?? false,
    sparse: start.sparse ?? false,
    id: idBytes(start.serial ?? ''),
    queueCount,
    maxQueueSize: start.queueSize || 128,
    queueAffinity: (start.queueAffinity ?? []).map(({ queueIndex, hostCpus }) => ({ queue: queueIndex ?? 0, hostCpus: hostCpus ?? [] })),
    writeThrough: start.writeCache === WriteCache.THROUGH,
    limits: limitsOf(start.limits),
    statistics: makeStatistics(queueCount),
    poolScript: pool.href,
    threadScript: queue.href,
  };
}

function wishOf({ readOnly, imageType, sparse, lockGranularity, lockWaitMs }: NonNullable<ToDevice['startBlock']>): ImageWish {
  return {
    readOnly: readOnly ?? false,
    imageType: imageType || undefined,
    sparse: sparse ?? false,
    granularity: lockGranularity === 'full' ? 'full' : 'byte-range',
    wait: lockWaitMs || undefined,
  };
}

function refusal(line: string): Err<ImageProblem> {
  return err({ line, isLocked: false });
}

function nameOf(start: ToDevice['startBlock']): string {
  return `disk ${start?.id ?? ''} "${printable(start?.path ?? '')}"`;
}

/** The memory of a rate limit group, mapped for good. */
function readGroup(start: NonNullable<ToDevice['startBlock']>, fds: readonly OwnedFd[]): Result<LimitsGroup | undefined, string> {
  if (!start.rateLimitGroup) return ok(undefined);
  const { id, state } = start.rateLimitGroup;
  const file = fds[(state ?? 0) - 1];
  if (file === undefined) return err('the start message lacks a descriptor');
  const mapping = Mapping.map({ length: GROUP_MEMORY, fd: file.fd });
  file.close();
  return mapping.ok ? ok({ id: id ?? '', memory: mapping.value.view() }) : err(mapping.error.message);
}

interface Orders {
  end(): never;
  connect(client: OwnedFd): void;
}

/** Stop, or the launcher is gone: either way the end. A client is served; anything else has no meaning after the start. */
function readOrders(channel: DeviceEnd, orders: Orders): void {
  for (;;) {
    const received = channel.tryReceive();
    if (!received.ok) return orders.end();
    if (received.value === undefined) return;
    const { message, fds } = received.value;
    const client = message.connect ? fds[(message.connect.socket ?? 0) - 1] : undefined;
    for (const fd of fds) if (fd !== client) fd.close();
    if (message.stop) return orders.end();
    if (client !== undefined) orders.connect(client);
  }
}

function refuse(channel: DeviceEnd, { line, isLocked }: ImageProblem): never {
  channel.send({ failed: { message: line, imageLocked: isLocked } });
  writeSync(2, `ch-block: ${line}\n`);
  return exitNow(EXIT.failed);
}
