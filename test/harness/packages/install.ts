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
  const names = packageNames(missing, report);
  if (process.getuid?.() !== 0) {
    return err({
      code: 'NOT_ROOT',
      message: `packages are missing; run:\n  sudo apt-get install -y --no-install-recommends ${names.join(' ')}`,
    });
  }
  report(`installing Debian packages: ${names.join(' ')}`);
  return install(names, purposes, report);
}

function missingFor(purposes: readonly Purpose[]): readonly Requirement[] {
  return REQUIREMENTS.filter((requirement) => purposes.includes(requirement.purpose) && !requirement.present());
}

function install(names: readonly string[], purposes: readonly Purpose[], report: Report): Result<void, PackagesError> {
  const arguments_ = ['install', '-y', '-q', '--no-install-recommends', ...names];
  // The lists of a fresh container are empty or old: they are read again only where the first attempt fails.
  let run = aptGet(arguments_);
  if (run.status !== 0) {
    updateLists(report);
    run = aptGet(['install', '-y', '-q', '--no-install-recommends', ...packageNames(missingFor(purposes), report)]);
  }
  const left = missingFor(purposes);
  if (run.status === 0 && left.length === 0) return ok();
  const reasons = left.map((requirement) => `  ${requirement.reason} (${requirement.packages.join(' or ')})`);
  const said = run.output.trim().split('\n').slice(-8).join('\n');
  return err({ code: 'APT_FAILED', message: `apt-get ${arguments_.join(' ')} did not bring everything:\n${reasons.join('\n')}\n${said}` });
}

function aptGet(arguments_: readonly string[]): { readonly status: number; readonly output: string } {
  const run = spawnSync('apt-get', arguments_, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  return { status: run.status ?? 1, output: `${run.stdout}${run.stderr}` };
}

/** Of each requirement's packages the first that apt can install here, each once. */
function packageNames(missing: readonly Requirement[], report: Report): readonly string[] {
  const known = knownToApt(
    missing.flatMap((requirement) => requirement.packages),
    report,
  );
  return [...new Set(missing.flatMap(({ packages }) => packages.find((name) => known.has(name)) ?? packages.slice(0, 1)))];
}

/** With no lists at all (a fresh container) apt knows nothing: the lists are fetched once, by root. */
function knownToApt(names: readonly string[], report: Report): ReadonlySet<string> {
  const known = installable(names);
  if (known.size > 0 || process.getuid?.() !== 0) return known;
  updateLists(report);
  return installable(names);
}

function updateLists(report: Report): void {
  report('reading the lists of Debian packages (apt-get update)');
  aptGet(['update', '-q']);
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
