import { spawn } from 'node:child_process';
import { root, tool } from '../check/root.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface MochaRun {
  readonly files: readonly string[];
  /** Mocha's own. */
  readonly options: readonly string[];
  readonly deadlineMinutes: number;
  /** Takes its output as it comes. */
  readonly show: (text: string) => void;
}

const MOCHA = 'mocha/bin/mocha.js';

/**
 * Runs test files in one mocha, in a process group of its own, with its output shown as it comes. A mocha that does not end in
 * time is killed with its group and counts as one more failure; so does one that ends badly without naming a failed test.
 */
export async function runMocha(run: MochaRun): Promise<Counts> {
  const { files, options, deadlineMinutes, show } = run;
  const child = spawn(process.execPath, [tool(MOCHA), ...(process.stdout.isTTY ? ['--color'] : []), ...options, ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const group = -(child.pid ?? 0);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    killGroup(group, 'SIGKILL');
  }, deadlineMinutes * 60_000);
  const pass = (signal: NodeJS.Signals): void => killGroup(group, signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, pass);
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    show(data.toString());
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(deadline);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, pass);
  if (late) show(`not finished after ${deadlineMinutes} minutes: killed\n`);
  const counts = countsIn(output);
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
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
  const plain = output.replaceAll(/\x1b\[\d*m/g, '');
  // The other counts come after that of the passed; what a test printed before is not ours to read.
  const start = [...plain.matchAll(/^ +\d+ passing \(/gm)].at(-1)?.index;
  if (start === undefined) return { passed: 0, failed: 0, skipped: 0 };
  const count = (word: string): number => Number(new RegExp(`^ +(\\d+) ${word}\\b`, 'm').exec(plain.slice(start))?.[1] ?? 0);
  return { passed: count('passing'), failed: count('failing'), skipped: count('pending') };
}

function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(group, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
