/** ch-block's command line, after vhost-user's "Backend program conventions". */
import { fstatSync } from 'node:fs';
import { type ImageConfig, imageKeys } from '#shared/config/disk-keys.ts';
import { OptionKeys } from '#shared/config/option-keys.ts';
import { renderConfigError } from '#shared/config/render-error.ts';
import { FLAG, parseStrictly } from '#shared/config/strict-arguments.ts';
import { integer } from '#shared/config/value-types.ts';
import { printable } from '#shared/lang/printable.ts';
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

export type Arguments = BlockArguments | UpgradeArguments | { readonly kind: 'capabilities' | 'help' | 'version' };

export const MAX_QUEUES = 16;
export const DEFAULT_QUEUE_SIZE = 256;

const OPTIONS = {
  'socket-path': 'PATH',
  fd: 'N',
  disk: 'path=FILE',
  'blk-file': 'FILE',
  'read-only': FLAG,
  'api-socket': 'PATH',
  'upgrade-from': 'API_SOCKET',
  'print-capabilities': FLAG,
  help: FLAG,
  version: FLAG,
} as const;

/** The command line as what to serve; the error is one line for the user. */
export function parseArguments(argv: readonly string[]): Result<Arguments, string> {
  const parsed = parseStrictly(argv, OPTIONS);
  if (!parsed.ok) return parsed;
  const { positionals, names, has, text } = parsed.value;
  if (has('help')) return ok({ kind: 'help' });
  if (has('version')) return ok({ kind: 'version' });
  if (positionals[0] !== undefined) return err(`unexpected argument "${printable(positionals[0])}"; every value belongs to an option`);
  if (has('print-capabilities')) return ok({ kind: 'capabilities' });
  const empty = names.find((name) => text(name) === '' && OPTIONS[name] !== FLAG);
  if (empty !== undefined) return err(`--${empty} is empty`);
  const from = text('upgrade-from');
  if (from !== undefined) {
    return names.length > 1 ? err('--upgrade-from takes the options of the other process: give no others') : ok({ kind: 'upgrade', from });
  }
  const socket = parseSocket(text('socket-path'), text('fd'));
  if (!socket.ok) return socket;
  if (text('api-socket') === text('socket-path') && has('api-socket'))
    return err('--socket-path and --api-socket are one path; give each its own');
  const disk = parseDisk(text('disk'), text('blk-file'));
  if (!disk.ok) return disk;
  const readOnly = disk.value.readOnly || has('read-only');
  return ok({ kind: 'serve', ...disk.value, readOnly, socket: socket.value, apiSocket: text('api-socket') });
}

function parseSocket(path: string | undefined, fd: string | undefined): Result<BlockArguments['socket'], string> {
  if ((path === undefined) === (fd === undefined)) return err('give exactly one of --socket-path PATH and --fd N');
  if (path !== undefined) return ok({ kind: 'path', path });
  const number = parseNumber(fd, 3, 2 ** 20);
  if (number === undefined) return err(`--fd "${printable(fd ?? '')}" is no descriptor from 3 up`);
  return isSocket(number) ? ok({ kind: 'fd', fd: number }) : err(`--fd ${number}: no socket is inherited as that descriptor`);
}

/** Whether this process has inherited a socket as that descriptor. */
export function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function parseDisk(disk: string | undefined, file: string | undefined): Result<ImageConfig, string> {
  if ((disk === undefined) === (file === undefined)) return err('give exactly one of --disk path=FILE and --blk-file FILE');
  const keys = new OptionKeys('--disk', disk ?? 'path=FILE');
  const parsed = keys.finish(imageKeys(keys, { queues: integer(1, MAX_QUEUES), defaultQueueSize: DEFAULT_QUEUE_SIZE }));
  if (!parsed.ok) return err(renderConfigError(parsed.error));
  return ok(file === undefined ? parsed.value : { ...parsed.value, path: file });
}

function parseNumber(text: string | undefined, lowest: number, highest: number): number | undefined {
  const value = /^\d{1,9}$/.test(text ?? '') ? Number(text) : NaN;
  return value >= lowest && value <= highest ? value : undefined;
}
