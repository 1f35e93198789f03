import { spawnSync } from 'node:child_process';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { thisMachine } from './file-source.ts';
import type { ImageError } from './image-error.ts';

/** Many small programs in one that needs no library: what an initramfs and the demo guest consist of. */
export interface Busybox {
  readonly program: Uint8Array;
  /** The names under which it is one program each. */
  readonly applets: readonly string[];
}

const PLACES = ['/bin/busybox', '/usr/bin/busybox'];

export function staticBusybox(): Result<Busybox, ImageError> {
  for (const path of PLACES) {
    const program = thisMachine.read(path);
    if (program === undefined || !isStatic(program)) continue;
    const listed = spawnSync(path, ['--list'], { encoding: 'utf8' });
    const applets = listed.stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
    if (listed.status === 0) return ok({ program, applets });
  }
  return err({ code: 'PROGRAM_MISSING', message: 'a statically linked busybox is not installed (Debian: apt-get install busybox-static)' });
}

/** A dynamically linked ELF file names its interpreter near its start. */
function isStatic(elf: Uint8Array): boolean {
  return !Buffer.from(elf.subarray(0, 4096)).includes('/lib64/ld-linux');
}
