/** `chctl run` in small, with the core and device of this folder, and with deadlines of a test. Arguments: options. */
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseCommandLine } from '#shared/config/command-line.ts';
import { parseVmOptions } from '#shared/config/parse-vm-config.ts';
import { expect } from '#shared/lang/result.ts';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { BegunMachine } from '../index.ts';

exitOnUncaught('launcher');

const given = expect(parseCommandLine(process.argv.slice(2)), 'arguments');
const { payload, ...rest } = expect(parseVmOptions(given, { serial: 'null', console: 'off', cmdline: '' }), 'options');
if (payload === undefined) throw new Error('a kernel is needed');
/** Longer than any test, unless a test says otherwise. */
const deadlineOf = (name: string): number => Number(process.env[name] ?? 60_000);
const script = (name: string): string => fileURLToPath(new URL(`${name}.fixture.ts`, import.meta.url));
const say = (line: string): void => void writeSync(2, `${line}\n`);

const begun = expect(BegunMachine.begin(script('core'), false), 'begin');
const run = await begun.run(
  { ...rest, payload },
  {
    programs: { core: script('core'), block: script('block') },
    logLevel: 0,
    slowKvm: given.has('slow-kvm'),
    tell: say,
    deadlines: { startMs: deadlineOf('START_MS'), powerOffMs: deadlineOf('POWER_OFF_MS'), stopMs: 1000 },
  },
);
if (!run.ok) {
  say(run.error.message);
  exitNow(1);
}
for (const line of run.value.lines) say(line);
exitNow(run.value.status);
