/** The options of one virtual machine -> its validated configuration. */
import { resolve } from 'node:path';
import { type Result, err, ok } from '../lang/result.ts';
import type { GivenOptions } from './command-line.ts';
import type { ConfigError } from './config-error.ts';
import {
  DEFAULT_RNG_SOURCE,
  type NamelessDisk,
  parseConsole,
  parseDisk,
  parseRateLimitGroup,
  parseRng,
  parseSerial,
} from './device-options.ts';
import { parseCpus, parseMemory, parsePlatform } from './machine-options.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ConsoleMode, DiskConfig, Payload, VmConfig } from './vm-config.ts';

/** What an option is where it was not given, in the option's own grammar. */
export interface VmDefaults {
  readonly serial: string;
  readonly console: string;
  readonly cmdline: string;
}

/** A configuration whose payload may be absent: the caller decides what that means. */
export type VmOptions = Omit<VmConfig, 'payload'> & { readonly payload: Payload | undefined };

/** x86 command lines have 64 KiB, with the NUL at the end. */
const MAX_CMDLINE = 65_535;

export function parseVmOptions(given: GivenOptions, defaults: VmDefaults): Result<VmOptions, ConfigError> {
  const payload = parsePayload(given, defaults);
  if (!payload.ok) return payload;
  const cpus = parseCpus(only(given, 'cpus') ?? '');
  if (!cpus.ok) return cpus;
  const memory = parseMemory(only(given, 'memory') ?? '');
  if (!memory.ok) return memory;
  const platform = parsePlatform(only(given, 'platform') ?? '');
  if (!platform.ok) return platform;
  const serial = parseSerial(only(given, 'serial') ?? defaults.serial);
  if (!serial.ok) return serial;
  const console = parseConsole(only(given, 'console') ?? defaults.console);
  if (!console.ok) return console;
  const rng = parseRng(only(given, 'rng') ?? `src=${DEFAULT_RNG_SOURCE}`);
  if (!rng.ok) return rng;
  const named = parseDisks(given.get('disk') ?? [], cpus.value.boot);
  const disks = named.ok ? withGroups(named.value, given.get('rate-limit-group') ?? []) : named;
  if (!disks.ok) return disks;
  const options: VmOptions = {
    payload: payload.value,
    cpus: cpus.value,
    memory: memory.value,
    disks: disks.value,
    serial: serial.value,
    console: console.value,
    rng: rng.value,
    platform: platform.value,
    noReboot: given.has('no-reboot'),
  };
  const clash = findClash(options);
  return clash === undefined ? ok(options) : err(clash);
}

function only(given: GivenOptions, name: string): string | undefined {
  return given.get(name)?.[0];
}

function parsePayload(given: GivenOptions, defaults: VmDefaults): Result<Payload | undefined, ConfigError> {
  const kernel = only(given, 'kernel');
  const firmware = only(given, 'firmware');
  const initramfs = only(given, 'initramfs');
  const cmdline = only(given, 'cmdline');
  for (const [option, value] of [
    ['--kernel', kernel],
    ['--firmware', firmware],
    ['--initramfs', initramfs],
  ] as const) {
    if (value === '') return err({ code: 'MISSING_VALUE', option, expected: 'PATH' });
  }
  if (firmware !== undefined) {
    const other = [
      ['--kernel', kernel],
      ['--initramfs', initramfs],
      ['--cmdline', cmdline],
    ].find(([, value]) => value !== undefined)?.[0];
    if (other !== undefined)
      return err({
        code: 'CONFLICT',
        first: '--firmware',
        second: other,
        resolve: `a firmware finds its own kernel: drop ${other} or --firmware`,
      });
    return ok({ kind: 'firmware', path: firmware });
  }
  if (cmdline !== undefined && Buffer.byteLength(cmdline) > MAX_CMDLINE) {
    return err({
      code: 'BAD_VALUE',
      option: '--cmdline',
      value: `${cmdline.slice(0, 32)}...`,
      expected: `at most ${MAX_CMDLINE} bytes, not ${Buffer.byteLength(cmdline)}`,
    });
  }
  if (kernel !== undefined) {
    return ok({ kind: 'kernel', path: kernel, cmdline: cmdline ?? defaults.cmdline, ...(initramfs === undefined ? {} : { initramfs }) });
  }
  const stray = initramfs !== undefined ? '--initramfs' : cmdline !== undefined ? '--cmdline' : undefined;
  return stray === undefined ? ok(undefined) : err({ code: 'NEEDS_OPTION', option: stray, needed: '--kernel', expected: 'PATH' });
}

