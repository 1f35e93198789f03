/**
 * `npm start`: from a fresh checkout to the shell of a Linux guest. Without a terminal: until the guest has greeted and powered
 * off. What it does is said on standard error; standard output is the guest's.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { type DemoGuest, DEMO_GREET_ONLY } from '../../services/chctl/image/demo.ts';
import { CHECKOUT } from '../harness/checkout.ts';
import { copyDisk, demoGuest } from '../harness/guests.ts';
import { chooseHypervisor, openLab } from '../harness/lab/hypervisor.ts';
import { onPipes } from '../harness/lab/user-pipes.ts';
import { UserSignals } from '../harness/lab/user-signals.ts';
import { onTerminal } from '../harness/lab/user-terminal.ts';
import { ensurePackages } from '../harness/packages/install.ts';
import { Progress } from './progress.ts';

exitOnUncaught('start');

/** Room for the demo guest and its processes. The lab's kernel is up sooner with less. */
const LAB_MEMORY_MIB = 1536;
/** Spare the guest's kernel work that nobody needs there: on a software CPU that is half a second. */
const LAB_CMDLINE = ' cryptomgr.notests audit=0 apparmor=0';

const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
const HAND_OVER = interactive ? "the guest boots; 'poweroff' or Ctrl-A x ends it" : 'the guest boots, greets and powers off';
const progress = new Progress(process.stderr);
const hypervisor = chooseHypervisor();
progress.say(`the guest runs in ${hypervisor.reason}`);
const packages = ensurePackages(hypervisor.kind === 'lab' ? ['lab', 'images'] : ['images'], (line) => progress.say(line));
if (!packages.ok) {
  progress.say(packages.error.message);
  exitNow(EXIT.failed);
}
const ready = Promise.all([
  progress.step('programs are built', buildPrograms()),
  progress.step(
    'kernel, initramfs and disk of the demo guest are there',
    demoGuest((line) => progress.say(line)),
  ),
]);
exitNow(hypervisor.kind === 'host' ? await onHost() : await inLab());

async function onHost(): Promise<number> {
  const [, demo] = await ready;
  const folder = mkdtempSync(join(tmpdir(), 'ch-start-'));
  const script = runScript({ ...demo, disk: copyDisk(folder, demo.disk, 'start') }, '');
  progress.say(HAND_OVER);
  const child = spawn('sh', ['-c', script], { cwd: CHECKOUT, stdio: 'inherit' });
  // Ctrl-C belongs to the guest's terminal while it is there; a signal to us alone goes on to it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (code, by) => resolve([code, by]));
  });
  rmSync(folder, { recursive: true });
  return signal === null ? (status ?? EXIT.failed) : 128 + constants.signals[signal];
}

async function inLab(): Promise<number> {
  const signals = new UserSignals();
  const lab = await openLab({ memoryMiB: LAB_MEMORY_MIB, report: (line) => progress.say(line), giveUp: signals.giveUp });
  if (!lab.ok) {
    progress.say(signals.status === undefined ? lab.error : 'interrupted');
    return signals.status ?? EXIT.failed;
  }
  progress.say('the lab is up');
  const [, demo] = await ready;
  const script = `export CH_NO_BUILD=1\n${runScript({ ...demo, disk: copyDisk(lab.value.share, demo.disk, 'start') }, LAB_CMDLINE)}`;
  progress.say(HAND_OVER);
  const ended = interactive ? await onTerminal(lab.value, script, signals) : await onPipes(lab.value, script, signals);
  process.stderr.write(ended.stderr);
  await lab.value.close();
  return ended.status;
}

function buildPrograms(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(CHECKOUT, 'bin/chctl'), ['--version'], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`bin/chctl --version failed with status ${status}`))));
  });
}

function runScript(demo: DemoGuest, furtherCmdline: string): string {
  const cmdline = `console=ttyS0 root=/dev/vda quiet${furtherCmdline}${interactive ? '' : ` ${DEMO_GREET_ONLY}`}`;
  const words = ['--kernel', demo.kernel, '--initramfs', demo.initramfs, '--disk', `path=${demo.disk}`, '--cmdline', cmdline];
  const sizes = '--cpus boot=1 --memory size=512M --serial tty --console off';
  return `exec bin/chctl run ${sizes} ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`;
}
