/**
 * ch-block: one disk image as a vhost-user block device.
 *
 * Started by the launcher, with one inherited socket that brings the rest, it has one thread (`launched.ts`); started by hand, two
 * (`by-hand.ts`).
 */
import { writeSync } from 'node:fs';
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { START_FD } from '#shared/rpc/start-channel.ts';
import { nameProcess } from '#shared/sys/process-name.ts';
import manifest from '../../package.json' with { type: 'json' };
import { Successor } from '#shared/hand-over/index.ts';
import { isSocket, parseArguments } from './arguments.ts';
import { serveByHand } from './by-hand.ts';
import { help } from './help.ts';
import { serveLauncher } from './launched.ts';
import { askToHandOver } from './upgrade/by-hand.ts';

exitOnUncaught('ch-block');
nameProcess('ch-block');

const scripts = {
  control: beside('control/worker'),
  data: beside('worker'),
  pool: beside('engine/worker'),
  queue: beside('threads/worker'),
};

if (process.argv.length > 2) startByHand();
else if (isSocket(START_FD)) serveLauncher(scripts);
else fail("give --socket-path PATH and --disk path=FILE (see 'ch-block --help')", EXIT.usage);

function startByHand(): void {
  const given = process.argv.slice(2);
  const parsed = parseArguments(given);
  if (!parsed.ok) return fail(`${parsed.error} (see 'ch-block --help')`, EXIT.usage);
  switch (parsed.value.kind) {
    case 'help':
      return print(help().trimEnd());
    case 'version':
      return print(`ch-block ${manifest.version}`);
    case 'capabilities':
      return print(JSON.stringify({ type: 'block', features: ['blk-file', 'read-only'] }));
    case 'serve':
      return serveByHand(parsed.value, scripts, { predecessor: undefined, arguments: given, directory: process.cwd(), fail });
    case 'upgrade':
      return upgrade(parsed.value.from);
  }
}

/** Goes by the command line of the process that it takes over from. */
function upgrade(apiSocket: string): void {
  askToHandOver(apiSocket, beside('upgrade/worker'), {
    failed: fail,
    met: (predecessor, greeted) => {
      const refuse = (line: string): void => {
        if (predecessor.isOpen) new Successor(predecessor).refuse(line);
        fail(line);
      };
      try {
        process.chdir(greeted.directory);
      } catch (error) {
        return refuse(`its folder is gone: ${error instanceof Error ? error.message : String(error)}`);
      }
      const parsed = parseArguments(greeted.arguments);
      if (!parsed.ok) return refuse(parsed.error);
      if (parsed.value.kind !== 'serve') return refuse('its command line serves nothing');
      serveByHand(parsed.value, scripts, { ...greeted, predecessor, fail: refuse });
    },
  });
}

/** What a thread of this process runs: sources beside sources, bundles beside bundles. */
function beside(script: string): URL {
  return new URL(`./${script}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

function print(text: string): void {
  writeSync(1, `${text}\n`);
}

function fail(message: string, status: number = EXIT.failed): void {
  writeSync(2, `ch-block: ${message}\n`);
  exitNow(status);
}