function parseDisks(values: readonly string[], bootCpus: number): Result<readonly DiskConfig[], ConfigError> {
  const disks: NamelessDisk[] = [];
  for (const value of values) {
    const disk = parseDisk(value, bootCpus);
    if (!disk.ok) return disk;
    disks.push(disk.value);
  }
  const taken = new Set(disks.map((disk) => disk.id));
  let counter = 0;
  return ok(disks.map((disk) => ({ ...disk, id: disk.id ?? nextName() })));

  /** `_disk0`, `_disk1`, ...: the next that nobody chose. */
  function nextName(): string {
    for (;;) {
      const name = `_disk${counter++}`;
      if (!taken.has(name)) return name;
    }
  }
}

/** Disks of a rate limit group have its limits. */
function withGroups(disks: readonly DiskConfig[], values: readonly string[]): Result<readonly DiskConfig[], ConfigError> {
  const groups = new Map<string, RateLimits>();
  for (const value of values) {
    const group = parseRateLimitGroup(value);
    if (!group.ok) return group;
    const { id, limits } = group.value;
    if (groups.has(id)) {
      const first = `--rate-limit-group id=${id}`;
      return err({ code: 'CONFLICT', first, second: 'another one of that id', resolve: 'give each group an id of its own' });
    }
    groups.set(id, limits);
  }
  for (const disk of disks) {
    const { rateLimitGroup: id, limits } = disk;
    if (id === undefined) continue;
    if (!groups.has(id))
      return err({ code: 'NEEDS_OPTION', option: `--disk rate_limit_group=${id}`, needed: '--rate-limit-group', expected: `id=${id},...` });
    if (limits.bandwidth === undefined && limits.ops === undefined) continue;
    return err({
      code: 'CONFLICT',
      first: `rate_limit_group=${id}`,
      second: 'bw_size and ops_size',
      resolve: "a disk's limits are its group's or its own",
    });
  }
  return ok(disks.map((disk) => ({ ...disk, limits: groups.get(disk.rateLimitGroup ?? '') ?? disk.limits })));
}

/** The first thing that two parts of the machine both claim. */
function findClash(options: VmOptions): ConfigError | undefined {
  if (options.serial.mode === 'tty' && options.console.channel.mode === 'tty') {
    return {
      code: 'CONFLICT',
      first: '--serial tty',
      second: '--console tty',
      resolve: 'there is one terminal: turn one of them off, as in --console off',
    };
  }
  return findRepeatedId(options) ?? findRepeatedSlot(options) ?? findRepeatedPath(options);
}

function findRepeatedId({ disks, console, rng }: VmOptions): ConfigError | undefined {
  const seen = new Set<string>();
  for (const { id } of [...disks, console, rng]) {
    if (seen.has(id)) return { code: 'REPEATED_ID', id };
    seen.add(id);
  }
  return undefined;
}

function findRepeatedSlot({ disks, console, rng }: VmOptions): ConfigError | undefined {
  const seen = new Map<number, string>();
  for (const { id, pciDeviceId } of [...disks, console, rng]) {
    if (pciDeviceId === undefined) continue;
    const first = seen.get(pciDeviceId);
    if (first !== undefined) {
      return {
        code: 'CONFLICT',
        first: `pci_device_id=${pciDeviceId} of ${first}`,
        second: `that of ${id}`,
        resolve: 'give each device a slot of its own',
      };
    }
    seen.set(pciDeviceId, id);
  }
  return undefined;
}

/** What a path is used for; two readers may share one. */
interface PathUse {
  readonly path: string;
  readonly use: string;
  readonly writes: boolean;
}

function findRepeatedPath(options: VmOptions): ConfigError | undefined {
  const seen = new Map<string, PathUse>();
  for (const use of pathUses(options)) {
    const absolute = resolve(use.path);
    const first = seen.get(absolute);
    if (first !== undefined && (first.writes || use.writes)) {
      return { code: 'PATH_USED_TWICE', path: use.path, first: first.use, second: use.use, why: whyTwice(first, use) };
    }
    if (first === undefined) seen.set(absolute, use);
  }
  return undefined;
}

function whyTwice(first: PathUse, second: PathUse): string {
  if (!first.use.startsWith('--disk') || !second.use.startsWith('--disk')) return 'give each a path of its own';
  return 'two disks may share an image only if both are readonly=on';
}

function pathUses(options: VmOptions): readonly PathUse[] {
  const modeUse = (use: string, mode: ConsoleMode): PathUse[] =>
    'path' in mode ? [{ path: mode.path, use: `${use} ${mode.mode}`, writes: true }] : [];
  const { payload } = options;
  const read = (use: string, path: string | undefined): PathUse[] => (path === undefined ? [] : [{ path, use, writes: false }]);
  return [
    ...read(`--${payload?.kind}`, payload?.path),
    ...read('--initramfs', payload?.kind === 'kernel' ? payload.initramfs : undefined),
    ...read('--rng', options.rng.source),
    ...options.disks.map((disk) => ({ path: disk.path, use: `--disk ${disk.id}`, writes: !disk.readOnly })),
    ...modeUse('--serial', options.serial),
    ...modeUse('--console', options.console.channel),
  ];
}
