/**
 * Our side of the exits benchmark, a process of its own as the core is: `ours.ts EXITS`. As the peer does, it answers every
 * line that it reads with microseconds an exit, elapsed and in user mode.
 */
import { createInterface } from 'node:readline';
import { compileForSize } from '#shared/sys/compile-less.ts';
import { exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { TinyMachine } from '../../machine/tiny-machine.ts';

/** mov dx, 0x3fd; again: in al, dx; jmp again */
const READS_LINE_STATUS = [0x66, 0xba, 0xfd, 0x03, 0xec, 0xeb, 0xfd];

exitOnUncaught('exits');
compileForSize();
const exits = Number(process.argv[2]);
await using machine = new TinyMachine({ code: READS_LINE_STATUS });
machine.start('pause', { entry: new URL('./vcpu.ts', import.meta.url), data: { exits }, onMessage: report });
for await (const _ of createInterface(process.stdin)) {
  await machine.threads.pauseAll();
  machine.threads.resumeAll();
}
exitNow(0);

function report(value: unknown): void {
  const isSample = typeof value === 'object' && value !== null && 'elapsed' in value && 'user' in value;
  if (!isSample) throw new Error(`the guest stopped: ${JSON.stringify(value)}`);
  process.stdout.write(`${String(value.elapsed)} ${String(value.user)}\n`);
}
