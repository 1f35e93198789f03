import type { Lab } from './lab.ts';
import type { Ended } from './place.ts';
import type { UserSignals } from './user-signals.ts';

/** Runs a script in the lab with our standard input and output as its own, and our signals. */
export async function onPipes(lab: Lab, script: string, signals: UserSignals): Promise<Ended> {
  const command = await lab.start(script);
  const type = (chunk: Buffer): void => command.write(chunk);
  signals.goTo(command);
  command.onOutput((chunk) => process.stdout.write(chunk));
  process.stdin.on('data', type);
  const ended = await command.ended;
  process.stdin.off('data', type).pause();
  return ended;
}
