import { expect } from 'chai';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DirectAlignment, directAlignment } from '#shared/sys/direct-io.ts';
import { EFAULT } from '#shared/sys/errno.ts';
import { type NativeBuffer, allocate } from '#shared/sys/ffi.ts';
import { IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { openKind } from '../testing/engines.fixture.ts';
import { ObservedEngine } from '../testing/observed-engine.fixture.ts';
import { AlignedEngine } from './aligned-engine.ts';
import { BUFFERS, BUFFER_SIZE } from './bounce-buffers.ts';
import type { Engine } from './engine.ts';

const CONTENTS = Uint8Array.from({ length: 1 << 20 }, (_, index) => (index * 7 + (index >> 9)) & 0xff);

for (const kind of ['io_uring', 'threads'] as const) {
  describe(`O_DIRECT by ${kind}`, () => {
    let folder = '';
    let path = '';
    let fd: Fd;
    let alignment: DirectAlignment;
    let observed: ObservedEngine;
    let engine: Engine;

    before(function () {
      if (!takesDirect(tmpdir())) this.skip();
    });
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ch-engine-'));
      path = join(folder, 'file');
      writeFileSync(path, CONTENTS);
      fd = asFd(openSync(path, constants.O_RDWR | constants.O_DIRECT));
      alignment = directAlignment(fd) ?? { memory: 0, offset: 0 };
      observed = new ObservedEngine(openKind(kind, [fd]), alignment);
      engine = new AlignedEngine(observed, [alignment]);
    });
    afterEach(() => {
      engine.close();
      closeSync(fd);
      rmSync(folder, { recursive: true });
    });

    function prepare(opcode: number, offset: number, place: { address: number; length: number }, token = 1): void {
      engine.prepare(opcode, IOSQE_FIXED_FILE, 0, offset, place.address, place.length, token, 3);
    }

    /** Results by token, of so many. */
    function take(count: number): Map<number, number> {
      const results = new Map<number, number>();
      while (results.size < count) {
        engine.submit(1);
        while (engine.next()) {
          expect(engine.tokenHigh).to.equal(3);
          results.set(engine.tokenLow, engine.result);
        }
      }
      return results;
    }

    it('what the file wants is found out', () => {
      expect(alignment.offset).to.be.oneOf([512, 1024, 2048, 4096]);
      expect(alignment.memory).to.be.within(1, 4096);
      const cached = asFd(openSync(path, constants.O_RDONLY));
      expect(directAlignment(cached)).to.equal(undefined);
      closeSync(cached);
    });

    it('memory that fits -> goes straight through', () => {
      const memory = aligned(8192);
      prepare(IORING_OP.READ, 4096, { address: memory.address, length: 8192 });
      expect(take(1).get(1)).to.equal(8192);
      expect(memory.bytes).to.deep.equal(CONTENTS.slice(4096, 12288));
      expect([observed.transfers, observed.misaligned]).to.deep.equal([1, 0]);
    });

    it('memory at odd addresses -> the same bytes, by memory that fits', () => {
      const memory = aligned(65536);
      prepare(IORING_OP.READ, 4096, { address: memory.address + 3, length: 8192 });
      expect(take(1).get(1)).to.equal(8192);
      expect(memory.bytes.slice(3, 8195)).to.deep.equal(CONTENTS.slice(4096, 12288));
      expect([memory.bytes[2], memory.bytes[8195]]).to.deep.equal([0, 0]);
      memory.bytes.fill(0xa5, 1, 4097);
      prepare(IORING_OP.WRITE, 8192, { address: memory.address + 1, length: 4096 });
      expect(take(1).get(1)).to.equal(4096);
      const written = readFileSync(path);
      expect(written.subarray(8192, 12288).every((byte) => byte === 0xa5)).to.equal(true);
      expect([written[8191], written[12288]]).to.deep.equal([CONTENTS[8191], CONTENTS[12288]]);
      expect([observed.transfers, observed.misaligned]).to.deep.equal([2, 0]);
    });

    it('pieces of odd lengths -> in their order, there and back', () => {
      const memory = aligned(65536);
      const pieces = [
        { address: memory.address + 1, length: 1 },
        { address: memory.address + 4096, length: 4000 },
        { address: memory.address + 9001, length: 95 },
      ];
      const array = vectors(pieces);
      prepare(IORING_OP.READV, 4096, { address: array.address, length: 3 });
      expect(take(1).get(1)).to.equal(4096);
      const got = pieces.flatMap(({ address, length }) => [
        ...memory.bytes.slice(address - memory.address, address - memory.address + length),
      ]);
      expect(Uint8Array.from(got)).to.deep.equal(CONTENTS.slice(4096, 8192));
      prepare(IORING_OP.WRITEV, 0, { address: array.address, length: 3 });
      expect(take(1).get(1)).to.equal(4096);
      expect(readFileSync(path).subarray(0, 4096).equals(CONTENTS.slice(4096, 8192))).to.equal(true);
      expect([observed.transfers, observed.misaligned]).to.deep.equal([2, 0]);
    });

    it('more than a buffer has -> a short transfer of a buffer', () => {
      const memory = aligned(4 * BUFFER_SIZE);
      prepare(IORING_OP.READ, 0, { address: memory.address + 8, length: 3 * BUFFER_SIZE });
      expect(take(1).get(1)).to.equal(BUFFER_SIZE);
      expect(memory.bytes.slice(8, BUFFER_SIZE + 8)).to.deep.equal(CONTENTS.slice(0, BUFFER_SIZE));
      expect(memory.bytes[BUFFER_SIZE + 8]).to.equal(0);
    });

    it('more requests than buffers -> each has its own bytes', () => {
      const count = 4 * BUFFERS;
      const memory = aligned(count * 8192);
      for (let index = 0; index < count; index++) {
        prepare(IORING_OP.READ, index * 4096, { address: memory.address + index * 8192 + 5, length: 4096 }, index);
      }
      const results = take(count);
      for (let index = 0; index < count; index++) {
        expect(results.get(index)).to.equal(4096);
        const at = index * 8192 + 5;
        expect(memory.bytes.slice(at, at + 4096), String(index)).to.deep.equal(CONTENTS.slice(index * 4096, (index + 1) * 4096));
      }
    });

    it('memory that is not there -> EFAULT for that request, and its buffer is the next one', () => {
      const memory = aligned(8192);
      for (let round = 0; round < 2 * BUFFERS; round++) {
        prepare(IORING_OP.WRITE, 0, { address: 4097, length: 4096 }, 1);
        prepare(IORING_OP.READ, 0, { address: 4097, length: 4096 }, 2);
        prepare(IORING_OP.READ, 0, { address: memory.address + 1, length: 4096 }, 3);
        expect([...take(3)].toSorted(([a], [b]) => a - b)).to.deep.equal([
          [1, -EFAULT],
          [2, -EFAULT],
          [3, 4096],
        ]);
      }
      expect(readFileSync(path).subarray(0, 4096).equals(CONTENTS.slice(0, 4096))).to.equal(true);
    });
  });
}

/** Some file systems know no O_DIRECT. */
function takesDirect(folder: string): boolean {
  const path = join(folder, `ch-direct-${process.pid}`);
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path, { force: true });
  }
}

/** Zeroed memory from a page on. */
function aligned(size: number): NativeBuffer {
  const whole = allocate(size + 4096);
  const skip = -whole.address & 4095;
  const bytes = whole.bytes.subarray(skip, skip + size);
  return { address: whole.address + skip, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
}

/** struct iovec, for each of these. */
function vectors(parts: readonly { readonly address: number; readonly length: number }[]): NativeBuffer {
  const made = allocate(parts.length * 16);
  for (const [index, { address, length }] of parts.entries()) {
    made.view.setBigUint64(index * 16, BigInt(address), true);
    made.view.setUint32(index * 16 + 8, length, true);
  }
  return made;
}
