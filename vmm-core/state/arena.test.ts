import { expect } from 'chai';
import { AssertionError } from '#shared/lang/assert.ts';
import { StateArena } from './arena.ts';

function arenaOf(size = 4096): StateArena {
  return new StateArena(new SharedArrayBuffer(size));
}

describe('StateArena', () => {
  it('gives slices of 8-byte alignment whose three views share bytes', () => {
    const arena = arenaOf();
    const first = arena.slice('serial', 1, 3);
    const second = arena.slice('rtc', 1, 16);
    second.view.setInt32(4, -2, true);
    expect([first.bytes.length, first.offset % 8, second.offset % 8]).to.deep.equal([8, 0, 0]);
    expect(second.words[1]).to.equal(-2);
    expect(second.bytes[4]).to.equal(0xfe);
    expect(first.bytes.every((byte) => byte === 0)).to.equal(true);
  });

  it('gives the same memory to a second arena built by the same calls', () => {
    const buffer = new SharedArrayBuffer(256);
    const mine = new StateArena(buffer).slice('serial', 1, 8);
    const theirs = new StateArena(buffer).slice('serial', 1, 8);
    mine.bytes[5] = 9;
    expect(theirs.bytes[5]).to.equal(9);
  });

  for (const [what, name, version, size] of [
    ['name', 'rtc', 1, 8],
    ['version', 'serial', 2, 8],
    ['size', 'serial', 1, 16],
  ] as const) {
    it(`stops a thread whose slice has another ${what}`, () => {
      const buffer = new SharedArrayBuffer(256);
      new StateArena(buffer).slice('serial', 1, 8);
      expect(() => new StateArena(buffer).slice(name, version, size)).to.throw(AssertionError, 'disagree');
    });
  }

  it('refuses a name laid out twice and what does not fit', () => {
    const arena = arenaOf(32);
    arena.slice('serial', 1, 8);
    expect(() => arena.slice('serial', 1, 8)).to.throw(AssertionError, 'twice');
    expect(() => arena.slice('rtc', 1, 9)).to.throw(AssertionError, 'does not fit');
  });

  it('restores into a new arena what another one saved', () => {
    const saved = (() => {
      const arena = arenaOf();
      arena.slice('serial', 1, 8).bytes.fill(7);
      arena.slice('rtc', 3, 16).bytes.fill(9);
      return arena.save();
    })();
    const arena = arenaOf();
    const serial = arena.slice('serial', 1, 8);
    const rtc = arena.slice('rtc', 3, 16);
    expect(arena.restore([...saved].reverse()).ok).to.equal(true);
    expect([...serial.bytes, ...rtc.bytes]).to.deep.equal([...Array<number>(8).fill(7), ...Array<number>(16).fill(9)]);
  });

  const good = { name: 'serial', version: 1, bytes: new Uint8Array(8).fill(1) };
  for (const [code, parts] of [
    ['SLICE_MISSING', []],
    ['SLICE_UNKNOWN', [good, { ...good, name: 'rtc' }]],
    ['SLICE_DUPLICATE', [good, good]],
    ['SLICE_VERSION', [{ ...good, version: 2 }]],
    ['SLICE_SIZE', [{ ...good, bytes: new Uint8Array(16) }]],
  ] as const) {
    it(`restore: ${code} leaves the arena as it was`, () => {
      const arena = arenaOf();
      const slice = arena.slice('serial', 1, 8);
      const result = arena.restore(parts);
      expect(result.ok ? undefined : result.error.code).to.equal(code);
      expect(slice.bytes.every((byte) => byte === 0)).to.equal(true);
    });
  }

  it('restore: locks are free, whatever was saved of them', () => {
    const arena = arenaOf();
    const lock = arena.lock(arena.slice('serial', 1, 8).words, 0);
    expect(arena.restore([good]).ok).to.equal(true);
    lock.acquire();
    lock.release();
  });
});
