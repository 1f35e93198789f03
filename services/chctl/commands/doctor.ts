/** `chctl doctor`: what this machine can do, and what is missing. */
import { EXIT } from '#shared/sys/process-exit.ts';
import { type Finding, checkMachine } from './machine-checks.ts';

export interface DoctorIo {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  readonly stderr: { write(text: string): unknown };
}

const HELP = `Usage: chctl doctor [--json]

Says what this machine can do and what is missing: KVM and its kind, io_uring, tun, namespaces, cgroups, huge pages, programs.
Exit status: 0 where machines can run, 1 where something that they need is missing.

  --json   the findings as JSON, one object: {"findings":[{"name","state":"ok|limited|needed","detail","remedy"}]}
`;

export async function doctorCommand(args: readonly string[], io: DoctorIo): Promise<number> {
  const [option, extra] = args;
  if (option === '--help' || option === '-h') {
    io.stdout.write(HELP);
    return EXIT.poweredOff;
  }
  if ((option !== undefined && option !== '--json') || extra !== undefined) {
    io.stderr.write(
      `chctl doctor: unexpected argument "${(extra ?? option ?? '').replace(/[^\x20-\x7e]/g, '?')}"; it takes --json alone\n`,
    );
    return EXIT.usage;
  }
  const findings = checkMachine();
  const colours = io.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  io.stdout.write(option === '--json' ? `${JSON.stringify({ findings }, undefined, 2)}\n` : renderFindings(findings, colours));
  return findings.some(({ state }) => state === 'needed') ? EXIT.failed : EXIT.poweredOff;
}

const MARKS: Readonly<Record<Finding['state'], { readonly mark: string; readonly colour: number }>> = {
  ok: { mark: 'ok', colour: 32 },
  limited: { mark: 'limited', colour: 33 },
  needed: { mark: 'MISSING', colour: 31 },
};

export function renderFindings(findings: readonly Finding[], colours: boolean): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, detail, remedy }) => {
    const { mark, colour } = MARKS[state];
    const padded = mark.padEnd('limited'.length);
    const shown = colours ? `\u001b[${colour}m${padded}\u001b[0m` : padded;
    const indent = ' '.repeat('limited'.length + width + 4);
    return [`${shown}  ${name.padEnd(width)}  ${detail}`, ...(remedy === undefined ? [] : [`${indent}-> ${remedy}`])];
  });
  return `${lines.join('\n')}\n`;
}
