import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type Purpose, REQUIREMENTS, type Requirement } from './requirements.ts';

type Report = (line: string) => void;

export interface PackagesError {
  /** NOT_ROOT and NO_APT: the user has to install something. APT_FAILED: apt was run and said no. */
  readonly code: 'NOT_ROOT' | 'NO_APT' | 'APT_FAILED';
  /** Says what is missing, and the one line to run. */
  readonly message: string;
}

/**
 * Makes sure that everything for `purposes` is installed. Looks at a dozen files where nothing is missing; installs with apt
 * where this is root on a Debian or Ubuntu; else says what to run.
 */
export function ensurePackages(purposes: readonly Purpose[], report: Report): Result<void, PackagesError> {
  const missing = missingFor(purposes);
  if (missing.length === 0) return ok();
  if (!existsSync('/usr/bin/apt-get')) return err({ code: 'NO_APT', message: noApt(missing) });
  if (process.getuid?.() === 0) return install(purposes, report);
  return err({ code: 'NOT_ROOT', message: `packages are missing; run:\n  sudo apt-get ${installWords(missing).join(' ')}` });
}

function missingFor(purposes: readonly Purpose[]): readonly Requirement[] {
  return REQUIREMENTS.filter((requirement) => purposes.includes(requirement.purpose) && !requirement.present());
}

function install(purposes: readonly Purpose[], report: Report): Result<void, PackagesError> {
  // The lists of a fresh container are empty or old: they are read where apt knows nothing, or where the first attempt fails.
  const packages = missingFor(purposes).flatMap((requirement) => requirement.packages);
  let update = installable(packages).size === 0 ? updateLists(report) : undefined;
  let run = installMissing(purposes, report);
  if (run.status !== 0 && update === undefined) {
    update = updateLists(report);
    run = installMissing(purposes, report);
  }
  const left = missingFor(purposes);
  if (run.status === 0 && left.length === 0) return ok();
  const reasons = left.map((requirement) => `  ${requirement.reason} (${requirement.packages.join(' or ')})`);
  const said = [update, run].flatMap((one) => (one === undefined || one.status === 0 ? [] : [`${one.command}:`, ...lastLines(one.output)]));
  return err({ code: 'APT_FAILED', message: ['apt-get did not bring everything:', ...reasons, ...said].join('\n') });
}

function installMissing(purposes: readonly Purpose[], report: Report): AptRun {
  const words = installWords(missingFor(purposes));
  report(`installing Debian packages (a minute or more): ${words.slice(INSTALL.length).join(' ')}`);
  return aptGet(words);
}

function updateLists(report: Report): AptRun {
  report('reading the lists of Debian packages');
  return aptGet(['update', '-q']);
}

interface AptRun {
  readonly command: string;
  readonly status: number;
  readonly output: string;
}

function aptGet(words: readonly string[]): AptRun {
  const run = spawnSync('apt-get', words, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  return { command: `apt-get ${words.join(' ')}`, status: run.status ?? 1, output: `${run.stdout}${run.stderr}` };
}

function lastLines(output: string): readonly string[] {
  return output.trim().split('\n').slice(-8);
}

const INSTALL = ['install', '-y', '--no-install-recommends'];

/** Of each requirement's packages the first that apt can install here, each once. */
function installWords(missing: readonly Requirement[]): readonly string[] {
  const known = installable(missing.flatMap((requirement) => requirement.packages));
  const names = missing.flatMap(({ packages }) => packages.find((name) => known.has(name)) ?? packages.slice(0, 1));
  return [...INSTALL, ...new Set(names)];
}

function installable(names: readonly string[]): ReadonlySet<string> {
  const asked = spawnSync('apt-cache', ['madison', ...names], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return new Set(
    (asked.stdout ?? '')
      .split('\n')
      .map((line) => line.split('|')[0]?.trim() ?? '')
      .filter((name) => name !== ''),
  );
}

function noApt(missing: readonly Requirement[]): string {
  const lines = missing.map(({ reason, packages }) => `  ${reason} (Debian: ${packages.join(' or ')})`);
  return `missing on this machine, which has no apt-get:\n${lines.join('\n')}`;
}
