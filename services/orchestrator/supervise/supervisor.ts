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
import { type Child, type Ending, describeEnding } from './child.ts';
import { POWERED_OFF, type Outcome, deviceLost, endedBySignal, failed, guestFault } from './outcome.ts';

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
}

/** Lines of a log that a user is shown. */
const SHOWN_LINES = 20;
/** A core that crashes takes its devices' connections along: its own end may be reported to us a moment after theirs. */
const CAUSE_GRACE_MS = 100;
/** A device that the core has given up ends in order, at once; the core says why when the guest's last words are out. */
const GIVEN_UP_GRACE_MS = 5000;

export class Supervisor {
  readonly #core: SupervisedCore;
  readonly #devices: readonly SupervisedDevice[];
  readonly #options: SupervisorOptions;
  readonly #watcher = new Watcher();
  readonly #watches: { close(): void }[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #decide: (outcome: Outcome) => void = () => {};
  #decided = false;
  #started = false;
  /** The core has said why it ends: its own end is no news then. */
  #hasCoreEnded = false;
  #signalled: NodeJS.Signals | undefined;

  constructor(core: SupervisedCore, devices: readonly SupervisedDevice[], options: SupervisorOptions) {
    this.#core = core;
    this.#devices = devices;
    this.#options = options;
  }

  /** Resolves when every process is gone. */
  async run(): Promise<Outcome> {
    const outcome = await new Promise<Outcome>((resolve) => {
      this.#decide = (decided) => {
        this.#decided = true;
        resolve(decided);
      };
      this.#watchCore();
      for (const device of this.#devices) this.#watchDevice(device);
      this.#after(this.#options.deadlines.startMs, () => this.#tooLate());
    });
    await this.#stopAll(this.#signalled !== undefined && outcome.status > 128);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const watch of this.#watches) watch.close();
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
    this.#watches.push(watch);
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
      this.#options.onStarted((message.started.phases ?? []).map(({ name, atUs }) => ({ name: name ?? '', atUs: Number(atUs ?? 0) })));
    }
    if (message.event) {
      const { kind, deviceId, detail } = message.event;
      const about = [deviceId, detail].filter((part) => part !== undefined && part !== null && part !== '').join(': ');
      const name =
        kind === EventKind.RESET ? 'the guest was reset' : kind === EventKind.DEVICE_LOST ? 'a device is lost' : 'a device needs a reset';
      log(kind === EventKind.RESET && about === '' ? 1 : 0, about === '' ? name : `${name} (${about})`);
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
    const ends = this.#devices.map(async ({ child }) => {
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
    const ends = this.#devices.map(async ({ child }) => {
      const ending = await child.ended;
      return isInOrder(ending) ? late : this.#lost(child, describeEnding(ending));
    });
    return Promise.race([...ends, late]);
  }

  #watchDevice({ child, channel }: SupervisedDevice): void {
    let reason: string | undefined;
    const drain = (): void => {
      for (;;) {
        const received = channel.tryReceive();
        if (!received.ok || received.value === undefined) {
          if (!received.ok) watch.close();
          return;
        }
        reason = this.#onDevice(child, received.value.message) ?? reason;
      }
    };
    const watch = this.#watcher.watch(channel.fd, EPOLLIN, drain);
    this.#watches.push(watch);
    void child.ended.then(async (ending) => {
      const wasStarting = !this.#started;
      drain();
      if (!this.#decided && reason === undefined)
        await Promise.race([
          this.#core.child.ended,
          sleep(isInOrder(ending) ? GIVEN_UP_GRACE_MS : CAUSE_GRACE_MS, undefined, { ref: false }),
        ]);
      if (this.#decided || this.#hasCoreEnded) return;
      if (reason !== undefined && wasStarting) this.#decide(failed(reason));
      else if (wasStarting) this.#decide(didNotStart(child, ending));
      else this.#decide(this.#lost(child, reason ?? describeEnding(ending)));
    });
  }

  /** Returns what the device says it failed of. */
  #onDevice(child: Child, message: FromDevice): string | undefined {
    if (message.log) this.#options.log(message.log.level ?? 0, `${child.name}: ${message.log.message ?? ''}`);
    if (message.started) child.isRunning();
    if (!message.failed) return undefined;
    const reason = message.failed.message ?? `device ${child.name} failed`;
    if (!this.#decided && !this.#started) this.#decide(failed(reason));
    return reason;
  }

  #lost(child: Child, how: string): Outcome {
    return deviceLost(`device ${child.name} is lost: its process ${how}`, ...logTail(child));
  }

  #tooLate(): void {
    if (this.#started || this.#decided) return;
    const silent = [this.#core, ...this.#devices].map(({ child }) => child).filter((child) => child.state === 'starting');
    const seconds = this.#options.deadlines.startMs / 1000;
    const names = silent.map((child) => child.name).join(', ');
    this.#decide(
      failed(`the machine did not run within ${seconds} s: no answer from ${names}`, ...silent.flatMap((child) => logTail(child))),
    );
  }

  /** Ends what still runs: asked first unless `atOnce`, then terminated, then killed. */
  async #stopAll(atOnce: boolean): Promise<void> {
    const children = [this.#core, ...this.#devices].map(({ child }) => child);
    for (const child of children) child.isStopping();
    const gone = Promise.all(children.map((child) => child.ended));
    if (!atOnce) {
      this.#core.channel.send({ stop: {} });
      for (const { channel } of this.#devices) channel.send({ stop: {} });
      if (await inTime(gone, this.#options.deadlines.stopMs / 2)) return;
      for (const child of children) child.signal('SIGTERM');
      if (await inTime(gone, this.#options.deadlines.stopMs / 2)) return;
    }
    for (const child of children) child.signal('SIGKILL');
    await gone;
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(
      setTimeout(() => {
        if (!this.#decided) run();
      }, ms),
    );
  }
}

function isInOrder(ending: Ending): boolean {
  return ending.by === 'status' && ending.status === 0;
}

function didNotStart(child: Child, ending: Ending): Outcome {
  return failed(`the process of device ${child.name} ${describeEnding(ending)} before the machine ran`, ...logTail(child));
}

function logTail(child: Child): readonly string[] {
  const lines = child.lastLines(SHOWN_LINES);
  return lines.length === 0 ? [] : [`last lines of ${child.name}:`, ...lines.map((line) => `  ${line}`)];
}

async function inTime(done: Promise<unknown>, ms: number): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(ms, false, { signal: stop.signal }).catch(() => false);
  const result = await Promise.race([done.then(() => true), late]);
  stop.abort();
  return result;
}
