/** Makes the host's disk slow for some processes, where the kernel can (cgroups' limits for block devices) and the user may. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version 1 of cgroups has a tree for block devices alone, version 2 one for all. */
const TREES = [
  { folder: '/sys/fs/cgroup/blkio', file: 'blkio.throttle.read_bps_device', limit: (rate: number): string => `${rate}` },
  { folder: '/sys/fs/cgroup', file: 'io.max', limit: (rate: number): string => `rbps=${rate}` },
] as const;

export class SlowDisk implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** A limit for reads of the disk that `path` is on; undefined where there can be none. */
  static below(path: string, bytesPerSecond: number): SlowDisk | undefined {
    const disk = diskOf(path);
    if (disk === undefined) return undefined;
    for (const { folder, file, limit } of TREES) {
      const own = join(folder, `ch-slow-disk-${process.pid}`);
      try {
        mkdirSync(own);
      } catch {
        continue;
      }
      try {
        if (!existsSync(join(own, file))) throw new Error(`${file} is missing`);
        writeFileSync(join(own, file), `${disk} ${limit(bytesPerSecond)}`);
        return new SlowDisk(own);
      } catch {
        rmdirSync(own);
      }
    }
    return undefined;
  }

  /** From now on for this process too. */
  add(pid: number): void {
    writeFileSync(join(this.#folder, 'cgroup.procs'), `${pid}`);
  }

  /** All its processes have ended. */
  [Symbol.dispose](): void {
    rmdirSync(this.#folder);
  }
}

/** `major:minor` of the whole disk; undefined for a file system that is on none. */
function diskOf(path: string): string | undefined {
  const { dev } = statSync(path);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  const device = `/sys/dev/block/${major}:${minor}`;
  if (!existsSync(device)) return undefined;
  return existsSync(join(device, 'partition')) ? readFileSync(join(device, '../dev'), 'latin1').trim() : `${major}:${minor}`;
}
