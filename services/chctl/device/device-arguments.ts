/** The command line of `chctl device`. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { OptionKeys } from '#shared/config/option-keys.ts';
import { type RateLimitKeys, rateLimitKeys } from '#shared/config/rate-limit-keys.ts';
import { renderConfigError } from '#shared/config/render-error.ts';
import { type ValueType, byteSize, integer } from '#shared/config/value-types.ts';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

export type DeviceAction =
  | { readonly kind: 'info' | 'health' | 'resume' }
  /** Again at every interval, where there is one; in milliseconds. */
  | { readonly kind: 'stats'; readonly intervalMs: number | undefined }
  /** Shows them, where there is no change. */
  | { readonly kind: 'limits'; readonly change: RateLimitKeys | undefined }
  | { readonly kind: 'resize'; readonly size: number; readonly allowShrink: boolean }
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** Of the program: an absolute path; empty: the one that serves now. */
  | { readonly kind: 'upgrade'; readonly program: string };

export interface DeviceArguments {
  readonly action: DeviceAction;
  /** Which device: by name, or by where it takes clients. */
  readonly device: { readonly kind: 'name'; readonly name: string } | { readonly kind: 'socket'; readonly path: string };
  readonly json: boolean;
}

export const DEVICE_HELP = `Usage: chctl device COMMAND (DISK | --socket PATH) [options]

  info     what the device is, and how it stands
  health   whether it serves; exit status 1 where it does not
  stats    what it has done: requests, bytes, errors, latencies; --watch shows it again every second
  limits   its rate limits; --set KEYS changes them, keys as in --disk: bw_size=, bw_one_time_burst=, bw_refill_time=, ops_size=,
           ops_one_time_burst=, ops_refill_time= (bw_size=0 or ops_size=0 lifts that one)
  resize   --size SIZE gives it another size, and its guest hears of it; --size 0: as large as the host's block device is now;
           --allow-shrink cuts off what is behind the new end
  drain    has it finish what is under way and take no more requests until 'resume'; --deadline SECONDS (30)
  resume   has it go on
  upgrade  has another process serve it, of the same program as it is on disk now; --program PATH: of that one, which is bin/ch-block or
           devices/block/main.js of another version. The guest runs on; where the other process cannot, everything stays as it was

DISK is a disk's id in a running machine, such as _disk0; where two machines have one of that name, MACHINE/DISK, such as
vm-4711/_disk0. PATH is the --api-socket of a ch-block that was started by hand; such a one is upgraded by starting the new one with
'ch-block --upgrade-from PATH'.

  --json   the answer as JSON

Examples:
  chctl device info _disk0
  chctl device limits _disk0 --set bw_size=10M,bw_refill_time=1000
  chctl device resize --socket /run/disk.api --size 20G
`;

const COMMANDS = ['info', 'health', 'stats', 'limits', 'resize', 'drain', 'resume', 'upgrade'] as const;
type CommandName = (typeof COMMANDS)[number];

/** Options that belong to one command alone. */
const OWNERS: Readonly<Record<string, CommandName>> = {
  watch: 'stats',
  set: 'limits',
  size: 'resize',
  'allow-shrink': 'resize',
  deadline: 'drain',
  program: 'upgrade',
};

/** The error is one line for the user. */
export function parseDeviceArguments(argv: readonly string[]): Result<DeviceArguments | 'help', string> {
  const read = readOptions(argv);
  if (!read.ok) return read;
  const { values, positionals } = read.value;
  if (values.help === true) return ok('help');
  const [given = '', name, extra] = positionals;
  const command = COMMANDS.find((one) => one === given);
  if (command === undefined) return err(given === '' ? 'a command is missing' : `there is no command "${printable(given)}"`);
  if (extra !== undefined) return err(`unexpected argument "${printable(extra)}"`);
  const foreign = Object.keys(values).find((option) => (OWNERS[option] ?? command) !== command);
  if (foreign !== undefined) return err(`--${foreign} belongs to '${OWNERS[foreign]}'`);
  const { socket } = values;
  if ((name === undefined) === (socket === undefined)) return err("give exactly one of a disk's id and --socket PATH");
  const action = readAction(command, values);
  if (!action.ok) return action;
  const device = socket === undefined ? { kind: 'name' as const, name: name ?? '' } : { kind: 'socket' as const, path: socket };
  return ok({ action: action.value, device, json: values.json === true });
}

type Options = ReturnType<typeof parseStrict>;

function readOptions(argv: readonly string[]): Result<Options, string> {
  try {
    return ok(parseStrict(argv));
  } catch (error) {
    return err(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function parseStrict(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    strict: true,
    allowPositionals: true,
    options: {
      socket: { type: 'string' },
      json: { type: 'boolean' },
      watch: { type: 'boolean' },
      set: { type: 'string' },
      size: { type: 'string' },
      'allow-shrink': { type: 'boolean' },
      deadline: { type: 'string' },
      program: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

const WATCH_MS = 1000;
const DEADLINE = integer(1, 3600);
const DEFAULT_DEADLINE = '30';

function readAction(command: CommandName, values: Options['values']): Result<DeviceAction, string> {
  switch (command) {
    case 'info':
    case 'health':
    case 'resume':
      return ok({ kind: command });
    case 'stats':
      return ok({ kind: 'stats', intervalMs: values.watch === true ? WATCH_MS : undefined });
    case 'limits': {
      if (values.set === undefined) return ok({ kind: 'limits', change: undefined });
      const change = readLimits(values.set);
      return change.ok ? ok({ kind: 'limits', change: change.value }) : change;
    }
    case 'resize': {
      const size = byteSize.parse(values.size ?? '');
      if (size === undefined) return err(wrong('--size', values.size, byteSize));
      return ok({ kind: 'resize', size, allowShrink: values['allow-shrink'] === true });
    }
    case 'upgrade':
      if (values.program === '') return err('--program is empty');
      return ok({ kind: 'upgrade', program: values.program === undefined ? '' : resolve(values.program) });
    case 'drain': {
      const seconds = DEADLINE.parse(values.deadline ?? DEFAULT_DEADLINE);
      return seconds === undefined
        ? err(wrong('--deadline', values.deadline, DEADLINE))
        : ok({ kind: 'drain', deadlineMs: seconds * 1000 });
    }
  }
}

function wrong(option: string, value: string | undefined, { expected }: ValueType<unknown>): string {
  return value === undefined ? `${option} is missing: expected ${expected}` : `${option} "${printable(value)}": expected ${expected}`;
}

function readLimits(text: string): Result<RateLimitKeys, string> {
  const keys = new OptionKeys('--set', text);
  const limits = rateLimitKeys(keys);
  const finished = keys.finish(limits);
  if (!finished.ok) return err(renderConfigError(finished.error));
  return limits.bandwidth === undefined && limits.ops === undefined ? err('--set is empty: give it keys such as bw_size=10M') : finished;
}
