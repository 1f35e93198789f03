import type { Lab } from './lab.ts';
import type { Ended } from './place.ts';

/** Runs a script in the lab with our standard input and output as its own. SIGINT and SIGTERM go on to it. */
export async function onPipes(lab: Lab, script: string): Promise<Ended> {
  const command = await lab.start(script);
  const type = (chunk: Buffer): void => command.write(chunk);
  const interrupt = (): void => command.signal('INT');
  const terminate = (): void => command.signal('TERM');
  command.onOutput((chunk) => process.stdout.write(chunk));
  process.stdin.on('data', type);
  process.on('SIGINT', interrupt).on('SIGTERM', terminate);
  const ended = await command.ended;
  process.stdin.off('data', type).pause();
  process.off('SIGINT', interrupt).off('SIGTERM', terminate);
  return ended;
}
