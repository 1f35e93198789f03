/** `chctl run`: one machine, from its options to its end, without a daemon. */
import { writeSync } from 'node:fs';
import { type GivenOptions, parseCommandLine } from '#shared/config/command-line.ts';
import type { ConfigError } from '#shared/config/config-error.ts';
import { type VmOptions, parseVmOptions } from '#shared/config/parse-vm-config.ts';
import type { VmConfig } from '#shared/config/vm-config.ts';
import { integer } from '#shared/config/value-types.ts';
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { EXIT } from '#shared/sys/process-exit.ts';
import type { BegunMachine, LaunchError, Programs } from '../../orchestrator/index.ts';

/** 0 warnings, 1 information, 2 debugging: there is nothing more to say. */
const MOST_VERBOSE = 2;
const STOP_TIMEOUT = integer(1, 86_400);
const DEFAULT_CMDLINE = 'console=ttyS0 root=/dev/vda';

/** `begun` has its core process started already; none where nothing is to be run. */
export async function runCommand(
  args: readonly string[],
  programs: Programs,
  begun: Result<BegunMachine, LaunchError> | undefined,
): Promise<number> {
  const wanted = await readOptions(args);
  if (typeof wanted === 'number') {
    if (begun?.ok === true) await begun.value.abandon();
    return wanted;
  }
  assert(begun !== undefined, 'whoever asks for more than help has a machine begun');
  if (!begun.ok) return fail(begun.error.message);
  const { config, given, stopSeconds } = wanted;
  const run = await begun.value.run(config, {
    programs,
    logLevel: Math.min(MOST_VERBOSE, given.get('verbose')?.length ?? 0),
    slowKvm: given.has('slow-kvm'),
    tell,
    ...(stopSeconds === undefined ? {} : { deadlines: { powerOffMs: stopSeconds * 1000 } }),
  });
  if (!run.ok) return fail(run.error.message);
  if (run.value.lines.length > 0) tell(run.value.lines.join('\n'));
  return run.value.status;
}

interface Wanted {
  readonly config: VmConfig;
  readonly given: GivenOptions;
  readonly stopSeconds: number | undefined;
}

/** What is to be run, or the exit status where that is all. */
async function readOptions(args: readonly string[]): Promise<Wanted | number> {
  const given = parseCommandLine(args);
  if (!given.ok) return usageError(given.error);
  if (given.value.has('help')) return showHelp();
  if (given.value.has('version')) return showVersion();
  const options = parseVmOptions(given.value, defaults(given.value));
  if (!options.ok) return usageError(options.error);
  const stopSeconds = stopTimeout(given.value.get('stop-timeout')?.[0]);
  if (!stopSeconds.ok) return usageError(stopSeconds.error);
  const config = await withPayload(options.value, given.value.has('slow-kvm'));
  return typeof config === 'string' ? fail(config) : { config, given: given.value, stopSeconds: stopSeconds.value };
}

function stopTimeout(value: string | undefined): Result<number | undefined, ConfigError> {
  if (value === undefined) return ok(undefined);
  const seconds = STOP_TIMEOUT.parse(value);
  return seconds === undefined ? err({ code: 'BAD_VALUE', option: '--stop-timeout', value, expected: STOP_TIMEOUT.expected }) : ok(seconds);
}

/** The terminal is the serial port's, unless the virtio console was given it. */
function defaults(given: GivenOptions) {
  const onConsole = given.get('console')?.[0]?.split(',').includes('tty') === true;
  return {
    serial: onConsole ? 'null' : 'tty',
    console: 'off',
    cmdline: onConsole ? DEFAULT_CMDLINE.replace('ttyS0', 'hvc0') : DEFAULT_CMDLINE,
  };
}

/** Without a kernel or firmware: the demo guest. A text says what is wrong. */
async function withPayload(options: VmOptions, slowKvm: boolean): Promise<VmConfig | string> {
  const { payload } = options;
  if (payload !== undefined) return { ...options, payload };
  const { SLOW_KVM, cpuHasVirtualization } = await import('../../orchestrator/index.ts');
  if (!slowKvm && !cpuHasVirtualization()) return SLOW_KVM;
  const { withDemoGuest } = await import('./demo-guest.ts');
  return withDemoGuest(options, tell);
}

async function usageError(error: ConfigError): Promise<number> {
  const { renderConfigError } = await import('#shared/config/render-error.ts');
  tell(`${renderConfigError(error)} (see 'chctl run --help')`);
  return EXIT.usage;
}

function fail(message: string): number {
  tell(message);
  return EXIT.failed;
}

async function showHelp(): Promise<number> {
  const { runHelp } = await import('./run-help.ts');
  process.stdout.write(runHelp());
  return EXIT.poweredOff;
}

async function showVersion(): Promise<number> {
  const { versionLine } = await import('./help.ts');
  process.stdout.write(versionLine());
  return EXIT.poweredOff;
}

/** What the user should know, on standard error; a reader that has gone away is no reason to end the machine. */
function tell(line: string): void {
  try {
    writeSync(2, `chctl: ${line}\n`);
  } catch {
    // Nobody reads it: the exit status still tells.
  }
}
