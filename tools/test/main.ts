/**
 * `npm test [-- TIER... [mocha's options]]`: runs every tier of tests that this machine can, and says what it skipped and why.
 * The last line is `N passed, N failed, N skipped` over all tiers.
 */
import { spawnSync } from 'node:child_process';
import { chooseHypervisor } from '../../test/harness/lab/hypervisor.ts';
import { root } from '../check/root.ts';
import { type MochaOutcome, countTests, runMocha } from './run-mocha.ts';
import { TIERS, type Tier } from './tiers.ts';

const report = (line: string): void => void process.stdout.write(`${line}\n`);

const names = TIERS.map(({ name }) => name);
const words = process.argv.slice(2);
const wanted = words.filter((word) => names.includes(word));
const options = words.filter((word) => !names.includes(word));
const tiers = wanted.length === 0 ? TIERS : TIERS.filter(({ name }) => wanted.includes(name));

type TierOutcome = MochaOutcome & { readonly reason?: string };

const outcomes: (TierOutcome & { readonly tier: string; readonly seconds: number })[] = [];
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => (interrupted = true));

report(`virtual machines run on ${chooseHypervisor().reason}`);
build();
for (const tier of tiers) {
  if (interrupted) break;
  const startedAt = Date.now();
  const outcome = await run(tier);
  outcomes.push({ tier: tier.name, seconds: Math.round((Date.now() - startedAt) / 1000), ...outcome });
}
summarize();

async function run(tier: Tier): Promise<TierOutcome> {
  const none = { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (tier.files.length === 0) return { ...none, reason: 'no tests' };
  report(`\n== ${tier.name}: ${tier.what}`);
  const reason = tier.prepare(report);
  if (reason === undefined) {
    const deadline = AbortSignal.timeout(tier.deadlineMinutes * 60_000);
    return runMocha({ files: tier.files, options, deadline, show: (text) => void process.stdout.write(text) });
  }
  report(`skipped: ${reason}`);
  return { ...none, skipped: await countTests(tier.files), reason };
}

/** The programs that tests start are taken from dist/ as it is: made once, now. */
function build(): void {
  const { status } = spawnSync('sh', ['bin/lib/build.sh', root, process.execPath], { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  report('the build failed: tests that start programs will fail');
  process.exitCode = 1;
}

function summarize(): void {
  report('\n== summary');
  for (const { tier, passed, failed, skipped, seconds, failures, reason } of outcomes) {
    const why = reason === undefined ? '' : `  (${reason.split('\n')[0]})`;
    report(`${tier.padEnd(8)} ${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds} s${why}`);
    for (const failure of failures) report(`  failed: ${failure}`);
  }
  const sum = (key: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  if (interrupted) {
    report('interrupted: the rest was not run');
    process.exitCode = 1;
  }
  if (sum('failed') > 0) {
    report('logs of failed tests: .cache/failures');
    process.exitCode = 1;
  }
  report(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
}
