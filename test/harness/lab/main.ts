/**
 * `lab COMMAND...`: runs one command line of bash in the lab, from the checkout's root. On a terminal the command has it, raw in
 * both directions; else standard input is the command's. Its exit status is ours.
 */
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { openLab } from './hypervisor.ts';
import { onPipes } from './user-pipes.ts';
import { UserSignals } from './user-signals.ts';
import { onTerminal } from './user-terminal.ts';

const USAGE = `Usage: npm run lab -- COMMAND...
Runs a command line in the lab: a Linux with a real /dev/kvm on a software CPU, whose files are this machine's. What it writes
is gone afterwards. CH_LAB_MEMORY is the lab's memory in MiB (3072).
`;

exitOnUncaught('lab');

const script = process.argv.slice(2).join(' ');
if (script === '' || script === '--help') {
  process.stderr.write(USAGE);
  exitNow(script === '' ? EXIT.usage : 0);
}
const memoryMiB = Number(process.env['CH_LAB_MEMORY'] ?? 3072);
const signals = new UserSignals();
const lab = await openLab({ memoryMiB, report: (line) => process.stderr.write(`${line}\n`), giveUp: signals.giveUp });
if (!lab.ok) {
  if (signals.status === undefined) process.stderr.write(`${lab.error}\n`);
  exitNow(signals.status ?? EXIT.failed);
}
const ended =
  process.stdin.isTTY && process.stdout.isTTY ? await onTerminal(lab.value, script, signals) : await onPipes(lab.value, script, signals);
process.stderr.write(ended.stderr);
await lab.value.close();
exitNow(ended.status);
