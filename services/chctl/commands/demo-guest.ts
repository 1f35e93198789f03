/** The guest of `chctl run` without a kernel: made once from this machine's kernel, then kept in the user's cache. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { printable } from '#shared/lang/printable.ts';
import { DEFAULT_RESTART_TIMEOUT_MS } from '#shared/config/device-options.ts';
import type { VmOptions } from '#shared/config/parse-vm-config.ts';
import type { DiskConfig, VmConfig } from '#shared/config/vm-config.ts';
import { demoVersion, makeDemoGuest } from '../image/demo.ts';

const CMDLINE = 'console=ttyS0 root=/dev/vda quiet';

/** The configuration with the demo guest's kernel, and its disk where there is none; a text says what is wrong. */
export async function withDemoGuest(options: VmOptions, tell: (line: string) => void): Promise<VmConfig | string> {
  const cache = cacheFolder();
  const problem = makeFolder(cache);
  if (problem !== undefined) return problem;
  const folder = join(cache, `demo-${demoVersion()}`);
  const kernel = join(folder, 'vmlinux');
  const initramfs = join(folder, 'initramfs');
  if (!existsSync(folder)) {
    tell('no --kernel given: making the demo guest (once)');
    const partial = `${folder}.${process.pid}`;
    const made = await makeDemoGuest(partial);
    if (!made.ok) {
      rmSync(partial, { recursive: true, force: true });
      return `the demo guest cannot be made: ${made.error.message}; or give a kernel with --kernel PATH`;
    }
    keep(partial, folder);
  }
  const disks = options.disks.length > 0 ? options.disks : [demoDisk(join(folder, 'disk.raw'))];
  return { ...options, payload: { kind: 'kernel', path: kernel, initramfs, cmdline: CMDLINE }, disks };
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'ch');
}

/** Makes the folder and its parent; what is in the way, as one line. (node's recursive mkdir never ends below /proc.) */
function makeFolder(folder: string): string | undefined {
  try {
    for (const part of [dirname(folder), folder]) if (!existsSync(part)) mkdirSync(part);
    return undefined;
  } catch (error) {
    const name = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return `the demo guest's folder "${printable(folder)}" cannot be made (${name}): set XDG_CACHE_HOME to a folder of your own, or give a kernel with --kernel PATH`;
  }
}

/** Another chctl may have made the same meanwhile: then that one is kept. */
function keep(partial: string, folder: string): void {
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

function demoDisk(path: string): DiskConfig {
  return {
    id: '_disk0',
    path,
    readOnly: false,
    imageType: 'raw',
    direct: false,
    backingFiles: false,
    sparse: true,
    numQueues: 1,
    queueSize: 128,
    queueAffinity: [],
    lockGranularity: 'byte-range',
    restartTimeoutMs: DEFAULT_RESTART_TIMEOUT_MS,
    onRestartTimeout: 'end',
    limits: {},
    rateLimitGroup: undefined,
    serial: undefined,
    pciDeviceId: undefined,
  };
}
