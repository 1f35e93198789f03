/** One machine from its configuration to its end. */
import type { VmConfig } from '#shared/config/vm-config.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { exitNow } from '#shared/sys/process-exit.ts';
import { isTerminal, windowSize } from '#shared/sys/terminal.ts';
import { attachUser } from './attach-user.ts';
import { closeConsoles } from './launch/console-channel.ts';
import type { LaunchError } from './launch/launch-error.ts';
import { tooFewOpenFiles } from './launch/open-files.ts';
import { Resources } from './launch/resources.ts';
import { makeRunDirectory, register, removeRunDirectory, sweepStale } from './launch/run-directory.ts';
import { SLOW_KVM, cpuHasVirtualization, looksLikeLinux } from './launch/slow-kvm.ts';
import { type StartedProcess, inheritNothing, startProcess } from './launch/start-process.ts';
import { type LaunchPlan, planLaunch, recoveryOf } from './plan.ts';
import { Signals } from './signals.ts';
import { type Outcome, endedBySignal } from './supervise/outcome.ts';
import type { Deadlines, SupervisedDevice } from './supervise/supervisor.ts';

export interface RunOptions {
  readonly programs: Programs;
  /** 0 warnings, 1 information, 2 debugging. */
  readonly logLevel: number;
  /** Boot a Linux even where KVM emulates every instruction. */
  readonly slowKvm: boolean;
  /** One line for the user, while the machine runs. */
  readonly tell: (line: string) => void;
  /** Where they differ from the usual ones. */
  readonly deadlines?: Partial<Deadlines>;
}

/** The scripts that node runs as each process. */
export interface Programs {
  readonly core: string;
  readonly block: string;
}

/** The processes of one machine, started and not yet told anything. */
interface Launched {
  readonly core: StartedProcess;
  readonly devices: readonly StartedProcess[];
}

/**
 * A machine whose core process starts while its configuration is still being read: that takes as long as a tenth of a whole
 * launch. Ends with `run` or with `abandon`.
 */
export class BegunMachine {
  readonly #core: StartedProcess;
  readonly #directory: string;
  readonly #verbose: boolean;
  readonly #signals: Signals;

