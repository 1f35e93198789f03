import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import type { Engine } from './engine/engine.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { DATA, RingRig } from './testing/ring-rig.fixture.ts';

const MIB = 1 << 20;
const RWF_DSYNC = 2;
const [OUT, ZEROES] = [1, 13];
const NAMES = Object.entries(IORING_OP);

/** Notes what is begun: `WRITE`, `WRITE dsync`, `FSYNC`. */
function recorded(engine: Engine, into: string[]): Engine {
  return new Proxy(engine, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: readonly number[]): unknown => {
        if (property === 'prepare') {
          const name = NAMES.find(([, code]) => code === args[0])?.[0] ?? '';
          into.push(args[8] === RWF_DSYNC ? `${name} dsync` : name);
        }
        return Reflect.apply(value, target, args);
      };
    },
  });
}

describe('a write that has to be durable before it completes', () => {
  const rows: readonly (readonly [type: 'raw' | 'qcow2', request: number, writeThrough: boolean, begun: readonly string[]])[] = [
    ['raw', OUT, true, ['WRITE dsync']],
    ['raw', OUT, false, ['WRITE']],
    ['raw', ZEROES, true, ['FALLOCATE', 'FSYNC']],
    ['raw', ZEROES, false, ['FALLOCATE']],
    ['qcow2', OUT, true, ['WRITE', 'FSYNC']],
    ['qcow2', OUT, false, ['WRITE']],
    ['qcow2', ZEROES, true, ['FSYNC']],
  ];
  for (const [type, request, writeThrough, begun] of rows) {
    const name = `${type}, ${request === OUT ? 'write' : 'zeroes'}, write cache ${writeThrough ? 'off' : 'on'}`;
    it(`${name} -> ${begun.join(', ')}, and then its status`, function () {
      if (type === 'qcow2' && !hasQemu) return this.skip();
      const folder = quickFolder('write-through-');
      const path = join(folder, 'image');
      if (type === 'raw') truncateSync((writeFileSync(path, ''), path), MIB);
      else qemuImg('create', '-q', '-f', 'qcow2', path, String(MIB));
      const log: string[] = [];
      {
        using rig = new RingRig({ path, type, size: MIB, writeThrough, between: (engine) => recorded(engine, log) });
        // The first ones of a format have places made.
        for (let time = 0; time < 2; time++) rig.request(OUT, 0, [{ address: DATA, length: 4096 }]);
        log.length = 0;
        const range = new DataView(new ArrayBuffer(16));
        range.setUint32(8, 128, true);
        range.setUint32(12, 1, true);
        rig.memory.memory.writeBytes(DATA, new Uint8Array(range.buffer));
        expect(rig.request(request, 0, [{ address: DATA, length: request === OUT ? 4096 : 16 }])).to.equal(0);
        expect(log).to.deep.equal(begun);
      }
      rmSync(folder, { recursive: true });
    });
  }
});
