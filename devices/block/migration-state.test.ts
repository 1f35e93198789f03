import { expect as check } from 'chai';
import { BlockMigrationState, encodeMigrationState, parseMigrationState } from './migration-state.ts';

const HERE = { sectors: 2048, readOnly: false } as const;

/** A good state with some bytes replaced. */
function changed(at: number, ...bytes: readonly number[]): Uint8Array {
  const state = encodeMigrationState({ ...HERE, writesBack: true });
  state.set(bytes, at);
  return state;
}

function codeOf(state: Uint8Array, here: Parameters<typeof parseMigrationState>[1] = HERE): string {
  const parsed = parseMigrationState(state, here);
  return parsed.ok ? 'taken' : parsed.error.code;
}

describe('the state of a disk for a migration', () => {
  for (const writesBack of [true, false]) {
    it(`says whether there is a write cache: ${writesBack}`, () => {
      const parsed = parseMigrationState(encodeMigrationState({ ...HERE, writesBack }), HERE);
      check(parsed).to.deep.equal({ ok: true, value: { ...HERE, writesBack } });
    });
  }

  const { offset, size } = BlockMigrationState;
  const good = changed(0);
  const rows: readonly (readonly [string, Uint8Array, string])[] = [
    ['no byte', new Uint8Array(), 'STATE_FORMAT'],
    ['seven bytes', good.subarray(0, 7), 'STATE_FORMAT'],
    ['all but the last byte', good.subarray(0, size - 1), 'STATE_FORMAT'],
    ['a byte more', Uint8Array.of(...good, 0), 'STATE_FORMAT'],
    ['another magic', changed(offset.magic, 0), 'STATE_FORMAT'],
    ['version 0', changed(offset.version, 0), 'STATE_VERSION'],
    ['version 2, of whatever size', changed(offset.version, 2).subarray(0, 8), 'STATE_VERSION'],
    ['another size', changed(offset.size, 23), 'STATE_FORMAT'],
    ['a disk with a sector more', changed(offset.capacity, 1), 'STATE_CAPACITY'],
    ['a disk beyond 2^53', changed(offset.capacity + 6, 0x20), 'STATE_CAPACITY'],
    ['a disk of 2^64-1', changed(offset.capacity, 255, 255, 255, 255, 255, 255, 255, 255), 'STATE_CAPACITY'],
    ['a write cache of 2', changed(offset.writeback, 2), 'STATE_VALUE'],
    ['a read-only disk', changed(offset.read_only, 1), 'STATE_READ_ONLY'],
    ['read-only 255', changed(offset.read_only, 255), 'STATE_VALUE'],
    ['a reserved byte', changed(size - 1, 1), 'STATE_VALUE'],
  ];
  for (const [name, state, code] of rows) it(`${name} -> ${code}`, () => check(codeOf(state)).to.equal(code));

  it('any byte changed that means something -> not taken', () => {
    for (let at = 0; at < size; at++)
      if (at !== offset.writeback) check(codeOf(changed(at, (good[at] ?? 0) ^ 0x80)), `byte ${at}`).to.not.equal('taken');
  });
});
