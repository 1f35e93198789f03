import { writeFileSync } from 'node:fs';

/** What `ps` and `top` show of this process, at most 15 bytes; its arguments stay. Called from its main thread. */
export function nameProcess(name: string): void {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // No /proc: nobody can look either.
  }
}
