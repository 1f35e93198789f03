/**
 * `npm run check`: types, lint with the module map, format, generated code, and planted violations of every rule. All run, each failure is shown.
 */
import { spawn } from 'node:child_process';
import { staleGenerated } from './generated.ts';
import { plantFailures } from './plants.ts';
import { root, tool } from './root.ts';

interface Step {
  readonly name: string;
  readonly program: string;
  readonly options: readonly string[];
  readonly remedy?: string;
}

const steps: readonly Step[] = [
  { name: 'types', program: 'typescript/bin/tsc', options: ['--noEmit', '-p', '.'] },
  { name: 'lint', program: 'oxlint/bin/oxlint', options: ['--report-unused-disable-directives'] },
  { name: 'format', program: 'oxfmt/bin/oxfmt', options: ['--check'], remedy: 'npm run format' },
];

let failed = false;
for (const step of steps) {
  const { status, output } = await run(step);
  tell(step.name, status === 0, status === 0 ? '' : output + (step.remedy === undefined ? '' : `\nRemedy: ${step.remedy}\n`));
}
const stale = staleGenerated();
tell('generated', stale.length === 0, stale.map((name) => `  ${name} is not what proto/ makes: shared/rpc/generate.sh\n`).join(''));
const missed = plantFailures();
tell('plants', missed.length === 0, missed.map((line) => `  ${line}\n`).join(''));
process.exitCode = failed ? 1 : 0;

function tell(name: string, fine: boolean, detail: string): void {
  process.stdout.write(`check: ${name} ${fine ? 'ok' : 'FAILED'}\n${detail}`);
  if (!fine) failed = true;
}

function run(step: Step): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, [tool(step.program), ...step.options], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}
