/**
 * ch-block as the launcher starts it: one inherited socket brings the rest, and this thread is the data thread. It needs no other:
 * the launcher's orders arrive as messages, and SIGTERM may end it as it is, for nothing of it outlives the process. Only when the
 * launcher hands in a client of ch.device.v1 does it get a second one.
 */
import { writeSync } from 'node:fs';
import { Successor } from '#shared/hand-over/index.ts';
import { type Result, err, expect, ok } from '#shared/lang/result.ts';
import { type DeviceEnd, type ToDevice, WriteCache, deviceStartChannel } from '#shared/rpc/start-channel.ts';
import { limitsMessage, limitsOf } from '#shared/rpc/start-limits.ts';
import { leaveOutMaglev } from '#shared/sys/compile-less.ts';
import { createEventFd } from '#shared/sys/eventfd.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow, keepCompiledCode } from '#shared/sys/process-exit.ts';
import { type CommandHost, CommandServer } from './control/command-server.ts';
import { ControlThread, controlPorts } from './control/control-thread.ts';
import { DataLoop, type Served } from './data-loop.ts';
import type { ImageProblem } from './host.ts';
import type { ImageError } from './image/image.ts';
import { openImage } from './open-image.ts';
import { type Scripts, nameOf, readStart, refusal } from './start-message.ts';
import { HandingOver, type HandingOverParts, KIND, failed } from './upgrade/handing-over.ts';
import { HeldImage } from './upgrade/held-image.ts';
import { TakingOver, type TakingOverOptions } from './upgrade/taking-over.ts';

const LOG_LEVEL = { warning: 0, info: 1 } as const;

export function serveLauncher(scripts: Scripts): never {
  const channel = deviceStartChannel();
  const { start, fds } = awaitStart(channel);
  const successor = successorOf(start, fds);
  const refuse = (problem: ImageProblem): never => refuseStart(channel, successor, problem);
  const fail = (line: string): never => refuse({ line, isLocked: false });
  const read = start ? readStart(start, fds, scripts) : refusal('the first message starts no disk');
  if (!read.ok) return refuse(read.error);
  const served = read.value;
  const held = heldBy(served, nameOf(start));
  const begun = takeOverFrom(successor, { ...held, lockWaitMs: start?.lockWaitMs ?? 0 }, served.imageType);
  if (!begun.ok) return fail(begun.error);
  const takingOver = begun.value;
  const wakeFd = expect(createEventFd(), 'wake-up of the data thread').take();
  const opened = openImage(served);
  if (!opened.ok) return refuse(problemWith(nameOf(start), opened.error));
  const loop: DataLoop = new DataLoop(served, opened.value, {
    watched: [
      { fd: channel.fd, ready: () => readOrders(channel, { end, connect, loop, handingOver }) },
      { fd: wakeFd, ready: () => commands.serve() },
    ],
    log: (level, message) => void channel.send({ log: { level: LOG_LEVEL[level], message } }),
    ended: end,
  });
  const commands = new CommandServer(loop, {
    ...recordedBy(channel),
    upgrade: (...asked) => handingOver.begin(...asked),
    abandonUpgrade: () => handingOver.abandon(),
  });
  const toOpen = { ...served, metadataFd: opened.value.metadataFd };
  const handingOver: HandingOver = handingOverTo(channel, { loop, commands, toOpen, ...held });
  loop.device.onWriteCache = (writesThrough) =>
    channel.send({ writeCacheChanged: writesThrough ? WriteCache.THROUGH : WriteCache.BACK }).ok;
  const { imagePath, imageType, readOnly, statistics } = served;
  let control: ControlThread | undefined;
  if (start?.drained && takingOver === undefined) commands.beginDrained();
  if (takingOver !== undefined) {
    const taken = takingOver.takeUp(loop, commands);
    if (!taken.ok) return fail(taken.error);
  }
  channel.send({ started: {} });
  return loop.run(finishLoading);

  function connect(client: OwnedFd): void {
    control ??= startControl();
    loop.makeThread(() => control?.connect(client));
  }

  function startControl(): ControlThread {
    const ports = controlPorts();
    commands.attach(ports.data);
    const facts = { id: start?.id ?? '', imagePath, imageType, readOnly, wakeFd, statistics, generation: takingOver?.generation ?? 1 };
    return new ControlThread(scripts.control, facts, ports.control);
  }

  function end(): never {
    loop.stop();
    return exitNow(EXIT.poweredOff);
  }
}

