/** Joins a running machine with the one who started it: the terminal, and where its ptys are. */
import type { ConsoleEnds } from './launch/console-channel.ts';
import type { Supervisor } from './supervise/supervisor.ts';
import { Terminal } from './terminal/terminal.ts';

/** Returns what undoes it. */
export function attachUser(supervisor: Supervisor, consoles: readonly ConsoleEnds[], tell: (line: string) => void): () => void {
  const undo: (() => void)[] = [];
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
