import { spawn } from 'node:child_process';
import { type Result, err, ok } from '#shared/lang/result.ts';
import type { ImageError } from './image-error.ts';

export interface ProgramRun {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The Debian package to name where the program is missing. */
  readonly debianPackage: string;
  /** Hears every line that the program says on standard error. */
  readonly onLine?: (line: string) => void;
}

const SYSTEM_PATHS = '/usr/sbin:/sbin:/usr/bin:/bin';
const LINES_TO_SHOW = 5;

/** Runs a program to its end; its failure shows its last lines. */
export function runProgram(run: ProgramRun): Promise<Result<void, ImageError>> {
  const { program, environment = {} } = run;
  const env = { ...process.env, LC_ALL: 'C', ...environment, PATH: `${process.env['PATH'] ?? ''}:${SYSTEM_PATHS}` };
  const child = spawn(program, run.arguments, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (rest + text).split('\n');
    rest = pieces.pop() ?? '';
    for (const line of pieces) run.onLine?.(line);
    lines.push(...pieces);
    lines.splice(0, lines.length - LINES_TO_SHOW);
  });
  return new Promise((resolve) => {
    child.once('error', () =>
      resolve(
        err({ code: 'PROGRAM_MISSING', message: `the program ${program} is not installed (Debian: apt-get install ${run.debianPackage})` }),
      ),
    );
    child.once('close', (status, signal) => {
      if (status === 0) return resolve(ok());
      const how = signal === null ? `status ${status}` : signal;
      resolve(err({ code: 'PROGRAM_FAILED', message: `${program} failed (${how}):\n${[...lines, rest].join('\n').trim()}` }));
    });
  });
}
