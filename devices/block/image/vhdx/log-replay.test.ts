import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { asFd } from '#shared/sys/owned-fd.ts';
import { Random } from '#shared/testing/random.ts';
import { HostFile } from '../image-file.ts';
import { openDisk, quickFolder } from '../testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from '../testing/qemu.fixture.ts';
import { RecordingFile } from '../testing/recording-file.fixture.ts';
import { LOG_SECTOR, MIB, REGION_TABLE_PLACES } from './spec.ts';
import { FILE_SIZE, LOG_AT, type LogEntryFields, PAYLOAD_AT, VhdxBytes } from './testing/vhdx-bytes.fixture.ts';
import { openVhdx } from './vhdx.ts';

const LAST_SECTOR = MIB - LOG_SECTOR;
/** Sectors of payload, to see what was replayed. */
const A = PAYLOAD_AT;
const B = PAYLOAD_AT + LOG_SECTOR;

function entry(at: number, sequence: number, fields: Partial<LogEntryFields> = {}): LogEntryFields {
  return { at, sequence, updates: [{ offset: A, data: sequence }], ...fields };
}

/** What becomes of A and B; both were 0xa0. */
const REPLAYED: readonly (readonly [string, readonly LogEntryFields[], readonly [number, number]])[] = [
  ['no entry', [], [0xa0, 0xa0]],
  ['one entry', [entry(0, 1)], [1, 0xa0]],
  ['one that is not at the beginning', [entry(8 * LOG_SECTOR, 7)], [7, 0xa0]],
  ['an entry without an update', [entry(0, 1, { updates: [] })], [0xa0, 0xa0]],
  ['zeros', [entry(0, 1, { updates: [{ offset: A, zeros: 2 * LOG_SECTOR }] })], [0, 0]],
  ['zeros of no length', [entry(0, 1, { updates: [{ offset: A, zeros: 0 }] })], [0xa0, 0xa0]],
  [
    'zeros and data',
    [
      entry(0, 1, {
        updates: [
          { offset: A, zeros: LOG_SECTOR },
          { offset: B, data: 9 },
        ],
      }),
    ],
    [0, 9],
  ],
  ['a sequence', [entry(0, 1), entry(8192, 2, { tail: 0, updates: [{ offset: B, data: 2 }] })], [1, 2]],
  ['a sequence whose tail is later', [entry(0, 1), entry(8192, 2, { updates: [{ offset: B, data: 2 }] })], [0xa0, 2]],
  ['two sequences', [entry(0, 9), entry(16_384, 5, { updates: [{ offset: B, data: 5 }] })], [9, 0xa0]],
  ['two sequences, the newer behind', [entry(0, 5), entry(16_384, 9, { updates: [{ offset: B, data: 9 }] })], [0xa0, 9]],
  ['two sequences without a gap', [entry(0, 9), entry(8192, 5, { updates: [{ offset: B, data: 5 }] })], [9, 0xa0]],
  ['a number left out', [entry(0, 1), entry(8192, 3, { tail: 0, updates: [{ offset: B, data: 3 }] })], [1, 0xa0]],
  ['one around the end', [entry(LAST_SECTOR, 3)], [3, 0xa0]],
  [
    'a sequence around the end',
    [entry(LAST_SECTOR - 4096, 3), entry(0, 4, { tail: LAST_SECTOR - 4096, updates: [{ offset: B, data: 4 }] })],
    [3, 4],
  ],
  ['one with another GUID', [entry(0, 1, { guid: '00000000-0000-4000-8000-000000000001' })], [0xa0, 0xa0]],
  ['one with the number 0', [entry(0, 0)], [0xa0, 0xa0]],
  ['one whose tail is nowhere', [entry(0, 1, { tail: 4096 })], [0xa0, 0xa0]],
  ['one whose tail is odd', [entry(0, 1, { tail: 1 })], [0xa0, 0xa0]],
  ['one whose tail is outside', [entry(0, 1, { tail: 2 ** 32 - 4096 })], [0xa0, 0xa0]],
  ['one with a wrong checksum', [entry(0, 1, { tear: (view) => view.setUint8(5000, 77) })], [0xa0, 0xa0]],
  ['one longer than the log', [entry(0, 1, { change: (view) => view.setUint32(8, 2 ** 32 - 4096, true) })], [0xa0, 0xa0]],
  ['one of no length', [entry(0, 1, { change: (view) => view.setUint32(8, 0, true) })], [0xa0, 0xa0]],
  ['2^32 - 1 descriptors', [entry(0, 1, { change: (view) => view.setUint32(24, 2 ** 32 - 1, true) })], [0xa0, 0xa0]],
  ['a descriptor too many', [entry(0, 1, { change: (view) => view.setUint32(24, 2, true) })], [0xa0, 0xa0]],
  ['a descriptor of another number', [entry(0, 1, { change: (view) => view.setUint32(64 + 24, 2, true) })], [0xa0, 0xa0]],
  ['data of another number', [entry(0, 1, { change: (view) => view.setUint32(4096 + 4092, 2, true) })], [0xa0, 0xa0]],
  ['an odd place', [entry(0, 1, { change: (view) => view.setUint32(64 + 16, A + 512, true) })], [0xa0, 0xa0]],
  ['a place of 2^64 - 4096', [entry(0, 1, { change: (view) => view.setBigUint64(64 + 16, 2n ** 64n - 4096n, true) })], [0xa0, 0xa0]],
  ['the last one torn', [entry(0, 1), entry(8192, 2, { tail: 0, tear: (view) => view.setUint8(4100, 0xee) })], [1, 0xa0]],
  [
    'one in the middle torn',
    [entry(0, 1), entry(8192, 2, { tail: 0, tear: (view) => view.setUint8(4100, 0xee) }), entry(16_384, 3, { tail: 0 })],
    [1, 0xa0],
  ],
];

