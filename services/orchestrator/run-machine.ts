/** One machine from its configuration to its end. */
import type { VmConfig } from '#shared/config/vm-config.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { isTerminal, windowSize } from '#shared/sys/terminal.ts';
import { attachUser } from './attach-user.ts';
import { closeConsoles } from './launch/console-channel.ts';
import type { LaunchError } from './launch/launch-error.ts';
import { Resources } from './launch/resources.ts';
import { makeRunDirectory, register, removeRunDirectory, sweepStale } from './launch/run-directory.ts';
import { cpuHasVirtualization, looksLikeLinux } from './launch/slow-kvm.ts';
import { type StartedProcess, inheritNothing, startProcess } from './launch/start-process.ts';
import { type LaunchPlan, planLaunch } from './plan.ts';
import type { Outcome } from './supervise/outcome.ts';
import type { Deadlines } from './supervise/supervisor.ts';

export interface RunOptions {
  readonly programs: Programs;
  /** 0 warnings, 1 information, 2 debugging, 3 everything. */
  readonly logLevel: number;
  /** Boot a Linux even where KVM emulates every instruction. */
  readonly slowKvm: boolean;
  /** One line for the user, while the machine runs. */
  readonly tell: (line: string) => void;
  readonly deadlines?: Deadlines;
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

/** Resolves when the machine has ended and nothing of it is left. */
export async function runMachine(config: VmConfig, options: RunOptions): Promise<Result<Outcome, LaunchError>> {
  const plan = planLaunch(config, planOptions(config, options));
  using resources = new Resources();
  for (const resource of plan.resources) {
    const opened = resources.open(resource);
    if (!opened.ok) return abandon(resources, opened.error);
  }
  const refusal = refuseSlowKvm(config, options, resources);
  if (refusal !== undefined) return abandon(resources, refusal);
  const directory = makeRunDirectory();
  if (!directory.ok) return abandon(resources, directory.error);
  const launched = launch(plan, options, directory.value);
  const outcome = launched.ok
    ? ok(await superviseMachine({ plan, launched: launched.value, resources, directory: directory.value }, options))
    : launched;
  closeConsoles(resources.consoles);
  removeRunDirectory(directory.value);
  return outcome;
}

function planOptions(config: VmConfig, options: RunOptions) {
  const size = config.console.channel.mode === 'tty' && isTerminal(1) ? windowSize(1) : undefined;
  return { vmId: vmId(), logLevel: options.logLevel, ...(size === undefined ? {} : { terminalSize: size }) };
}

function vmId(): string {
  return `vm-${process.pid}`;
}

function abandon(resources: Resources, error: LaunchError): Result<never, LaunchError> {
  closeConsoles(resources.consoles);
  return err(error);
}

function refuseSlowKvm({ payload }: VmConfig, { slowKvm }: RunOptions, resources: Resources): LaunchError | undefined {
  if (slowKvm || payload.kind !== 'kernel' || cpuHasVirtualization()) return undefined;
  if (!looksLikeLinux(resources.descriptor('kernel'))) return undefined;
  const message =
    "this CPU offers no vmx or svm: /dev/kvm would emulate every instruction and a Linux would seem to hang; 'npm start' boots one in a lab that works here, --slow-kvm boots it anyway";
  return { code: 'SLOW_KVM', message };
}

/** All processes at once, before anything else is loaded: they start while we go on. */
function launch(plan: LaunchPlan, options: RunOptions, runDirectory: string): Result<Launched, LaunchError> {
  inheritNothing();
  const common = { runDirectory, verbose: options.logLevel > 0 };
  const core = startProcess({ ...common, name: 'core', script: options.programs.core });
  if (!core.ok) return core;
  const devices: StartedProcess[] = [];
  for (const { name, program } of plan.devices) {
    const device = startProcess({ ...common, name, script: options.programs[program] });
    if (!device.ok) {
      for (const { child } of [core.value, ...devices]) child.signal('SIGKILL');
      return device;
    }
    devices.push(device.value);
  }
  return ok({ core: core.value, devices });
}

interface Machine {
  readonly plan: LaunchPlan;
  readonly launched: Launched;
  readonly resources: Resources;
  readonly directory: string;
}

async function superviseMachine(machine: Machine, options: RunOptions): Promise<Outcome> {
  const { Supervisor, DEADLINES } = await import('./supervise/supervisor.ts');
  const { channelsOf, tellPlan } = await import('./launch/tell-plan.ts');
  const { core, devices } = channelsOf(machine.launched.core, machine.launched.devices);
  tellPlan(machine.plan, { core, devices }, machine.resources);
  const supervisor = new Supervisor(core, devices, {
    deadlines: options.deadlines ?? DEADLINES,
    log: (level, line) => {
      if (level <= options.logLevel) options.tell(line);
    },
    onStarted: (phases) => whenStarted(machine, options, phases),
  });
  const ended = supervisor.run();
  const release = attachUser(supervisor, machine.resources.consoles, options.tell);
  machine.resources[Symbol.dispose]();
  try {
    return await ended;
  } finally {
    release();
    for (const { channel } of [core, ...devices]) channel.close();
  }
}

type Phases = readonly { readonly name: string; readonly atUs: number }[];

/** What can wait until the guest runs. */
function whenStarted({ plan, launched, directory }: Machine, options: RunOptions, phases: Phases): void {
  if (options.logLevel > 0) for (const line of phaseLines(phases)) options.tell(line);
  register(directory, {
    id: vmId(),
    launcherPid: process.pid,
    corePid: launched.core.child.pid ?? 0,
    devices: plan.devices.map(({ name }, index) => ({ id: name, pid: launched.devices[index]?.child.pid ?? 0 })),
    startedAt: new Date().toISOString(),
  });
  sweepStale(directory);
}

/** When each step of the core's start ended, in milliseconds since this process began. */
function phaseLines(phases: Phases): readonly string[] {
  const beganMs = Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000;
  return phases.map(({ name, atUs }) => `started: ${name} at ${(atUs / 1000 - beganMs).toFixed(1)} ms`);
}
