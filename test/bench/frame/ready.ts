/** What a benchmark needs before it can measure. */
import { spawnSync } from 'node:child_process';
import { expect } from '#shared/lang/result.ts';
import { CHECKOUT } from '../../harness/checkout.ts';
import { ensurePackages } from '../../harness/packages/install.ts';
import type { Purpose } from '../../harness/packages/requirements.ts';

/** Installs what is missing and builds the programs, so that no sample pays for it. */
export function makeReady(purposes: readonly Purpose[], note: (line: string) => void): void {
  expect(ensurePackages(purposes, note), 'packages');
  // Then dist/ is somebody else's to keep up to date.
  if ((process.env['CH_NO_BUILD'] ?? '') !== '') return;
  const built = spawnSync('sh', ['bin/lib/build.sh', CHECKOUT, process.execPath], { cwd: CHECKOUT, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new Error('the build failed');
}
