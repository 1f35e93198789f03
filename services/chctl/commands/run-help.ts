import { DISK_KEYS_HELP } from '#shared/config/disk-help.ts';
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

const HELP_COLUMN = 26;
const COLUMNS = 110;

/** The help of `chctl run`, from the table of options. */
export function runHelp(): string {
  const specs: [string, OptionSpec][] = Object.entries(OPTIONS);
  const rows = specs.flatMap(([name, { value, help, repeats }]) => {
    if (help === undefined) return [];
    const usage = `${SHORT[name] ?? ''}--${name}${value === undefined ? '' : ` ${value}`}${repeats === true ? ' ...' : ''}`;
    return [row(usage, help)];
  });
  return `Usage: chctl run [options]

Boots a virtual machine and stays until it has ended. Each disk is served by a process of its own.
Defaults: --cpus boot=1 --memory size=512M --serial tty --console off --cmdline "console=ttyS0 root=/dev/vda"

${rows.join('\n')}

Keys of --disk, with commas between them:

${DISK_KEYS_HELP.map(([usage, meaning]) => row(usage, meaning)).join('\n')}

${EXAMPLES}`;
}

function row(usage: string, help: string): string {
  const [first = '', ...more] = wrap(help);
  const indented = more.map((line) => `\n${' '.repeat(HELP_COLUMN)}${line}`).join('');
  const fits = usage.length + 4 <= HELP_COLUMN;
  return `  ${fits ? usage.padEnd(HELP_COLUMN - 2) : `${usage}\n${' '.repeat(HELP_COLUMN)}`}${first}${indented}`;
}

/** As lines that fit beside the names of the options. */
function wrap(help: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of help.split(' ')) {
    if (line !== '' && HELP_COLUMN + line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
