/** The command line of `chctl device`. */
import { resolve } from 'node:path';
import { OptionKeys } from '#shared/config/option-keys.ts';
import { type RateLimitKeys, rateLimitKeys } from '#shared/config/rate-limit-keys.ts';
import { nearest, renderConfigError } from '#shared/config/render-error.ts';
import { FLAG, type StrictArguments, parseStrictly } from '#shared/config/strict-arguments.ts';
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

/** Of all disks that run. */
export interface ListArguments {
  readonly list: true;
  readonly json: boolean;
}

export const DEVICE_HELP = `Usage: chctl device COMMAND (DISK | --socket PATH) [options]
       chctl device list

  list     the disks of all machines that this user runs
  info     what the device is, and how it stands
  health   whether it serves; exit status 1 where it does not
  stats    what it has done: requests, bytes, errors, latencies; --watch shows what was done every second
           (--interval SECONDS), until Ctrl-C
  limits   its rate limits; --set KEYS changes them, keys as in --disk: bw_size=, bw_one_time_burst=, bw_refill_time=, ops_size=,
           ops_one_time_burst=, ops_refill_time= (bw_size=0 or ops_size=0 lifts that one). A disk's in a rate limit group are the
           group's, for all its disks
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

const COMMANDS = ['list', 'info', 'health', 'stats', 'limits', 'resize', 'drain', 'resume', 'upgrade'] as const;
type CommandName = (typeof COMMANDS)[number];

/** Options that belong to one command alone. */
const OWNERS: Readonly<Record<string, CommandName>> = {
  watch: 'stats',
  interval: 'stats',
  set: 'limits',
  size: 'resize',
  'allow-shrink': 'resize',
  deadline: 'drain',
  program: 'upgrade',
};

const SHAPES = {
  socket: 'PATH',
  json: FLAG,
  watch: FLAG,
  interval: 'SECONDS',
  set: 'KEYS',
  size: 'SIZE',
  'allow-shrink': FLAG,
  deadline: 'SECONDS',
  program: 'PATH',
  help: FLAG,
} as const;
type Given = StrictArguments<keyof typeof SHAPES>;

/** The error is one line for the user. */
export function parseDeviceArguments(argv: readonly string[]): Result<DeviceArguments | ListArguments | 'help', string> {
  const read = parseStrictly(argv, SHAPES);
  if (!read.ok) return read;
  const { positionals, names, text, has } = read.value;
  if (has('help')) return ok('help');
  const [given, name, extra] = positionals;
  const command = COMMANDS.find((one) => one === given);
  if (command === undefined) return err(unknownCommand(given));
  const surplus = command === 'list' ? name : extra;
  if (surplus !== undefined) return err(`unexpected argument "${printable(surplus)}"`);
  const foreign = names.find((option) => (OWNERS[option] ?? command) !== command);
  if (foreign !== undefined) return err(`--${foreign} belongs to '${OWNERS[foreign]}'`);
  const json = has('json');
  const socket = text('socket');
  if (command === 'list')
    return socket === undefined ? ok({ list: true, json }) : err("'list' shows the disks of machines: leave --socket out");
  if ((name === undefined) === (socket === undefined)) return err(WHICH);
  if (name === '' || socket === '') return err(WHICH);
  const action = readAction(command, read.value);
  if (!action.ok) return action;
  const device = socket === undefined ? { kind: 'name' as const, name: name ?? '' } : { kind: 'socket' as const, path: socket };
  return ok({ action: action.value, device, json });
}

const WHICH = "give exactly one of a disk's id ('chctl device list' shows them) and --socket PATH";

function unknownCommand(given: string | undefined): string {
  const all = `there are ${COMMANDS.join(', ')}`;
  if (given === undefined) return `a command is missing: ${all}`;
  const meant = nearest(given, COMMANDS);
  return `there is no command "${printable(given)}"${meant === undefined ? `: ${all}` : `; did you mean "${meant}"?`}`;
}

const INTERVAL = integer(1, 86_400);
const DEFAULT_INTERVAL = '1';
const DEADLINE = integer(1, 3600);
const DEFAULT_DEADLINE = '30';

function readAction(command: Exclude<CommandName, 'list'>, { text, has }: Given): Result<DeviceAction, string> {
  switch (command) {
    case 'info':
    case 'health':
    case 'resume':
      return ok({ kind: command });
    case 'stats':
      return readInterval(text('interval'), has('watch'));
    case 'limits': {
      const set = text('set');
      if (set === undefined) return ok({ kind: 'limits', change: undefined });
      const change = readLimits(set);
      return change.ok ? ok({ kind: 'limits', change: change.value }) : change;
    }
    case 'resize': {
      const size = byteSize.parse(text('size') ?? '');
      if (size === undefined) return err(wrong('--size', text('size'), byteSize));
      return ok({ kind: 'resize', size, allowShrink: has('allow-shrink') });
    }
    case 'upgrade': {
      const program = text('program');
      if (program === '') return err('--program is empty');
      return ok({ kind: 'upgrade', program: program === undefined ? '' : resolve(program) });
    }
    case 'drain': {
      const seconds = DEADLINE.parse(text('deadline') ?? DEFAULT_DEADLINE);
      return seconds === undefined
        ? err(wrong('--deadline', text('deadline'), DEADLINE))
        : ok({ kind: 'drain', deadlineMs: seconds * 1000 });
    }
  }
}

function readInterval(given: string | undefined, isWatched: boolean): Result<DeviceAction, string> {
  if (given !== undefined && !isWatched) return err('--interval needs --watch');
  const seconds = INTERVAL.parse(given ?? DEFAULT_INTERVAL);
  if (seconds === undefined) return err(wrong('--interval', given, INTERVAL));
  return ok({ kind: 'stats', intervalMs: isWatched ? seconds * 1000 : undefined });
}

function wrong(option: string, value: string | undefined, { expected }: ValueType<unknown>): string {
  return value === undefined ? `${option} is missing: expected ${expected}` : `${option} "${printable(value)}": expected ${expected}`;
}

function readLimits(text: string): Result<RateLimitKeys, string> {
  const keys = new OptionKeys('--set', text);
  const limits = rateLimitKeys(keys);
  const finished = keys.finish(limits);
  if (!finished.ok) return err(renderConfigError(finished.error));
  return limits.bandwidth === undefined && limits.ops === undefined
    ? err('--set is empty: give it keys such as bw_size=10M,bw_refill_time=1000')
    : finished;
}
