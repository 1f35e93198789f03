/**
 * Watches the processes of one machine until it has ended: who ended first, and why. The first cause decides; whatever ends
 * after it was taken along.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CoreLauncherEnd,
  type DeviceLauncherEnd,
  EndedReason,
  EventKind,
  type FromCore,
  type FromDevice,
} from '#shared/rpc/start-channel.ts';
import { Watcher } from '#shared/sys/watcher.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { type Result, err } from '#shared/lang/result.ts';
import { type Child, type Ending, describeEnding } from './child.ts';
import { didNotStart, isInOrder, logTail, lostDevice, silentFor } from './lost-process.ts';
import { stopProcesses } from './stop-processes.ts';
import { describeEvent } from './describe-event.ts';
import { POWERED_OFF, type Outcome, deviceLost, endedBySignal, failed, guestFault } from './outcome.ts';
import { type Recovery, WatchedDevice } from './watched-device.ts';

export interface SupervisedCore {
  readonly child: Child;
  readonly channel: CoreLauncherEnd;
}

export interface SupervisedDevice {
  readonly child: Child;
  readonly channel: DeviceLauncherEnd;
}

export interface Deadlines {
  /** From the start until the vCPUs run. */
  readonly startMs: number;
  /** From the power button until the guest has powered off. */
  readonly powerOffMs: number;
  /** From being asked to end until a process is killed. */
  readonly stopMs: number;
}

export const DEADLINES: Deadlines = { startMs: 120_000, powerOffMs: 10_000, stopMs: 5_000 };

export interface SupervisorOptions {
  readonly deadlines: Deadlines;
  /** A line that a process logged, from level 0 (warnings) to 2. */
  readonly log: (level: number, line: string) => void;
  /** The vCPUs run; `phases` says when each step of the core's start ended, in microseconds of CLOCK_MONOTONIC. */
  readonly onStarted: (phases: readonly { readonly name: string; readonly atUs: number }[]) => void;
  /** Starts a device's process again and gives the core its connection; an error is one line. */
  readonly restart: (name: string) => Result<SupervisedDevice, { readonly message: string }>;
  /** Starts a process that takes over from one that serves, which is told of it; an empty program is the present one. */
  readonly succeed: (serving: SupervisedDevice, program: string) => Result<SupervisedDevice, { readonly message: string }>;
  /** It serves. */
  readonly onSucceeded: (name: string, program: string) => void;
  /** What the core was told of a device. */
  readonly recoveryOf: (name: string) => Recovery;
  /** What to say where the image of a device is locked, or a file that it names; undefined: what its process says. */
  readonly onLocked: (name: string, failure: NonNullable<FromDevice['failed']>) => string | undefined;
  /** Another process serves a device. */
  readonly onReplaced: () => void;
  /** A device's process says something, among it what another process of the device has to begin with. */
  readonly onSaid: (name: string, message: FromDevice) => void;
}

/** A core that crashes takes its devices' connections along: its own end may be reported to us after theirs, on a busy machine a good while. */
const CAUSE_GRACE_MS = 1000;
/** A device that the core has given up ends in order, at once; the core says why when the guest's last words are out. */
const GIVEN_UP_GRACE_MS = 5000;
/** A process that the core has let go of ends by itself, unless it hangs. */
const LET_GO_MS = 1000;
/** A process that is to take over from another has to load, and the requests under way have to end. */
const UPGRADE_MS = 90_000;
/** From the end of the one that served until it must have said that it does. */
const TAKEN_OVER_MS = 2000;
/** One that has handed over answers its clients, and ends. */
const UPGRADE_END_MS = 5000;
const ALREADY = err({ message: 'another process is taking over already' });

export class Supervisor {
  readonly #core: SupervisedCore;
  readonly #devices: readonly WatchedDevice[];
  readonly #options: SupervisorOptions;
  readonly #watcher = new Watcher();
  /** By the channel that is watched. */
  readonly #watches = new Map<object, { close(): void }>();
  readonly #timers: NodeJS.Timeout[] = [];
  #decide: (outcome: Outcome) => void = () => {};
  #decided = false;
  #started = false;
  /** The core has said why it ends: its own end is no news then. */
  #hasCoreEnded = false;
  #signalled: NodeJS.Signals | undefined;

