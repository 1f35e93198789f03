/** Installs the Debian packages for the purposes named on the command line; without any, for all. */
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { ensurePackages } from './install.ts';
import { type Purpose, REQUIREMENTS } from './requirements.ts';

exitOnUncaught('packages');

const all: readonly Purpose[] = [...new Set(REQUIREMENTS.map(({ purpose }) => purpose))];
const named = process.argv.slice(2);
const unknown = named.find((name) => !all.some((purpose) => purpose === name));
if (unknown !== undefined) {
  process.stderr.write(`packages: unknown purpose '${unknown}'; there are: ${all.join(' ')}\n`);
  exitNow(EXIT.usage);
}
const done = ensurePackages(named.length === 0 ? all : all.filter((purpose) => named.includes(purpose)), (line) => {
  process.stderr.write(`${line}\n`);
});
if (!done.ok) {
  process.stderr.write(`${done.error.message}\n`);
  exitNow(EXIT.failed);
}
