/** Joins a running machine with the one who started it: signals, the terminal, and where its ptys are. */
import type { ConsoleEnds } from './launch/console-channel.ts';
import type { Supervisor } from './supervise/supervisor.ts';
import { Terminal } from './terminal/terminal.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

/** Returns what undoes it. */
export function attachUser(supervisor: Supervisor, consoles: readonly ConsoleEnds[], tell: (line: string) => void): () => void {
  const undo: (() => void)[] = [];
  for (const signal of SIGNALS) {
    const pass = (): void => supervisor.signal(signal);
    process.on(signal, pass);
    undo.push(() => process.off(signal, pass));
  }
  for (const { name, typed, ptyPath } of consoles) {
    if (ptyPath !== undefined) tell(`${name}: ${ptyPath}`);
    if (typed === undefined) continue;
    const terminal = new Terminal({ typed, onEnd: () => supervisor.signal('SIGTERM') });
    undo.push(() => terminal.restore());
  }
  return () => {
    for (const step of undo) step();
  };
}