  private constructor(core: StartedProcess, directory: string, verbose: boolean, signals: Signals) {
    this.#signals = signals;
    this.#core = core;
    this.#directory = directory;
    this.#verbose = verbose;
    signals.deliver((signal) => this.#quit(signal));
  }

  static begin(coreScript: string, verbose: boolean): Result<BegunMachine, LaunchError> {
    inheritNothing();
    const tooFew = tooFewOpenFiles();
    if (tooFew !== undefined) return err(tooFew);
    const signals = new Signals();
    const directory = makeRunDirectory();
    if (!directory.ok) return directory;
    const core = startProcess({ name: 'core', script: coreScript, runDirectory: directory.value, verbose });
    if (core.ok) return ok(new BegunMachine(core.value, directory.value, verbose, signals));
    removeRunDirectory(directory.value);
    return core;
  }

  /** Resolves when the machine has ended and nothing of it is left. */
  async run(config: VmConfig, options: RunOptions): Promise<Result<Outcome, LaunchError>> {
    this.#signals.hold();
    const plan = planLaunch(config, planOptions(config, options));
    using resources = new Resources();
    const devices = this.#prepare(plan, resources, config, options);
    if (!devices.ok) {
      await this.abandon();
      closeConsoles(resources.consoles);
      return devices;
    }
    const launched = { core: this.#core, devices: devices.value };
    const fillsMs = memoryFillMs(config.memory);
    const ours = { directory: this.#directory, signals: this.#signals, verbose: this.#verbose };
    const machine = { plan, launched, resources, ...ours, fillsMs, startedAt: new Date().toISOString() };
    const outcome = await superviseMachine(machine, options);
    closeConsoles(resources.consoles);
    removeRunDirectory(this.#directory);
    this.#signals.release();
    return ok(outcome);
  }

  /** For a machine that will not be: its options were wrong. */
  async abandon(): Promise<void> {
    this.#core.child.signal('SIGKILL');
    await this.#core.child.ended;
    this.#core.socket.close();
    removeRunDirectory(this.#directory);
    this.#signals.release();
  }

  /** A signal while nothing but the core has begun. */
  #quit(signal: NodeJS.Signals): never {
    this.#core.child.signal('SIGKILL');
    removeRunDirectory(this.#directory);
    return exitNow(endedBySignal(signal).status);
  }

  /** Opens everything that the plan names, then starts the devices. */
  #prepare(plan: LaunchPlan, resources: Resources, config: VmConfig, options: RunOptions): Result<readonly StartedProcess[], LaunchError> {
    const tooFew = tooFewOpenFiles(config);
    if (tooFew !== undefined) return err(tooFew);
    for (const resource of plan.resources) {
      const opened = resources.open(resource);
      if (!opened.ok) return opened;
    }
    const refusal = refuseSlowKvm(config, options, resources);
    return refusal === undefined ? this.#startDevices(plan, options.programs) : err(refusal);
  }

  #startDevices(plan: LaunchPlan, programs: Programs): Result<readonly StartedProcess[], LaunchError> {
    const devices: StartedProcess[] = [];
    for (const { name, program } of plan.devices) {
      const device = startProcess({
        name,
        script: programs[program],
        runDirectory: this.#directory,
        verbose: this.#verbose,
      });
      if (!device.ok) {
        for (const { child } of devices) child.signal('SIGKILL');
        return device;
      }
      devices.push(device.value);
    }
    return ok(devices);
  }
}

function planOptions(config: VmConfig, options: RunOptions) {
  const size = config.console.channel.mode === 'tty' && isTerminal(1) ? windowSize(1) : undefined;
  return { vmId: vmId(), workingFolder: process.cwd(), logLevel: options.logLevel, ...(size === undefined ? {} : { terminalSize: size }) };
}

/**
 * Memory that is had at once is written to in one call, which cannot be seen to make progress: a machine of many GiB takes minutes
 * over it and is in order. The kernel fills a GiB in 0.3 to 1 s.
 */
const FILL_MS_PER_GIB = 5000;

function memoryFillMs({ prefault, sizeBytes }: VmConfig['memory']): number {
  return prefault ? Math.ceil((sizeBytes / 2 ** 30) * FILL_MS_PER_GIB) : 0;
}

function vmId(): string {
  return `vm-${process.pid}`;
}

function refuseSlowKvm({ payload }: VmConfig, { slowKvm }: RunOptions, resources: Resources): LaunchError | undefined {
  if (slowKvm || payload.kind !== 'kernel' || cpuHasVirtualization()) return undefined;
  if (!looksLikeLinux(resources.descriptor('kernel'))) return undefined;
  return { code: 'SLOW_KVM', message: SLOW_KVM };
}

interface Machine {
  readonly plan: LaunchPlan;
  readonly launched: Launched;
  readonly resources: Resources;
  readonly directory: string;
  readonly signals: Signals;
  /** What its start may take longer than others. */
  readonly fillsMs: number;
  /** What its processes print comes to our standard error. */
  readonly verbose: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
}

async function superviseMachine(machine: Machine, options: RunOptions): Promise<Outcome> {
  const { Supervisor, DEADLINES } = await import('./supervise/supervisor.ts');
  const { channelsOf, tellPlan } = await import('./launch/tell-plan.ts');
  const { core, devices } = channelsOf(machine.launched.core, machine.launched.devices);
  tellPlan(machine.plan, { core, devices }, machine.resources);
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const { restartDevice } = await import('./launch/restart-device.ts');
  const { succeedDevice } = await import('./launch/succeed-device.ts');
  const { plan, resources, directory: runDirectory, verbose } = machine;
  const { lockedDiskLine, lockedFileLine } = await import('./launch/image-user.ts');
  const { DesiredState } = await import('./launch/desired-state.ts');
  const { shareLimits } = await import('./launch/share-limits.ts');
  const desired = new DesiredState();
  const restarting = { plan, resources, core: core.channel, script: options.programs.block, runDirectory, verbose, desired };
  const { DeviceSockets } = await import('./launch/device-sockets.ts');
  const sockets = new DeviceSockets(runDirectory, (id) => supervisor.devices.find(({ child }) => child.name === id)?.channel);
  const supervisor: InstanceType<typeof Supervisor> = new Supervisor(core, devices, {
    deadlines: { ...deadlines, startMs: deadlines.startMs + machine.fillsMs },
    log: (level, line) => {
      if (level <= options.logLevel) options.tell(line);
    },
    onStarted: (phases) => {
      if (options.logLevel > 0) for (const line of phaseLines(phases)) options.tell(line);
      for (const { child } of devices) {
        const listening = sockets.listen(child.name);
        if (!listening.ok) options.tell(listening.error);
      }
      registerMachine(machine, devices, options);
    },
    onLocked: (name, { imageLocked, lockedFile }) => {
      if (lockedFile) return lockedFileLine(lockedFile);
      const found = imageLocked ? resources.placeOf(name) : undefined;
      return found && lockedDiskLine(found.disk, found.place.fd);
    },
    onSaid: (name, message) => {
      desired.note(name, message);
      shareLimits({ plan, desired, devices: supervisor.devices }, name, message);
    },
    recoveryOf: (name) => recoveryOf(plan, name),
    restart: (name) => restartDevice(name, restarting),
    succeed: (serving, program) => succeedDevice(serving, program, restarting),
    onSucceeded: (name, program) => desired.upgraded(name, program),
    onReplaced: () => registerMachine(machine, supervisor.devices, options),
  });
  const ended = supervisor.run();
  machine.signals.deliver((signal) => supervisor.signal(signal));
  const release = attachUser(supervisor, resources.consoles, options.tell);
  resources.release();
  try {
    return await ended;
  } finally {
    release();
    await sockets.close();
    for (const { channel } of [core, ...supervisor.devices]) channel.close();
  }
}

type Phases = readonly { readonly name: string; readonly atUs: number }[];

/** What can wait until the guest runs. Again when another process serves a device. */
function registerMachine({ launched, directory, startedAt }: Machine, devices: readonly SupervisedDevice[], options: RunOptions): void {
  try {
    register(directory, {
      id: vmId(),
      launcherPid: process.pid,
      corePid: launched.core.child.pid ?? 0,
      devices: devices.map(({ child }) => ({ id: child.name, pid: child.pid ?? 0 })),
      startedAt,
    });
    sweepStale(directory);
  } catch (error) {
    // A full disk, or a folder that somebody has removed: no reason to end a machine that runs.
    options.tell(`the machine cannot be registered: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** When each step of the core's start ended, in milliseconds since this process began. */
function phaseLines(phases: Phases): readonly string[] {
  const beganMs = Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000;
  return phases.map(({ name, atUs }) => `started: ${name} at ${(atUs / 1000 - beganMs).toFixed(1)} ms`);
}
