import type { Lab, TerminalSize } from './lab.ts';
import type { Ended } from './place.ts';
import type { UserSignals } from './user-signals.ts';

/** Runs a script on the lab's terminal, with the user's as its other end: raw, every byte passed on, restored afterwards. */
export async function onTerminal(lab: Lab, script: string, signals: UserSignals): Promise<Ended> {
  const command = lab.startOnTerminal(script, currentSize());
  signals.goTo(command);
  const resize = (): void => lab.resizeTerminal(currentSize());
  const type = (chunk: Buffer): void => command.write(chunk);
  const restore = (): void => void process.stdin.setRawMode(false);
  process.once('exit', restore);
  process.stdout.on('resize', resize);
  process.stdin.setRawMode(true);
  process.stdin.on('data', type);
  command.onOutput((chunk) => process.stdout.write(chunk));
  const ended = await command.ended;
  process.stdin.off('data', type);
  process.stdin.pause();
  process.stdout.off('resize', resize);
  process.off('exit', restore);
  restore();
  return ended;
}

function currentSize(): TerminalSize {
  return { rows: process.stdout.rows, columns: process.stdout.columns };
}
