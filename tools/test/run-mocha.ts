import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, tool } from '../check/root.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface MochaOutcome extends Counts {
  /** Each failed test by its full title, and what else went wrong. */
  readonly failures: readonly string[];
}

export interface MochaRun {
  readonly files: readonly string[];
  /** Mocha's own. */
  readonly options: readonly string[];
  /** Aborted when mocha has had its time. */
  readonly deadline: AbortSignal;
  /** Takes its output as it comes. */
  readonly show: (text: string) => void;
}

const MOCHA = 'mocha/bin/mocha.js';

/**
 * Runs test files in one mocha, in a process group of its own, with its output shown as it comes. A mocha that does not end in
 * time is killed with its group and counts as one more failure; so does one that ends badly without naming a failed test, unless
 * it was interrupted.
 * Its temporary files go to a folder that is removed afterwards: tests that are killed cannot clean up.
 */
export async function runMocha(run: MochaRun): Promise<MochaOutcome> {
  const { show, deadline } = run;
  const temporary = mkdtempSync(join(tmpdir(), 'ch-tests-'));
  // Some tests start programs as another user.
  chmodSync(temporary, 0o755);
  let output = '';
  const { status, interrupted } = await runIn(temporary, run, (text) => {
    output += text;
    show(text);
  });
  if (deadline.aborted) show('not finished in time: killed\n');
  const left = readdirSync(temporary);
  if (left.length > 0) show(`left behind among temporary files: ${left.join(', ')}\n`);
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  const counts = countsIn(output);
  const failures = [...failuresIn(output)];
  if (deadline.aborted) failures.push(`not finished in time, after: ${lastLine(output)}`);
  else if (status !== 0 && counts.failed === 0 && !interrupted) failures.push('ended badly, and named no test');
  return { ...counts, failed: Math.max(failures.length, counts.failed), failures };
}

interface MochaEnd {
  readonly status: number | null;
  /** We were told to end, and told it. */
  readonly interrupted: boolean;
}

async function runIn(temporary: string, { files, options, deadline }: MochaRun, hear: (text: string) => void): Promise<MochaEnd> {
  const child = spawn(process.execPath, [tool(MOCHA), ...(process.stdout.isTTY ? ['--color'] : []), ...options, ...files], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const group = -(child.pid ?? 0);
  const end = (): void => killGroup(group, 'SIGKILL');
  let interrupted = false;
  const pass = (signal: NodeJS.Signals): void => {
    interrupted = true;
    killGroup(group, signal);
  };
  deadline.addEventListener('abort', end);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, pass);
  child.stdout.on('data', (data: Buffer) => hear(data.toString()));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  deadline.removeEventListener('abort', end);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, pass);
  return { status, interrupted };
}

/** How many tests the files hold, without running any. */
export async function countTests(files: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [tool(MOCHA), '--dry-run', '--reporter', 'dot', ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return countsIn(output).passed;
}

/** Mocha's own summary, at the end of its output. */
export function countsIn(output: string): Counts {
  const summary = summaryOf(output);
  const count = (word: string): number => Number(new RegExp(`^ +(\\d+) ${word}\\b`, 'm').exec(summary)?.[1] ?? 0);
  return { passed: count('passing'), failed: count('failing'), skipped: count('pending') };
}

/**
 * The full titles of the failed tests. The summary numbers them: two spaces, the number, and the titles of suites and test, each on
 * a line of its own and further in than the error that follows. What an error quotes may look so too, but has other numbers.
 */
export function failuresIn(output: string): readonly string[] {
  const summary = summaryOf(output);
  const listed = summary.slice(summary.search(/^ +\d+ failing$/m));
  const titles: string[] = [];
  for (const [, number, lines = ''] of listed.matchAll(/^ {2}(\d+)\) (.*(?:\n {7,}.*)*)/gm)) {
    if (Number(number) === titles.length + 1) titles.push(lines.replace(/:$/, '').split(/\n */).join(' '));
  }
  return titles;
}

/** Tests are told of when they have ended: the next one is where it hangs. */
function lastLine(output: string): string {
  return plainOf(output).trim().split('\n').at(-1)?.trim() ?? '';
}

/** It begins with the count of the passed; what a test printed before is not ours to read. */
function summaryOf(output: string): string {
  const plain = plainOf(output);
  const start = [...plain.matchAll(/^ +\d+ passing \(/gm)].at(-1)?.index;
  return start === undefined ? '' : plain.slice(start);
}

/** Without colours. */
function plainOf(output: string): string {
  return output.replaceAll(/\x1b\[[\d;]*m/g, '');
}

function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(group, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
