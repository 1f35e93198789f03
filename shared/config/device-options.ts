/** `--disk`, `--serial`, `--console`, `--rng`: the devices. */
import { type Result, err, ok } from '../lang/result.ts';
import type { ConfigError } from './config-error.ts';
import { OptionKeys } from './option-keys.ts';
import { imageKeys } from './disk-keys.ts';
import { limitsOfKeys, rateLimitKeys } from './rate-limit-keys.ts';
import { deviceId, integer, oneOf, text, toggle } from './value-types.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ConsoleConfig, ConsoleMode, DiskConfig, RngConfig } from './vm-config.ts';

const DEFAULT_QUEUE_SIZE = 128;
/** Drivers that give requests up do so after 30 s. */
export const DEFAULT_RESTART_TIMEOUT_MS = 25_000;
const MAX_RESTART_TIMEOUT_S = 3600;

/** What a disk still lacks: its name comes when all disks are known. */
export type NamelessDisk = Omit<DiskConfig, 'id'> & { readonly id: string | undefined };

/** `bootCpus` bounds the queues: one is never served by more than one vCPU's worth of requests. */
export function parseDisk(value: string, bootCpus: number): Result<NamelessDisk, ConfigError> {
  const keys = new OptionKeys('--disk', value);
  const queues = integer(1, bootCpus);
  const perVcpu = { ...queues, expected: `${queues.expected}, as there are vCPUs` };
  const image = imageKeys(keys, { queues: perVcpu, defaultQueueSize: DEFAULT_QUEUE_SIZE });
  const restartTimeoutS = keys.value('restart_timeout', integer(0, MAX_RESTART_TIMEOUT_S));
  const disk = {
    ...image,
    restartTimeoutMs: restartTimeoutS === undefined ? DEFAULT_RESTART_TIMEOUT_MS : restartTimeoutS * 1000,
    onRestartTimeout: keys.value('on_restart_timeout', oneOf('end', 'stall', 'pause', 'error')) ?? 'end',
    rateLimitGroup: keys.value('rate_limit_group', deviceId),
    ...pciKeys(keys),
  };
  keys.only('vhost_user', toggle, false);
  keys.notYet('socket', '_disable_io_uring', '_disable_aio');
  return keys.finish(disk);
}

/** `off`, `null`, `tty`, `pty`, `file=PATH` or `socket=PATH`. */
export function parseSerial(value: string): Result<ConsoleMode, ConfigError> {
  const keys = new OptionKeys('--serial', value);
  const mode = consoleMode('--serial', value, keys);
  return mode.ok ? keys.finish(mode.value) : keepFirst(keys, mode.error);
}

export function parseConsole(value: string): Result<ConsoleConfig, ConfigError> {
  const keys = new OptionKeys('--console', value);
  const mode = consoleMode('--console', value, keys);
  const { id, pciDeviceId } = pciKeys(keys);
  return mode.ok ? keys.finish({ channel: mode.value, id: id ?? '__console', pciDeviceId }) : keepFirst(keys, mode.error);
}

function consoleMode(option: string, value: string, keys: OptionKeys): Result<ConsoleMode, ConfigError> {
  const words = (['off', 'null', 'tty', 'pty'] as const).filter((word) => keys.word(word)).map((mode) => ({ mode }));
  const file = keys.value('file', text);
  const socket = keys.value('socket', text);
  const chosen: ConsoleMode[] = [
    ...words,
    ...(file === undefined ? [] : [{ mode: 'file', path: file } as const]),
    ...(socket === undefined ? [] : [{ mode: 'socket', path: socket } as const]),
  ];
  const [mode, second] = chosen;
  if (mode === undefined || second !== undefined) {
    return err({ code: 'BAD_VALUE', option, value, expected: 'one of off, null, tty, pty, file=PATH or socket=PATH' });
  }
  return ok(mode);
}

/** What was wrong with the keys, else `error`. */
function keepFirst(keys: OptionKeys, error: ConfigError): Result<never, ConfigError> {
  const finished = keys.finish(undefined);
  return finished.ok ? err(error) : finished;
}

export function parseRng(value: string): Result<RngConfig, ConfigError> {
  const keys = new OptionKeys('--rng', value);
  const source = keys.value('src', text) ?? DEFAULT_RNG_SOURCE;
  const { id, pciDeviceId } = pciKeys(keys);
  return keys.finish({ source, id: id ?? '__rng', pciDeviceId });
}

export const DEFAULT_RNG_SOURCE = '/dev/urandom';

/** The keys that every PCI device has. Slot 0 is the host bridge. */
function pciKeys(keys: OptionKeys): { readonly id: string | undefined; readonly pciDeviceId: number | undefined } {
  keys.only('iommu', toggle, false);
  keys.only('pci_segment', integer(0, 65_535), 0);
  return { id: keys.value('id', deviceId), pciDeviceId: keys.value('pci_device_id', integer(1, 31)) };
}

export interface RateLimitGroup {
  readonly id: string;
  readonly limits: RateLimits;
}

/** `--rate-limit-group`: limits that several disks share. */
export function parseRateLimitGroup(value: string): Result<RateLimitGroup, ConfigError> {
  const option = '--rate-limit-group';
  const keys = new OptionKeys(option, value);
  const id = keys.required('id', deviceId) ?? '';
  const limits = limitsOfKeys(rateLimitKeys(keys));
  const finished = keys.finish({ id, limits });
  if (!finished.ok || limits.bandwidth !== undefined || limits.ops !== undefined) return finished;
  return err({ code: 'MISSING_KEY', option, value, key: 'bw_size', expected: 'or ops_size=, above 0: a group limits something' });
}