/** Now, for what is compiled later, on any thread, is compiled with another flag, and of no use to the next process. */
function finishLoading(): void {
  keepCompiledCode();

  leaveOutMaglev();
}

function awaitStart(channel: DeviceEnd): { readonly start: ToDevice['startBlock']; readonly fds: readonly OwnedFd[] } {
  const received = channel.receive();
  // A launcher that goes away before has its own reasons.
  if (!received.ok) return exitNow(received.error.code === 'CLOSED' ? EXIT.poweredOff : EXIT.failed);
  const { message, fds } = received.value;
  return message.stop ? exitNow(EXIT.poweredOff) : { start: message.startBlock, fds };
}

/** The other process, where this one is to take over from it. */
function successorOf(start: ToDevice['startBlock'], fds: readonly OwnedFd[]): Successor | undefined {
  const socket = fds[(start?.handOver ?? 0) - 1];
  return socket && new Successor(socket);
}

function takeOverFrom(
  successor: Successor | undefined,
  options: TakingOverOptions,
  imageType: Served['imageType'],
): Result<TakingOver | undefined, string> {
  if (successor === undefined) return ok<TakingOver | undefined>(undefined);
  const greeted = successor.greeted(KIND);
  if (!greeted.ok) return greeted;
  const takingOver = new TakingOver(successor, options);
  // What a format's tables say is known when nobody else changes them any more.
  const inherited = imageType === 'raw' ? ok() : takingOver.inherit();
  return inherited.ok ? ok<TakingOver | undefined>(takingOver) : inherited;
}

/** What this process lets go of, and takes again, when it hands over. */
function heldBy({ imageFd, fenceFd, readOnly, lockGranularity: granularity, statistics }: Served, what: string) {
  return { image: new HeldImage({ imageFd, fenceFd, what, wish: { readOnly, granularity } }), statistics };
}

/** What the launcher has another process of this disk begin with. */
function recordedBy(channel: DeviceEnd): Required<Pick<CommandHost, 'limitsChange' | 'drainedChange' | 'deviceSizeChange'>> {
  return {
    limitsChange: (limits) => channel.send({ limitsChanged: limitsMessage(limits) }).ok,
    drainedChange: (drained) => channel.send({ drainedChanged: { drained } }).ok,
    deviceSizeChange: (size) => channel.send({ deviceSizeChanged: { size } }).ok,
  };
}

/** The launcher starts the other process. */
function handingOverTo(channel: DeviceEnd, parts: HandingOverParts): HandingOver {
  return new HandingOver(parts, {
    seek: (successor) => {
      if (successor.kind === 'socket') return err(failed('its launcher starts the process that takes over; name a program'));
      channel.send({ upgradeRequested: { program: successor.path } });
      return ok();
    },
    greeting: { kind: KIND },
    clientListener: () => undefined,
    handedOver: () => {},
  });
}

interface Orders {
  end(): never;
  connect(client: OwnedFd): void;
  readonly loop: DataLoop;
  readonly handingOver: HandingOver;
}

/** Stop, or the launcher is gone: either way the end. A client is served; anything else has no meaning after the start. */
function readOrders(channel: DeviceEnd, orders: Orders): void {
  for (;;) {
    const received = channel.tryReceive();
    if (!received.ok) return orders.end();
    if (received.value === undefined) return;
    const { message, fds } = received.value;
    const at = message.connect?.socket ?? message.handOver?.socket ?? 0;
    const socket = fds[at - 1];
    for (const fd of fds) if (fd !== socket) fd.close();
    if (message.stop) return orders.end();
    if (message.limits) orders.loop.device.setLimits(limitsOf(message.limits));
    if (message.upgradeFailed) orders.handingOver.fail(failed(message.upgradeFailed.message ?? ''));
    if (socket === undefined) continue;
    if (message.handOver) orders.handingOver.give(socket);
    else orders.connect(socket);
  }
}

function problemWith(name: string, { message, lockedFile }: ImageError): ImageProblem {
  const locked = lockedFile && { lockedFile: { ...lockedFile, what: `${name} ${lockedFile.what}` } };
  return { line: `${name} ${message}`, isLocked: false, ...locked };
}

function refuseStart(channel: DeviceEnd, successor: Successor | undefined, { line, isLocked, lockedFile }: ImageProblem): never {
  successor?.refuse(line);
  channel.send({ failed: { message: line, imageLocked: isLocked, ...(lockedFile && { lockedFile }) } });
  writeSync(2, `ch-block: ${line}\n`);
  return exitNow(EXIT.failed);
}
