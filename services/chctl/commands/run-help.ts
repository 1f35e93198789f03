import { DISK_KEYS_HELP } from '#shared/config/disk-help.ts';
import { helpRow } from '#shared/config/help-row.ts';
import { OPTIONS, type OptionSpec } from '#shared/config/option-table.ts';

const EXAMPLES = `Examples:
  chctl run
      the demo guest, at this terminal
  chctl run --kernel vmlinux --initramfs initramfs --disk path=debian.raw --cpus boot=2 --memory size=1G
      a guest of your own ('chctl image --help' says how to make one)
  chctl run --kernel vmlinux --disk path=root.qcow2,image_type=qcow2 path=data.raw,readonly=on --serial file=guest.log
      several disks, output to a file

At the terminal: Ctrl-A x presses the power button (twice ends the machine at once), Ctrl-A h helps, Ctrl-A
Ctrl-A sends Ctrl-A.

Exit status: 0 powered off by the guest, 1 failed, 2 usage, 3 guest fault, 4 device lost, 128+N ended by signal N.
`;

const SHORT: Readonly<Record<string, string>> = { verbose: '-v, ', help: '-h, ' };

/** The help of `chctl run`, from the table of options. */
export function runHelp(): string {
  const specs: [string, OptionSpec][] = Object.entries(OPTIONS);
  const rows = specs.flatMap(([name, { value, help, repeats }]) => {
    if (help === undefined) return [];
    const usage = `${SHORT[name] ?? ''}--${name}${value === undefined ? '' : ` ${value}`}${repeats === true ? ' ...' : ''}`;
    return [helpRow(usage, help)];
  });
  return `Usage: chctl run [options]

Boots a virtual machine and stays until it has ended. Each disk is served by a process of its own.
Defaults: --cpus boot=1 --memory size=512M --serial tty --console off --cmdline "console=ttyS0 root=/dev/vda"

${rows.join('\n')}

Keys of --disk, with commas between them:

${DISK_KEYS_HELP.map(([usage, meaning]) => helpRow(usage, meaning)).join('\n')}

${EXAMPLES}`;
}
