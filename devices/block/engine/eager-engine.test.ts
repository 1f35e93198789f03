import { expect } from 'chai';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '#shared/sys/pause.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { IORING_OP, IOSQE_FIXED_FILE } from '#shared/sys/io-uring.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { voluntarySwitches } from '#shared/sys/thread.ts';
import { openKind } from '../testing/engines.fixture.ts';
import { ObservedEngine } from '../testing/observed-engine.fixture.ts';
import { EagerEngine } from './eager-engine.ts';

describe('eager engine', () => {
  let folder = '';
  let path = '';
  let fd: Fd;
  let observed: ObservedEngine;
  /** By what each look at the clock moves it, in milliseconds, and whether the thread has waited meanwhile. */
  let passes = 0;
  let isWaiting = false;
  let engine: EagerEngine;
  const memory = allocate(65536);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ch-engine-'));
    path = join(folder, 'file');
    writeFileSync(path, Buffer.alloc(1 << 20, 1));
    fd = asFd(openSync(path, constants.O_RDWR));
    // Read once: the page cache has it.
    readFileSync(path);
    observed = new ObservedEngine(openKind('io_uring', [fd]));
    let now = 0;
    let waits = 0;
    passes = 0;
    isWaiting = false;
    engine = new EagerEngine(observed, [fd], { now: () => (now += passes), waits: () => (isWaiting ? ++waits : waits) });
  });
  afterEach(() => {
    engine.close();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  function run(opcode: number, count = 1, operationFlags = 0): readonly number[] {
    for (let index = 0; index < count; index++) {
      engine.prepare(opcode, IOSQE_FIXED_FILE, 0, index * 4096, memory.address, 4096, index, 7, operationFlags);
    }
    const results: number[] = [];
    while (results.length < count) {
      engine.submit(1);
      while (engine.next()) results.push(engine.result);
    }
    return results;
  }

  it("writes -> done at once; those that have to be stable are the inner engine's", () => {
    expect(run(IORING_OP.WRITE, 100)).to.deep.equal(new Array(100).fill(4096));
    expect(observed.transfers).to.equal(0);
    const dataSync = 2;
    expect(run(IORING_OP.WRITE, 1, dataSync)).to.deep.equal([4096]);
    expect(observed.transfers).to.equal(1);
  });

  it("one read -> done at once; several -> the inner engine's", () => {
    expect(run(IORING_OP.READ)).to.deep.equal([4096]);
    expect(observed.transfers).to.equal(0);
    expect(run(IORING_OP.READ, 3)).to.deep.equal([4096, 4096, 4096]);
    expect(observed.transfers).to.equal(3);
  });

  it('a read and another operation -> both are done', () => {
    engine.prepare(IORING_OP.READ, IOSQE_FIXED_FILE, 0, 0, memory.address, 4096, 1, 0);
    expect([engine.pending, engine.free]).to.deep.equal([1, engine.entries - 1]);
    engine.prepare(IORING_OP.FSYNC, IOSQE_FIXED_FILE, 0, 0, 0, 0, 2, 0);
    expect(engine.pending).to.equal(2);
    const tokens: number[] = [];
    while (tokens.length < 2) {
      engine.submit(1);
      while (engine.next()) tokens.push(engine.tokenLow);
    }
    expect(tokens.toSorted((a, b) => a - b)).to.deep.equal([1, 2]);
    expect([engine.pending, engine.free]).to.deep.equal([0, engine.entries]);
  });

  it("more writes than it notes -> the rest are the inner engine's, and all are done", () => {
    expect(run(IORING_OP.WRITE, 1100)).to.deep.equal(new Array(1100).fill(4096));
    expect(observed.transfers).to.equal(1100 - 1024);
  });

  it('writes that wait, again and again -> left to the inner engine, for longer every time', () => {
    passes = 10;
    isWaiting = true;
    // How many are left to it between those that are done at once, each of which waits.
    const left = [0];
    for (let index = 0; index < 2000; index++) {
      const before = observed.transfers;
      run(IORING_OP.WRITE);
      if (observed.transfers === before) left.push(0);
      else left[left.length - 1] = (left.at(-1) ?? 0) + 1;
    }
    const pauses = left.filter((count) => count > 0);
    expect(pauses.length).to.be.within(4, 10);
    expect(pauses[1]).to.be.above((pauses[0] ?? 0) * 1.5);
    expect(pauses[2]).to.be.above((pauses[1] ?? 0) * 1.5);
  });

  it('writes that are slow, and have not waited -> others had the processor: done at once', () => {
    passes = 10;
    for (let index = 0; index < 100; index++) run(IORING_OP.WRITE);
    expect(observed.transfers).to.equal(0);
  });

  it('a thread that sleeps has waited, and one that works has not', () => {
    const before = voluntarySwitches();
    pause(1);
    expect(voluntarySwitches()).to.be.above(before);
  });
});
