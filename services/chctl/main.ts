/**
 * `chctl`: runs virtual machines. This file only chooses the command: `run` is on the clock from here to the guest's first
 * instruction, so nothing is loaded that the command does not need.
 */
import { fileURLToPath } from 'node:url';
import { exitNow, exitOnUncaught, keepCompiledCode } from '#shared/sys/process-exit.ts';

exitOnUncaught('chctl');

const [command, ...rest] = process.argv.slice(2);

void dispatch().then(exitNow);

async function dispatch(): Promise<number> {
  switch (command) {
    case 'run': {
      // The core starts first: what it needs to know is read meanwhile.
      const { BegunMachine } = await import('../orchestrator/index.ts');
      const where = programs();
      const begun = asksOnly(rest) ? undefined : BegunMachine.begin(where.core, rest.some(isVerbose));
      const { runCommand } = await import('./commands/run.ts');
      const status = await runCommand(rest, where, begun);
      keepCompiledCode();
      return status;
    }
    case 'image': {
      const { imageCommand } = await import('./image/image-command.ts');
      return imageCommand(rest, process, programs().describer);
    }
    case 'device': {
      const { deviceCommand } = await import('./device/device-command.ts');
      return deviceCommand(rest, process);
    }
    case 'doctor': {
      const { doctorCommand } = await import('./commands/doctor.ts');
      return doctorCommand(rest, process);
    }
    default: {
      const { helpCommand } = await import('./commands/help.ts');
      return helpCommand(command, rest, process);
    }
  }
}

/** `chctl run --help` starts nothing. (Later in the line it may be another option's value.) */
function asksOnly([first = '']: readonly string[]): boolean {
  return ['--help', '-h', '--version', '-V'].includes(first);
}

function isVerbose(argument: string): boolean {
  return argument === '--verbose' || /^-v+$/.test(argument);
}

/** The other processes' scripts, in the same tree as this one: sources beside sources, bundles beside bundles. */
function programs() {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = (path: string): string => fileURLToPath(new URL(`../../${path}/main.${extension}`, import.meta.url));
  return { core: script('vmm-core'), block: script('devices/block'), describer: script('devices/block/image') };
}
