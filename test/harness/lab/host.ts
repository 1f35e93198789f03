import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKOUT } from '../checkout.ts';
import { OutputLog } from './output-log.ts';
import type { Ended, Place, RunningCommand } from './place.ts';

/** This machine, where its own /dev/kvm will do. */
export class Host implements Place {
  readonly kind = 'host';
  readonly usable = true;
  readonly broken = undefined;
  readonly share = mkdtempSync(join(tmpdir(), 'ch-host-'));
  readonly #running = new Set<RunningCommand>();

  async start(script: string): Promise<RunningCommand> {
    const child = spawn('bash', ['-c', script], { cwd: CHECKOUT, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = new OutputLog();
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    // A command that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => {});
    const { pid } = child;
    if (pid === undefined) throw new Error('cannot start bash');
    const ended = new Promise<Ended>((resolve) => {
      child.once('exit', (code, signal) => {
        const left = killSession(pid);
        const status = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
        child.once('close', () => resolve({ status, stderr: Buffer.concat(errors).toString(), left }));
      });
    });
    const command: RunningCommand = {
      onOutput: (listener) => output.listen(listener),
      errors: () => Buffer.concat(errors).toString(),
      write: (bytes) => void child.stdin.write(bytes),
      signal: (name) => void process.kill(pid, `SIG${name}`),
      kill: () => void process.kill(-pid, 'SIGKILL'),
      ended,
    };
    this.#running.add(command);
    void ended.then(() => this.#running.delete(command));
    return command;
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const command of running) command.kill();
    await Promise.all(running.map(({ ended }) => ended));
    rmSync(this.share, { recursive: true, force: true });
  }
}

/** Kills what still runs in session `session` and says what it was. */
function killSession(session: number): readonly string[] {
  const members = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && sessionOf(name) === session);
  return members.map((pid) => {
    const line = `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()}`;
    process.kill(Number(pid), 'SIGKILL');
    return line;
  });
}

/** proc(5), /proc/pid/stat: the session is the fourth field after the name, which ends with the last parenthesis. */
function sessionOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(session);
  } catch {
    return undefined;
  }
}
