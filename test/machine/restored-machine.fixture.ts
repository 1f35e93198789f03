/** A new process that continues a saved tiny machine: `node restored-machine.fixture.ts STATE MEMORY COUNT` prints what the guest then does. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { asFd } from '#shared/sys/owned-fd.ts';
import { exitOnUncaught } from '#shared/sys/process-exit.ts';
import type { SavedVcpu } from '../../vmm-core/vcpu/state.ts';
import { TinyMachine } from './tiny-machine.ts';

exitOnUncaught('restored machine');

const [stateFile = '', memoryFile = '', count = '0'] = process.argv.slice(2);
const saved: SavedVcpu[] = JSON.parse(readFileSync(stateFile, 'utf8'));
await using machine = new TinyMachine({ blank: true, vcpus: saved.length });
const memory = openSync(memoryFile, 'r');
await machine.restore(saved, asFd(memory));
closeSync(memory);
machine.start();
await machine.log.reaches(Number(count));
console.log(JSON.stringify(machine.log.all().slice(0, Number(count))));
