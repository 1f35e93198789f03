import { closeSync, existsSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An open file that a block's end closes. */
export function openDisk(path: string, mode: 'r' | 'r+' = 'r+'): Disposable & { readonly fd: number } {
  const fd = openSync(path, mode);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}

/** A new folder, in memory where there is one: what is made durable there costs no time. */
export function quickFolder(prefix: string): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), prefix));
}
