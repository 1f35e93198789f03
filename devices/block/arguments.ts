/** ch-block's command line, after vhost-user's "Backend program conventions". */
import { parseArgs } from 'node:util';
import { OptionKeys } from '#shared/config/option-keys.ts';
import { limitsOfKeys, rateLimitKeys } from '#shared/config/rate-limit-keys.ts';
import type { RateLimits } from '#shared/config/rate-limits.ts';
import { renderConfigError } from '#shared/config/render-error.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

export interface BlockArguments {
  readonly kind: 'serve';
  readonly path: string;
  readonly readOnly: boolean;
  /** Undefined: raw, unless its first bytes claim something else. */
  readonly imageType: 'raw' | undefined;
  readonly serial: string;
  readonly queueCount: number;
  readonly queueSize: number;
  readonly limits: RateLimits;
  readonly socket: { readonly kind: 'path'; readonly path: string } | { readonly kind: 'fd'; readonly fd: number };
  /** Where clients of ch.device.v1 connect. */
  readonly apiSocket: string | undefined;
}

export type Arguments = BlockArguments | { readonly kind: 'capabilities' } | { readonly kind: 'help' };

export const USAGE = `usage: ch-block (--socket-path PATH | --fd N) (--disk path=FILE[,image_type=raw][,readonly=on|off][,serial=TEXT][,num_queues=N][,queue_size=N][,LIMITS] | --blk-file FILE [--read-only])
                [--api-socket PATH]
       ch-block --print-capabilities
LIMITS: bw_size=SIZE,bw_refill_time=MS[,bw_one_time_burst=SIZE], ops_size=N,ops_refill_time=MS[,ops_one_time_burst=N]`;

const MAX_QUEUES = 16;
const MAX_QUEUE_SIZE = 1024;
const LIMIT_KEYS = ['bw', 'ops'].flatMap((name) => [`${name}_size`, `${name}_one_time_burst`, `${name}_refill_time`]);
const DISK_KEYS = ['path', 'image_type', 'readonly', 'serial', 'num_queues', 'queue_size', ...LIMIT_KEYS];
/** Of Cloud Hypervisor's. */
const OTHER_TYPES = ['qcow2', 'vhd', 'vhdx', 'vmdk'];

/** The command line as what to serve; the error is one line for the user. */
export function parseArguments(argv: readonly string[]): Result<Arguments, string> {
  const parsed = read(argv);
  if (!parsed.ok) return parsed;
  const { values } = parsed.value;
  if (values.help === true) return ok({ kind: 'help' });
  if (values['print-capabilities'] === true) return ok({ kind: 'capabilities' });
  const socket = parseSocket(values['socket-path'], values.fd);
  if (!socket.ok) return socket;
  const disk = parseDisk(values.disk, values['blk-file']);
  if (!disk.ok) return disk;
  const apiSocket = values['api-socket'];
  if (apiSocket === '') return err('--api-socket is empty');
  const readOnly = disk.value.readOnly || values['read-only'] === true;
  return ok({ kind: 'serve', ...disk.value, readOnly, socket: socket.value, apiSocket });
}

function read(argv: readonly string[]): Result<ReturnType<typeof readStrict>, string> {
  try {
    return ok(readStrict(argv));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function readStrict(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    strict: true,
    options: {
      'socket-path': { type: 'string' },
      fd: { type: 'string' },
      disk: { type: 'string' },
      'blk-file': { type: 'string' },
      'read-only': { type: 'boolean' },
      'api-socket': { type: 'string' },
      'print-capabilities': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
}

function parseSocket(path: string | undefined, fd: string | undefined): Result<BlockArguments['socket'], string> {
  if ((path === undefined) === (fd === undefined)) return err('give exactly one of --socket-path PATH and --fd N');
  if (path !== undefined) return path === '' ? err('--socket-path is empty') : ok({ kind: 'path', path });
  const number = parseNumber(fd, 3, 2 ** 20);
  return number === undefined ? err(`--fd "${fd}" is no descriptor from 3 up`) : ok({ kind: 'fd', fd: number });
}

type DiskArguments = Omit<BlockArguments, 'kind' | 'socket' | 'apiSocket'>;

function parseDisk(disk: string | undefined, file: string | undefined): Result<DiskArguments, string> {
  if ((disk === undefined) === (file === undefined)) return err('give exactly one of --disk path=FILE and --blk-file FILE');
  const defaults = { readOnly: false, imageType: undefined, serial: '', queueCount: 1, queueSize: 256, limits: {} };
  if (file !== undefined) return file === '' ? err('--blk-file is empty') : ok({ ...defaults, path: file });
  const given = new Map<string, string>();
  for (const pair of (disk ?? '').split(',')) {
    const [key = '', ...rest] = pair.split('=');
    if (!DISK_KEYS.includes(key)) return err(`--disk: unknown key "${key}"; known are ${DISK_KEYS.join(', ')}`);
    if (given.has(key)) return err(`--disk: "${key}" is given twice`);
    given.set(key, rest.join('='));
  }
  const path = given.get('path') ?? '';
  const imageType = parseImageType(given.get('image_type'));
  const readOnly = parseSwitch(given.get('readonly') ?? 'off');
  const queues = parseQueues(given);
  const limits = parseLimits(given);
  if (path === '') return err('--disk: path=FILE is missing');
  if (!imageType.ok) return imageType;
  if (readOnly === undefined) return err(`--disk: readonly="${given.get('readonly')}" is neither on nor off`);
  if (!queues.ok) return queues;
  if (!limits.ok) return limits;
  return ok({ path, readOnly, imageType: imageType.value, serial: given.get('serial') ?? '', ...queues.value, limits: limits.value });
}

function parseQueues(given: ReadonlyMap<string, string>): Result<Pick<BlockArguments, 'queueCount' | 'queueSize'>, string> {
  const queueCount = parseNumber(given.get('num_queues') ?? '1', 1, MAX_QUEUES);
  const queueSize = parseNumber(given.get('queue_size') ?? '256', 2, MAX_QUEUE_SIZE);
  if (queueCount === undefined) return err(`--disk: num_queues="${given.get('num_queues')}" is not from 1 to ${MAX_QUEUES}`);
  if (queueSize === undefined || (queueSize & (queueSize - 1)) !== 0) {
    return err(`--disk: queue_size="${given.get('queue_size')}" is no power of two from 2 to ${MAX_QUEUE_SIZE}`);
  }
  return ok({ queueCount, queueSize });
}

function parseLimits(given: ReadonlyMap<string, string>): Result<RateLimits, string> {
  const pairs = [...given].filter(([key]) => LIMIT_KEYS.includes(key)).map(([key, value]) => `${key}=${value}`);
  const keys = new OptionKeys('--disk', pairs.join(','));
  const limits = keys.finish(limitsOfKeys(rateLimitKeys(keys)));
  return limits.ok ? limits : err(renderConfigError(limits.error));
}

function parseImageType(given: string | undefined): Result<'raw' | undefined, string> {
  if (given === undefined || given === 'raw') return ok(given);
  return err(
    OTHER_TYPES.includes(given) ? `--disk: image_type=${given} is not supported yet` : `--disk: image_type="${given}" is no type of image`,
  );
}

function parseNumber(text: string | undefined, lowest: number, highest: number): number | undefined {
  const value = /^\d{1,9}$/.test(text ?? '') ? Number(text) : NaN;
  return value >= lowest && value <= highest ? value : undefined;
}

function parseSwitch(text: string): boolean | undefined {
  if (text === 'on' || text === 'true') return true;
  return text === 'off' || text === 'false' ? false : undefined;
}
