/**
 * The only way out of a process.
 *
 * A worker blocked in a native call hangs `process.exit`, an uncaught throw and `worker.terminate()` alike, until SIGKILL
 * (measured on node 20 and 24). So nothing here waits for a worker: exit_group ends every thread at once.
 */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { syscall } from './ffi.ts';
import { SYS } from './syscall-numbers.ts';

/** Exit statuses of every program of this project. */
export const EXIT = { poweredOff: 0, failed: 1, usage: 2, guestFault: 3, deviceLost: 4 } as const;

/** Ends the process now, with all its threads, without running anything else. Never returns. */
export function exitNow(status: number): never {
  syscall(SYS.exit_group, status);
  throw new Error('exit_group returned');
}

/** The one record that a fatal error leaves on standard error, for the parent to read. */
export function fatalRecord(program: string, error: unknown): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${program}: fatal: ${detail}\n`;
}

/**
 * Makes any throw that nobody caught, on this thread, end the whole process within the same tick: one record on standard
 * error, then `exit_group`. Call it first thing in every `main.ts` and every worker entry.
 */
export function exitOnUncaught(program: string, status: number = EXIT.failed): void {
  const die = (error: unknown): never => {
    try {
      writeSync(2, fatalRecord(program, error));
    } catch {
      // Standard error is gone: the status still tells.
    }
    return exitNow(status);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

/**
 * Writes what node has compiled on this thread for the next process that starts (NODE_COMPILE_CACHE), which node itself does only
 * at an exit of its own kind. Costs nothing where the next process finds all of it already.
 */
export function keepCompiledCode(): void {
  flushCompileCache();
}
