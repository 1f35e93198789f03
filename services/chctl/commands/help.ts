/** What `chctl` says about itself, and what it says to commands that it does not know. */
import { nearest } from '#shared/config/render-error.ts';
import { EXIT } from '#shared/sys/process-exit.ts';
import manifest from '../../../package.json' with { type: 'json' };
import type { CommandIo } from '../image/image-command.ts';

const COMMANDS = ['run', 'device', 'image', 'doctor', 'version', 'help'];
const VERSION = ['version', '--version', '-V'];

const USAGE = `Usage: chctl COMMAND [options]

  run      boots a virtual machine; without options, a small demo guest
  device   looks at a disk of a running machine, resizes, limits, drains or upgrades it
  image    makes, inspects and checks disk images; gets a kernel to boot
  doctor   says what this machine can do and what is missing
  version  says which version this is
  help     this text; 'chctl COMMAND --help' has each command's own

Examples:
  chctl run
  chctl run --kernel vmlinux --disk path=root.raw --cpus boot=2 --memory size=1G
  chctl image make debian debian.raw
  chctl doctor
`;

export function versionLine(): string {
  return `chctl ${manifest.version}\n`;
}

/** For every command line that names no other command. Resolves to the exit status. */
export async function helpCommand(command: string | undefined, rest: readonly string[], io: CommandIo): Promise<number> {
  if (command !== undefined && VERSION.includes(command)) {
    io.stdout.write(versionLine());
    return EXIT.poweredOff;
  }
  if (command === 'help' && rest[0] === 'run') {
    const { runHelp } = await import('./run-help.ts');
    io.stdout.write(runHelp());
    return EXIT.poweredOff;
  }
  if (command === 'help' && rest[0] === 'device') {
    const { DEVICE_HELP } = await import('../device/device-arguments.ts');
    io.stdout.write(DEVICE_HELP);
    return EXIT.poweredOff;
  }
  if (command === 'help' && rest[0] === 'image') {
    const { imageCommand } = await import('../image/image-command.ts');
    return imageCommand(['--help'], io, '');
  }
  if (command === 'help' && rest[0] === 'doctor') {
    const { doctorCommand } = await import('./doctor.ts');
    return doctorCommand(['--help'], io);
  }
  if (command === 'help' || command === '--help' || command === '-h') {
    io.stdout.write(USAGE);
    return EXIT.poweredOff;
  }
  io.stderr.write(command === undefined ? USAGE : `chctl: ${unknown(command)} ('chctl help' lists the commands)\n`);
  return EXIT.usage;
}

function unknown(command: string): string {
  const shown = command.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
  if (command.startsWith('--')) return `"${shown}" needs a command before it; did you mean "chctl run ${shown}"?`;
  const name = nearest(command, COMMANDS);
  return `there is no command "${shown}"${name === undefined ? '' : `; did you mean "${name}"?`}`;
}
