import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { EAGAIN, EINTR, EIO, ENOSPC } from '#shared/sys/errno.ts';
import { IORING_OP } from '#shared/sys/io-uring.ts';
import type { Buffer } from '#shared/testing/driver-queue.ts';
import { Random } from '#shared/testing/random.ts';
import type { Engine } from './engine/engine.ts';
import type { ImageType } from './image/image.ts';
import { SECTOR, bytesOf, differences, stamp, versionsOf } from './image/qcow2/testing/sectors.fixture.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { DATA, RingRig } from './testing/ring-rig.fixture.ts';

const SIZE = 4 << 20;
const SECTORS = SIZE / SECTOR;
const [IN, OUT, FLUSH] = [0, 1, 4];
const VECTORED: readonly number[] = [IORING_OP.READV, IORING_OP.WRITEV];
const TRANSFERS: readonly number[] = [...VECTORED, IORING_OP.READ, IORING_OP.WRITE];

/** An engine whose kernel does less than it was asked for, or nothing yet. */
function moody(engine: Engine, random: Random, answer: (opcode: number) => number): Engine {
  const answers = new Map<number, number>();
  const tokenOf = (high: number, low: number): number => high * 65_536 + low;
  return new Proxy(engine, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === 'result') return answers.get(tokenOf(target.tokenHigh, target.tokenLow)) ?? value;
      if (typeof value !== 'function') return value;
      return (...given: readonly number[]): unknown => {
        const args = [...given];
        if (property === 'prepare') {
          const token = tokenOf(args[7] ?? 0, args[6] ?? 0);
          answers.delete(token);
          const opcode = args[0] ?? 0;
          const instead = answer(opcode);
          if (instead < 0) {
            answers.set(token, instead);
            args.splice(0, 6, IORING_OP.NOP, 0, -1, 0, 0, 0);
            args[8] = 0;
          } else if (TRANSFERS.includes(opcode) && random.oneIn(3)) {
            args[5] = VECTORED.includes(opcode) ? 1 : 1 + random.below(args[5] ?? 1);
          }
        }
        return Reflect.apply(value, target, args);
      };
    },
  });
}

(hasQemu ? describe : describe.skip)('requests through a format', () => {
  let folder = '';
  beforeEach(() => (folder = quickFolder('requests-')));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The data, in up to four pieces of any length. */
  function pieces(random: Random, bytes: number, writable: boolean): readonly Buffer[] {
    const parts: Buffer[] = [];
    for (let done = 0; done < bytes;) {
      const length = parts.length === 3 ? bytes - done : 1 + random.below(bytes - done);
      parts.push({ address: DATA + done, length, writable });
      done += length;
    }
    return parts;
  }

  function create(name: string, base: string): string {
    const image = join(folder, 'image');
    writeFileSync(base, new Uint8Array(SIZE));
    if (name === 'vhdx') qemuImg('create', '-q', '-f', 'vhdx', '-o', 'block_size=1M', image, String(SIZE));
    else qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=16k', '-F', 'raw', '-b', base, image);
    return image;
  }

  for (const type of ['qcow2', 'vhdx'] as const) {
    it(`${type}: transfers that are short, and put off, go on where they ended`, () => {
      const random = new Random(31);
      const path = create(type, join(folder, 'base'));
      const versions = new Int32Array(SECTORS);
      const putOff = (): number => (random.oneIn(4) ? (random.oneIn(2) ? -EAGAIN : -EINTR) : 0);
      {
        using rig = new RingRig({ path, type, size: SIZE, between: (engine) => moody(engine, random, putOff) });
        for (let version = 1; version <= 300; version++) {
          const first = random.below(SECTORS);
          const count = Math.min(SECTORS - first, 1 + random.below(random.oneIn(4) ? 600 : 20));
          const data = new Uint8Array(count * SECTOR);
          if (random.oneIn(2)) {
            stamp(data, version, first, count);
            versions.fill(version, first, first + count);
            rig.memory.memory.writeBytes(DATA, data);
            expect(rig.request(OUT, first, pieces(random, data.length, false))).to.equal(0);
          } else {
            expect(rig.request(IN, first, pieces(random, data.length, true))).to.equal(0);
            rig.memory.memory.readBytes(DATA, data);
            expect(differences(versionsOf(data, first), versions.subarray(first, first + count))).to.deep.equal([]);
          }
        }
        expect(rig.logged).to.deep.equal([]);
      }
      compare(type, path, versions);
    }).timeout(30_000);
  }

  it('qcow2: what cannot be written is given back, and written the next time', () => {
    const random = new Random(32);
    const path = create('qcow2', join(folder, 'base'));
    const versions = new Int32Array(SECTORS);
    let errno = 0;
    const fails = (opcode: number): number => (TRANSFERS.includes(opcode) ? -errno : 0);
    {
      using rig = new RingRig({ path, type: 'qcow2', size: SIZE, between: (engine) => moody(engine, random, fails) });
      for (let version = 1; version <= 100; version++) {
        const first = 8 * random.below(SECTORS / 8);
        const data = new Uint8Array(8 * SECTOR);
        stamp(data, version, first, 8);
        rig.memory.memory.writeBytes(DATA, data);
        for (errno of [random.oneIn(3) ? EIO : 0, ENOSPC, 0]) {
          expect(rig.request(OUT, first, pieces(random, data.length, false))).to.equal(errno === 0 ? 0 : 1);
        }
        versions.fill(version, first, first + 8);
      }
      expect(rig.request(FLUSH, 0, [])).to.equal(0);
      expect(rig.logged.length).to.equal(1);
    }
    compare('qcow2', path, versions);
  }).timeout(30_000);

  function compare(type: ImageType, path: string, versions: Int32Array): void {
    if (type === 'qcow2') qemuImg('check', '-q', '-f', 'qcow2', path);
    const wanted = join(folder, 'wanted');
    writeFileSync(wanted, bytesOf(versions));
    qemuImg('compare', '-f', type, '-F', 'raw', path, wanted);
  }
});
