/** A block device of the host that loses what is written to it: the file behind it has no room. Its page cache takes all, and an fdatasync tells. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = 4096;

export class LosingDevice implements Disposable {
  readonly path: string;
  readonly #mounted: string;

  private constructor(path: string, mounted: string) {
    this.path = path;
    this.#mounted = mounted;
  }

  /** Undefined where this user cannot make one. */
  static make(folder: string, size: number): LosingDevice | undefined {
    const mounted = join(folder, 'full');
    mkdirSync(mounted);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${PAGE}`, 'none', mounted]).status !== 0) return undefined;
    writeFileSync(join(mounted, 'filler'), Buffer.alloc(PAGE));
    const file = join(mounted, 'file');
    writeFileSync(file, '');
    truncateSync(file, size);
    const made = spawnSync('losetup', ['--find', '--show', file], { encoding: 'utf8' });
    if (made.status === 0) return new LosingDevice(made.stdout.trim(), mounted);
    spawnSync('umount', [mounted]);
    return undefined;
  }

  [Symbol.dispose](): void {
    spawnSync('losetup', ['--detach', this.path]);
    spawnSync('umount', ['--lazy', this.#mounted]);
  }
}