const REFUSED: readonly (readonly [string, readonly LogEntryFields[], RegExp])[] = [
  ['a file that was longer', [entry(0, 1, { flushed: FILE_SIZE + MIB })], /knows 7340032 bytes of the file/],
  ['a file of 2^50 bytes', [entry(0, 1, { last: 2 ** 50 })], /larger than any VHDX/],
  ['an update of the header', [entry(0, 1, { updates: [{ offset: 65_536, data: 1 }] })], /writes 4096 bytes to 65536/],
  ['an update of the log', [entry(0, 1, { updates: [{ offset: LOG_AT + 8192, data: 1 }] })], /writes 4096 bytes to/],
  ['zeros over the log', [entry(0, 1, { updates: [{ offset: REGION_TABLE_PLACES[1], zeros: 2 * MIB }] })], /writes 2097152 bytes/],
  ['zeros behind the end', [entry(0, 1, { updates: [{ offset: A, zeros: 2 ** 52 }] })], /writes 4503599627370496 bytes/],
  ['data behind the end', [entry(0, 1, { updates: [{ offset: FILE_SIZE, data: 1 }] })], /writes 4096 bytes to 6291456/],
];

describe('VHDX log', () => {
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = quickFolder('ch-vhdx-log-');
    path = join(folder, 'disk.vhdx');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Opens the file; what is wrong with it. */
  function opening(file = path, readOnly = false): string {
    using disk = openDisk(file);
    const opened = openVhdx(new HostFile(asFd(disk.fd)), { readOnly });
    return opened.ok ? '' : `${opened.error.code}: ${opened.error.message}`;
  }

  for (const [name, entries, [first, second]] of REPLAYED) {
    it(`${name} -> ${first}, ${second}`, () => {
      new VhdxBytes().withLog(...entries).save(path);
      expect(opening()).to.equal('');
      const bytes = readFileSync(path);
      const sectors = [bytes.subarray(A, A + LOG_SECTOR), bytes.subarray(B, B + LOG_SECTOR)];
      expect(sectors.map((sector) => [...new Set(sector)])).to.deep.equal([[first], [second]]);
    });
  }

  for (const [name, entries, message] of REFUSED) {
    it(`${name} -> refused, and nothing is written`, () => {
      const before = new VhdxBytes().withLog(...entries);
      before.save(path);
      expect(opening())
        .to.match(/^CORRUPT: /)
        .and.match(message);
      expect(readFileSync(path).equals(before.bytes)).to.equal(true);
    });
  }

  it('read-only -> refused, saying what to do', () => {
    new VhdxBytes().withLog(entry(0, 1)).save(path);
    expect(opening(path, true)).to.match(/^DIRTY: .*log must be replayed.*without readonly=on/);
  });

  it('a file that the log says is longer -> grows', () => {
    new VhdxBytes().withLog(entry(0, 1, { last: FILE_SIZE + MIB, updates: [{ offset: FILE_SIZE, data: 1 }] })).save(path);
    expect(opening()).to.equal('');
    expect(statSync(path).size).to.equal(FILE_SIZE + MIB);
  });

  it('a log full of entries that claim to be as long as it is -> refused after some of them', () => {
    const file = new VhdxBytes();
    const claims = Array.from({ length: 200 }, (_, index) =>
      entry(index * LOG_SECTOR, 1, { updates: [], change: (view) => view.setUint32(8, MIB / 2, true) }),
    );
    file.withLog(...claims).save(path);
    expect(opening()).to.match(/^CORRUPT: .*its log claims more than it can hold/);
  });

  it('interrupted at any moment -> done again, it does the same', () => {
    const entries = [
      entry(0, 1),
      entry(8192, 2, {
        tail: 0,
        updates: [
          { offset: B, data: 2 },
          { offset: A + MIB, zeros: MIB / 2 },
        ],
      }),
    ];
    const from = join(folder, 'from');
    new VhdxBytes().withLog(...entries).save(from);
    copyFileSync(from, path);
    using disk = openDisk(path);
    const file = new RecordingFile(disk.fd);
    expect(openVhdx(file, { readOnly: false }).ok).to.equal(true);
    const replayed = readFileSync(path).subarray(LOG_AT);
    const random = new Random(6);
    const after = join(folder, 'after');
    for (let trial = 0; trial < 40; trial++) {
      file.afterLoss(from, after, trial % (file.changes.length + 1), random);
      expect(opening(after)).to.equal('');
      expect(readFileSync(after).subarray(LOG_AT).equals(replayed), `trial ${trial}`).to.equal(true);
    }
  });

  it('as qemu replays it', function () {
    if (!hasQemu) return this.skip();
    this.timeout(20_000);
    const table = new Uint8Array(LOG_SECTOR);
    table.set(new VhdxBytes().bytes.subarray(2 * MIB, 2 * MIB + LOG_SECTOR));
    // Block 3 gets the place of block 1, which goes.
    table.copyWithin(24, 8, 16).fill(0, 8, 16);
    const updates = [
      { offset: 2 * MIB, data: table },
      { offset: A, data: 1 },
      { offset: B, zeros: 3 * LOG_SECTOR },
    ];
    new VhdxBytes().withLog({ at: 0, sequence: 1, updates }).save(path);
    const theirs = join(folder, 'theirs.vhdx');
    copyFileSync(path, theirs);
    expect(opening()).to.equal('');
    qemuImg('check', '-q', '-r', 'all', '-f', 'vhdx', theirs);
    expect(readFileSync(path).subarray(LOG_AT).equals(readFileSync(theirs).subarray(LOG_AT))).to.equal(true);
    expect(qemuImg('compare', '-f', 'vhdx', '-F', 'vhdx', path, theirs)).to.match(/identical/);
  });
});