  constructor(core: SupervisedCore, devices: readonly SupervisedDevice[], options: SupervisorOptions) {
    this.#core = core;
    this.#devices = devices.map((device) => new WatchedDevice(device, options.recoveryOf(device.child.name)));
    this.#options = options;
  }

  /** The processes that serve the devices now, in the order of the devices. */
  get devices(): readonly SupervisedDevice[] {
    return this.#devices.map(({ current }) => current);
  }

  /** Resolves when every process is gone. */
  async run(): Promise<Outcome> {
    const outcome = await new Promise<Outcome>((resolve) => {
      this.#decide = (decided) => {
        this.#decided = true;
        resolve(decided);
      };
      this.#watchCore();
      for (const device of this.#devices) this.#watchDevice(device, device.current);
      this.#after(this.#options.deadlines.startMs, () => this.#tooLate());
    });
    await this.#stopAll(this.#signalled !== undefined && outcome.status > 128);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const watch of this.#watches.values()) watch.close();
    await this.#watcher.close();
    return outcome;
  }

  /** SIGTERM and the like: the first presses the power button, a second one ends the machine at once. */
  signal(signal: NodeJS.Signals): void {
    if (this.#decided) return;
    if (this.#signalled !== undefined || !this.#started) {
      this.#signalled = signal;
      this.#decide(endedBySignal(signal));
      return;
    }
    this.#signalled = signal;
    this.#options.log(1, `${signal}: pressing the power button`);
    this.#core.channel.send({ powerButton: {} });
    this.#after(this.#options.deadlines.powerOffMs, () => {
      this.#options.log(0, `the guest did not power off within ${this.#options.deadlines.powerOffMs / 1000} s: ending it`);
      this.#decide(endedBySignal(signal));
    });
  }

  #watchCore(): void {
    const { child, channel } = this.#core;
    const drain = (): void => {
      for (;;) {
        const received = channel.tryReceive();
        if (!received.ok || received.value === undefined) {
          if (!received.ok) watch.close();
          return;
        }
        this.#onCore(received.value.message);
      }
    };
    const watch = this.#watcher.watch(channel.fd, EPOLLIN, drain);
    this.#watches.set(channel, watch);
    void child.ended.then((ending) => {
      drain();
      if (this.#decided || this.#hasCoreEnded) return;
      const line = this.#started
        ? `the core process ${describeEnding(ending)}`
        : `the core process ${describeEnding(ending)} before the machine ran`;
      this.#decide(failed(line, ...logTail(child)));
    });
  }

  #onCore(message: FromCore): void {
    const { log } = this.#options;
    if (message.log) log(message.log.level ?? 0, `core: ${message.log.message ?? ''}`);
    if (message.started) {
      this.#started = true;
      this.#core.child.isRunning();
      for (const device of this.#devices) device.serves();
      this.#options.onStarted((message.started.phases ?? []).map(({ name, atUs }) => ({ name: name ?? '', atUs: Number(atUs ?? 0) })));
    }
    if (message.event) {
      const { level, line } = describeEvent(message.event);
      log(level, line);
      const device = this.#devices.find(({ name }) => name === message.event?.deviceId);
      if (message.event.kind === EventKind.DEVICE_RECONNECTING) this.#awaits(device);
      if (message.event.kind === EventKind.DEVICE_BACK) device?.serves();
    }
    if (message.failed && !this.#decided) void this.#onFailed(message.failed.message ?? 'the core process failed');
    if (message.ended && !this.#decided)
      void this.#onEnded(message.ended.reason ?? EndedReason.REASON_UNSPECIFIED, message.ended.message ?? '');
  }

  /** Of a device process that breaks before the machine runs the core sees no more than that the connection closes. */
  async #onFailed(message: string): Promise<void> {
    this.#hasCoreEnded = true;
    const broken = this.#started ? undefined : await this.#brokenDevice();
    if (!this.#decided) this.#decide(broken ?? failed(message));
  }

  /** The first device process that has ended otherwise than the core's end makes it. */
  async #brokenDevice(): Promise<Outcome | undefined> {
    const ends = this.devices.map(async ({ child }) => {
      const ending = await child.ended;
      return isInOrder(ending) ? undefined : didNotStart(child, ending);
    });
    const broken = new Promise<Outcome>((resolve) => {
      for (const end of ends) void end.then((outcome) => outcome === undefined || resolve(outcome));
    });
    const none = Promise.all(ends).then(() => undefined);
    return Promise.race([broken, none, sleep(CAUSE_GRACE_MS, undefined, { ref: false })]);
  }

  async #onEnded(reason: number, message: string): Promise<void> {
    this.#hasCoreEnded = true;
    this.#core.child.isStopping();
    switch (reason) {
      case EndedReason.POWERED_OFF:
        return this.#decide(POWERED_OFF);
      case EndedReason.GUEST_FAULT:
        return this.#decide(guestFault(message === '' ? 'the guest failed' : message));
      case EndedReason.DEVICE_LOST: {
        // The end of a process that failed says more than the core can; one that was let go by the core ends in order.
        const dead = await this.#deadDevice();
        if (!this.#decided) this.#decide(dead ?? deviceLost(message === '' ? 'a device was lost' : message));
        return;
      }
      default:
        return this.#decide(
          this.#signalled === undefined ? failed(message === '' ? 'the core process stopped' : message) : endedBySignal(this.#signalled),
        );
    }
  }

  async #deadDevice(): Promise<Outcome | undefined> {
    const late = sleep(CAUSE_GRACE_MS, undefined, { ref: false });
    const ends = this.devices.map(async ({ child }) => {
      const ending = await child.ended;
      return isInOrder(ending) ? late : lostDevice(child, describeEnding(ending));
    });
    return Promise.race([...ends, late]);
  }

  /** `process`: the one that serves it, or one that is to. */
  #watchDevice(device: WatchedDevice, process: SupervisedDevice): void {
    const { child, channel } = process;
    const drain = (): void => {
      for (;;) {
        const received = channel.tryReceive();
        if (!received.ok || received.value === undefined) {
          if (!received.ok) watch.close();
          return;
        }
        this.#onDevice(device, process, received.value.message);
      }
    };
    const watch = this.#watcher.watch(channel.fd, EPOLLIN, drain);
    this.#watches.set(channel, watch);
    void child.ended.then(async (ending) => {
      const wasStarting = !this.#started;
      if (this.#watches.has(channel)) drain();
      if (process === device.successor) this.#letGo(device, process);
      else if (process === device.current) this.#awaitSuccessor(device);
      // One that hands over may end, and only then be known to have done so.
      await device.untilSettled();
      if (process === device.current) await this.#deviceEnded(device, ending, wasStarting);
    });
  }

  /** The core may have ended too, or say more of it. */
  async #deviceEnded(device: WatchedDevice, ending: Ending, wasStarting: boolean): Promise<void> {
    const { current, reason, recovery } = device;
    const how = reason === undefined ? describeEnding(ending) : `says: ${reason}`;
    if (!wasStarting && recovery !== 'none') await this.#untilSaid(GIVEN_UP_GRACE_MS, device.untilAwaited());
    else if (reason === undefined) await this.#untilSaid(isInOrder(ending) ? GIVEN_UP_GRACE_MS : CAUSE_GRACE_MS);
    if (this.#decided || this.#hasCoreEnded) return;
    if (device.isAwaited) this.#replace(device, how);
    else if (reason !== undefined && wasStarting) this.#decide(failed(reason));
    else if (wasStarting) this.#decide(didNotStart(current.child, ending));
    else this.#decide(lostDevice(current.child, how));
  }

  async #untilSaid(graceMs: number, ...news: readonly Promise<void>[]): Promise<void> {
    if (this.#decided) return;
    await Promise.race([this.#core.child.ended, sleep(graceMs, undefined, { ref: false }), ...news]);
  }

  /** The core waits for another process; one that it has let go of, and that hangs, is ended. */
  #awaits(device: WatchedDevice | undefined): void {
    if (device === undefined) return;
    const { child } = device.current;
    device.awaited();
    if (child.state !== 'ended') this.#after(LET_GO_MS, () => child.signal('SIGKILL'));
  }

  /** The device's process is gone, and the core waits for another. */
  #replace(device: WatchedDevice, how: string): void {
    const { child, channel } = device.current;
    const delayMs = device.nextDelayMs();
    if (delayMs === undefined) return this.#decide(lostDevice(child, `${how}, again and again`));
    for (const line of [`device ${device.name}: its process ${how}; another one is started`, ...logTail(child)]) this.#options.log(1, line);
    this.#after(delayMs, () => {
      const started = this.#options.restart(device.name);
      if (!started.ok) return this.#replace(device, `cannot be started again (${started.error.message})`);
      this.#unwatch(channel);
      device.replacedBy(started.value);
      this.#watchDevice(device, started.value);
      this.#options.onReplaced();
    });
  }

  #unwatch(channel: DeviceLauncherEnd): void {
    this.#watches.get(channel)?.close();
    this.#watches.delete(channel);
    channel.close();
  }

  /** Has another process take over from the one that serves, which asks for it and goes on where that fails. */
  #upgrade(device: WatchedDevice, program: string): void {
    const { current } = device;
    const started = device.successor === undefined ? this.#options.succeed(current, program) : ALREADY;
    if (!started.ok) {
      current.channel.send({ upgradeFailed: { message: started.error.message } });
      return;
    }
    const successor = started.value;
    device.succeededBy(successor);
    this.#watchDevice(device, successor);
    void device.untilSettled().then(() => {
      if (device.current !== successor) return;
      current.child.isStopping();
      this.#unwatch(current.channel);
      this.#options.onSucceeded(device.name, program);
      this.#options.onReplaced();
      if (current.child.state !== 'ended') this.#after(UPGRADE_END_MS, () => current.child.signal('SIGKILL'));
    });
    this.#after(UPGRADE_MS, () => {
      if (device.successor === successor) successor.child.signal('SIGKILL');
    });
  }

  /** The process that serves has ended: one that it has handed over to says so at once, unless it hangs, and may have the image locked. */
  #awaitSuccessor(device: WatchedDevice): void {
    const { successor } = device;
    if (successor === undefined) return;
    this.#after(TAKEN_OVER_MS, () => {
      if (device.successor === successor) successor.child.signal('SIGKILL');
    });
  }

  /** A process that was to take over has ended before it did. */
  #letGo(device: WatchedDevice, { child, channel }: SupervisedDevice): void {
    this.#options.log(1, `device ${device.name}: the process that was to take over has ended`);
    for (const line of logTail(child)) this.#options.log(1, line);
    device.settle(false);
    this.#unwatch(channel);
  }

  #onDevice(device: WatchedDevice, process: SupervisedDevice, message: FromDevice): void {
    const { child } = process;
    if (message.log) this.#options.log(message.log.level ?? 0, `${child.name}: ${message.log.message ?? ''}`);
    if (message.started) {
      child.isRunning();
      if (process === device.successor) {
        device.settle(true);
        device.serves();
      }
    }
    if (process !== device.current) return;
    this.#options.onSaid(child.name, message);
    if (message.upgradeRequested) this.#upgrade(device, message.upgradeRequested.program ?? '');
    if (message.failed) device.reason = this.#failureOf(child, message.failed);
  }

  /** What the device says it failed of. */
  #failureOf(child: Child, failure: NonNullable<FromDevice['failed']>): string {
    const reason = this.#options.onLocked(child.name, failure) ?? failure.message ?? `device ${child.name} failed`;
    if (!this.#decided && !this.#started) this.#decide(failed(reason));
    return reason;
  }

  #tooLate(): void {
    if (this.#started || this.#decided) return;
    const silent = [this.#core, ...this.devices].map(({ child }) => child).filter((child) => child.state === 'starting');
    this.#decide(silentFor(this.#options.deadlines.startMs, silent));
  }

  async #stopAll(atOnce: boolean): Promise<void> {
    const successors = this.#devices.flatMap(({ successor }) => (successor === undefined ? [] : [successor]));
    const children = [this.#core, ...this.devices, ...successors].map(({ child }) => child);
    const ask = (): void => {
      this.#core.channel.send({ stop: {} });
      for (const { channel } of this.devices) channel.send({ stop: {} });
    };
    await stopProcesses(children, this.#options.deadlines.stopMs, atOnce ? undefined : ask);
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(
      setTimeout(() => {
        if (!this.#decided) run();
      }, ms),
    );
  }
}
