/** ch-block's command line, after vhost-user's "Backend program conventions". */
import { parseArgs } from 'node:util';
import { type ImageConfig, imageKeys } from '#shared/config/disk-keys.ts';
import { OptionKeys } from '#shared/config/option-keys.ts';
import { renderConfigError } from '#shared/config/render-error.ts';
import { integer } from '#shared/config/value-types.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

export interface BlockArguments extends ImageConfig {
  readonly kind: 'serve';
  readonly socket: { readonly kind: 'path'; readonly path: string } | { readonly kind: 'fd'; readonly fd: number };
  /** Where clients of ch.device.v1 connect. */
  readonly apiSocket: string | undefined;
}

/** Takes over from the process that serves clients at the socket `from`. */
export interface UpgradeArguments {
  readonly kind: 'upgrade';
  readonly from: string;
}

export type Arguments = BlockArguments | UpgradeArguments | { readonly kind: 'capabilities' } | { readonly kind: 'help' };

export const USAGE = `usage: ch-block (--socket-path PATH | --fd N) (--disk path=FILE[,KEY=VALUE]... | --blk-file FILE [--read-only])
                [--api-socket PATH]
       ch-block --upgrade-from API_SOCKET
       ch-block --print-capabilities
--upgrade-from goes on in the place of the ch-block with that --api-socket, under the front end that it has, with its options; that one ends.
keys of --disk: image_type=raw|qcow2|vhd|vhdx, readonly=on|off, direct=on|off, backing_files=on|off, sparse=on|off, num_queues=N,
  queue_size=N, queue_affinity=[QUEUE@[CPUS],...], lock_granularity=byte-range|full, serial=TEXT,
  bw_size=SIZE,bw_refill_time=MS[,bw_one_time_burst=SIZE], ops_size=N,ops_refill_time=MS[,ops_one_time_burst=N]`;

const MAX_QUEUES = 16;
const DEFAULT_QUEUE_SIZE = 256;

/** The command line as what to serve; the error is one line for the user. */
export function parseArguments(argv: readonly string[]): Result<Arguments, string> {
  const parsed = read(argv);
  if (!parsed.ok) return parsed;
  const { values } = parsed.value;
  if (values.help === true) return ok({ kind: 'help' });
  if (values['print-capabilities'] === true) return ok({ kind: 'capabilities' });
  const { 'upgrade-from': from } = values;
  if (from !== undefined) {
    if (from === '') return err('--upgrade-from is empty');
    return Object.keys(values).length > 1
      ? err('--upgrade-from takes the options of the other process: give no others')
      : ok({ kind: 'upgrade', from });
  }
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
      'upgrade-from': { type: 'string' },
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

function parseDisk(disk: string | undefined, file: string | undefined): Result<ImageConfig, string> {
  if ((disk === undefined) === (file === undefined)) return err('give exactly one of --disk path=FILE and --blk-file FILE');
  if (file === '') return err('--blk-file is empty');
  const keys = new OptionKeys('--disk', disk ?? 'path=FILE');
  const parsed = keys.finish(imageKeys(keys, { queues: integer(1, MAX_QUEUES), defaultQueueSize: DEFAULT_QUEUE_SIZE }));
  if (!parsed.ok) return err(renderConfigError(parsed.error));
  return ok(file === undefined ? parsed.value : { ...parsed.value, path: file });
}

function parseNumber(text: string | undefined, lowest: number, highest: number): number | undefined {
  const value = /^\d{1,9}$/.test(text ?? '') ? Number(text) : NaN;
  return value >= lowest && value <= highest ? value : undefined;
}
