/** A vCPU of serial.test.ts: sends one byte again and again, in all less than a ring. */
import { workerData } from 'node:worker_threads';
import { StateArena } from '../state/arena.ts';
import { Effects } from '../state/effects.ts';
import { SerialPort } from './serial.ts';

const { buffer, wakeFd, byte, each }: { buffer: SharedArrayBuffer; wakeFd: number; byte: number; each: number } = workerData;
const arena = new StateArena(buffer);
const effects = new Effects(arena.slice('effects', 1, 8), wakeFd);
const port = new SerialPort({ name: 'com1', effectIndex: 0 }, arena, effects, { raise: () => {} });
for (let sent = 0; sent < each; sent++) {
  port.write(0, 1, byte);
}
