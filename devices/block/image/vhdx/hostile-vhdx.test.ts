import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { Random } from '#shared/testing/random.ts';
import { HostFile } from '../image-file.ts';
import { EXTENT, type Image } from '../image.ts';
import { openDisk, quickFolder } from '../testing/open-disk.fixture.ts';
import { crc32c } from './crc32c.ts';
import { guidBytes, guidText, newGuid } from './guid.ts';
import { HEADER_PLACES, METADATA_GUID, MIB, REGION_GUID, REGION_TABLE_PLACES } from './spec.ts';
import { BAT_AT, DISK_SIZE, FILE_SIZE, LOG_AT, LOG_GUID, METADATA_AT, PAYLOAD_AT, VhdxBytes } from './testing/vhdx-bytes.fixture.ts';
import { type VhdxImage, openVhdx } from './vhdx.ts';

const { bat, metadata } = REGION_GUID;
const UNKNOWN = '11111111-2222-4333-8444-555555555555';
const BAT = [bat, BAT_AT, MIB] as const;
const METADATA = [metadata, METADATA_AT, MIB] as const;

/** What a broken file does: the error's code and message. */
const REFUSED: readonly (readonly [string, (file: VhdxBytes) => unknown, RegExp])[] = [
  ['no signature', (file) => file.bytes.fill(0, 0, 8), /^NOT_THIS_FORMAT/],
  ['no header', (file) => file.bytes.fill(0, HEADER_PLACES[0], HEADER_PLACES[1] + 4096), /^CORRUPT.*none of its two headers/],
  ['headers of one number that differ', (file) => file.header(0, { sequence: 2n, logLength: 2 * MIB }), /^CORRUPT.*differ/],
  ['headers of version 2', (file) => file.header(0, { version: 2 }).header(1, { version: 2 }), /^CORRUPT.*headers/],
  [
    'sequence numbers of 2^64 - 1',
    (file) => file.header(0, { sequence: 2n ** 64n - 1n }).header(1, { sequence: 2n ** 64n - 1n }),
    /^CORRUPT/,
  ],
  ['a log of version 1', (file) => file.header(0, { logVersion: 1 }), /^NOT_SUPPORTED.*log of version 1/],
  ['a log at 0', (file) => file.header(0, { logOffset: 0n }), /^CORRUPT.*log is out of place/],
  ['a log at an odd place', (file) => file.header(0, { logOffset: BigInt(LOG_AT + 512) }), /^CORRUPT.*log is out of place/],
  ['a log at 2^63', (file) => file.header(0, { logOffset: 2n ** 63n }), /^CORRUPT.*log is out of place/],
  ['a log of an odd length', (file) => file.header(0, { logLength: MIB + 4096 }), /^CORRUPT.*log is out of place/],
  ['a log behind the end', (file) => file.header(0, { logOffset: 64n * BigInt(MIB) }), /^CORRUPT.*log is not inside/],
  ['a log longer than the file', (file) => file.header(0, { logLength: 0xfff0_0000 }), /^CORRUPT.*log is not inside/],
  ['no log', (file) => file.header(0, { logLength: 0 }), /^CORRUPT.*readonly=on/],
  ['a log of 4 GiB to replay', (file) => file.header(0, { logLength: 0xfff0_0000, logGuid: LOG_GUID }), /^NOT_SUPPORTED.*must be replayed/],
  ['no region table', (file) => file.bytes.fill(0, REGION_TABLE_PLACES[0], REGION_TABLE_PLACES[1] + 65_536), /^CORRUPT.*region tables/],
  ['2048 regions', (file) => file.regionCount(2048), /^CORRUPT.*2048 entries/],
  ['2^32 - 1 regions', (file) => file.regionCount(2 ** 32 - 1), /^CORRUPT.*4294967295 entries/],
  ['no block table', (file) => file.regions(METADATA), /^CORRUPT.*lacks the region/],
  ['no metadata', (file) => file.regions(BAT), /^CORRUPT.*lacks the region/],
  ['two block tables', (file) => file.regions(BAT, METADATA, [bat, PAYLOAD_AT, MIB]), /^CORRUPT.*two regions/],
  ['an unknown region', (file) => file.regions(BAT, METADATA, [UNKNOWN, PAYLOAD_AT, MIB]), /^NOT_SUPPORTED.*unknown kind/],
  ['a region behind the end', (file) => file.regions(BAT, [metadata, FILE_SIZE, MIB]), /^CORRUPT.*not inside the file/],
  ['a region at 2^64 - 1 MiB', (file) => file.regions(BAT, [metadata, 2n ** 64n - 2n ** 20n, MIB]), /^CORRUPT.*not inside/],
  ['a region at an odd place', (file) => file.regions(BAT, [metadata, METADATA_AT + 4096, MIB]), /^CORRUPT.*not inside/],
  ['a region of no length', (file) => file.regions(BAT, [metadata, METADATA_AT, 0]), /^CORRUPT.*not inside/],
  ['regions that overlap', (file) => file.regions(BAT, [metadata, BAT_AT, MIB]), /^CORRUPT.*regions overlap/],
  ['a region in the log', (file) => file.regions(BAT, [metadata, LOG_AT, MIB]), /^CORRUPT.*regions overlap/],
  ['no metadata table', (file) => file.bytes.fill(0, METADATA_AT, METADATA_AT + 8), /^CORRUPT.*no table/],
  ['65535 metadata items', (file) => file.view.setUint16(METADATA_AT + 10, 0xffff, true), /^CORRUPT.*65535 entries/],
  ['one metadata item', (file) => file.view.setUint16(METADATA_AT + 10, 1, true), /^CORRUPT.*lacks/],
  ['two items of one kind', (file) => file.item(METADATA_GUID.virtualDiskSize, () => {}), /^CORRUPT.*two metadata items/],
  ['an item in the table', (file) => file.view.setUint32(METADATA_AT + 32 + 16, 64, true), /^CORRUPT.*out of place/],
  ['an item behind its region', (file) => file.view.setUint32(METADATA_AT + 32 + 16, MIB - 8, true), /^CORRUPT.*out of place/],
  ['an item of 4 GiB', (file) => file.view.setUint32(METADATA_AT + 32 + 20, 2 ** 32 - 1, true), /^CORRUPT.*out of place/],
  ['an item of 4 bytes', (file) => file.view.setUint32(METADATA_AT + 32 + 20, 4, true), /^CORRUPT.*lacks/],
  ['an unknown item', (file) => file.item(UNKNOWN, () => {}), /^NOT_SUPPORTED.*unknown kind/],
  ['a parent', (file) => file.metadata({ flags: 2 }), /^NOT_SUPPORTED.*differencing/],
  ['a parent locator', (file) => file.item(METADATA_GUID.parentLocator, () => {}), /^NOT_SUPPORTED.*differencing/],
  ['blocks of 0 bytes', (file) => file.metadata({ blockSize: 0 }), /^CORRUPT.*block size is 0/],
  ['blocks of 512 KiB', (file) => file.metadata({ blockSize: MIB / 2 }), /^CORRUPT.*block size/],
  ['blocks of 3 MiB', (file) => file.metadata({ blockSize: 3 * MIB }), /^CORRUPT.*block size/],
  ['blocks of 512 MiB', (file) => file.metadata({ blockSize: 512 * MIB }), /^CORRUPT.*block size/],
  ['sectors of 0 bytes', (file) => file.metadata({ logical: 0 }), /^CORRUPT.*sectors of 0 bytes/],
  ['sectors of 1024 bytes', (file) => file.metadata({ logical: 1024 }), /^CORRUPT.*sectors of 1024/],
  ['physical sectors of 513 bytes', (file) => file.metadata({ physical: 513 }), /^CORRUPT.*sectors of 513/],
  ['a disk of 0 bytes', (file) => file.metadata({ size: 0n }), /^CORRUPT.*size/],
  ['a disk of 513 bytes', (file) => file.metadata({ size: 513n }), /^CORRUPT.*size/],
  ['a disk of 512 bytes in sectors of 4096', (file) => file.metadata({ size: 512n, logical: 4096 }), /^CORRUPT.*size/],
  ['a disk of 64 TiB and a sector', (file) => file.metadata({ size: 2n ** 46n + 512n }), /^CORRUPT.*size/],
  ['a disk of 2^64 - 512 bytes', (file) => file.metadata({ size: 2n ** 64n - 512n }), /^CORRUPT.*size/],
  ['a table too short for its disk', (file) => file.metadata({ size: 2n ** 40n }), /^CORRUPT.*has room for 131041 blocks/],
];

/** What a wrong entry for block 1 does: block 0 is served as ever. */
const SPOILED: readonly (readonly [string, (file: VhdxBytes) => unknown])[] = [
  ['in the first MiB', (file) => file.batEntry(1, 0, 6)],
  ['in the log', (file) => file.batEntry(1, LOG_AT, 6)],
  ['in the block table', (file) => file.batEntry(1, BAT_AT, 6)],
  ['in the metadata', (file) => file.batEntry(1, METADATA_AT, 6)],
  ['behind the end of the file', (file) => file.batEntry(1, FILE_SIZE, 6)],
  ['at 2^64 - 1 MiB', (file) => file.batEntry(1, 2n ** 64n - 2n ** 20n, 6)],
  ['partially present, without a parent', (file) => file.batEntry(1, PAYLOAD_AT + MIB, 7)],
  ['in an unknown state', (file) => file.batEntry(1, PAYLOAD_AT + MIB, 4)],
];

describe('hostile VHDX', () => {
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = quickFolder('ch-hostile-vhdx-');
    path = join(folder, 'disk.vhdx');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function withImage<T>(file: VhdxBytes, use: (image: VhdxImage) => T): T {
    file.save(path);
    using disk = openDisk(path);
    return use(must(openVhdx(new HostFile(asFd(disk.fd)), { readOnly: false }), 'open'));
  }

  function opening(file: VhdxBytes, length = FILE_SIZE): string {
    file.save(path);
    truncateSync(path, length);
    using disk = openDisk(path);
    const opened = openVhdx(new HostFile(asFd(disk.fd)), { readOnly: false });
    return opened.ok ? 'opened' : `${opened.error.code}: ${opened.error.message}`;
  }

  for (const [name, spoil, message] of REFUSED) {
    it(`${name} -> ${String(message)}`, () => {
      const file = new VhdxBytes();
      spoil(file);
      expect(opening(file)).to.match(message);
    });
  }

  it('as it should be -> two blocks and zeros', () => {
    withImage(new VhdxBytes(), (image) => {
      expect(image).to.include({ size: DISK_SIZE, blockSize: MIB, logicalSectorSize: 512, presentBlocks: 2, badBlocks: 0 });
      expect(image.locateRead(MIB - 512, 4096)).to.equal(EXTENT.data);
      expect(image.extent).to.include({ offset: PAYLOAD_AT + MIB - 512, length: 512 });
      expect(image.locateRead(2 * MIB + 512, 4096)).to.equal(EXTENT.zeros);
    });
  });

  it('one header torn, one region table torn, an unknown region that is not required -> opened', () => {
    const file = new VhdxBytes().regions(BAT, METADATA, [UNKNOWN, PAYLOAD_AT + MIB, MIB, 0]).batEntry(1, 0, 0);
    file.bytes.fill(0xff, HEADER_PLACES[1], HEADER_PLACES[1] + 512);
    file.bytes.fill(0xff, REGION_TABLE_PLACES[0], REGION_TABLE_PLACES[0] + 512);
    expect(opening(file)).to.equal('opened');
  });

  for (const state of [0, 1, 2, 3, 5]) {
    it(`a block in state ${state} -> zeros, and another place at its first write`, () => {
      withImage(new VhdxBytes().batEntry(1, PAYLOAD_AT + MIB, state), (image) => {
        expect(image.locateRead(MIB, 512)).to.equal(EXTENT.zeros);
        expect(image.locateWrite(MIB, 512)).to.equal(EXTENT.data);
        expect(image.extent.offset).to.equal(FILE_SIZE);
      });
    });
  }

  for (const [name, spoil] of SPOILED) {
    it(`a block ${name} -> fails, and no other does`, () => {
      const file = new VhdxBytes();
      spoil(file);
      withImage(file, (image) => {
        expect(kinds(image, MIB)).to.deep.equal([EXTENT.failed, EXTENT.failed]);
        expect(image.error).to.match(/block table is wrong about block 1/);
        expect(image.discard(MIB, 512)).to.be.below(0);
        expect(kinds(image, 0)).to.deep.equal([EXTENT.data, EXTENT.data]);
        expect(kinds(image, 2 * MIB)).to.deep.equal([EXTENT.zeros, EXTENT.failed]);
        expect(image.badBlocks).to.equal(1);
      });
    });
  }

  it('two blocks in one place -> both fail', () => {
    withImage(new VhdxBytes().batEntry(1, PAYLOAD_AT, 6), (image) => {
      expect([kinds(image, 0), kinds(image, MIB)]).to.deep.equal([Array(2).fill(EXTENT.failed), Array(2).fill(EXTENT.failed)]);
      expect(image.badBlocks).to.equal(2);
    });
  });

  for (const length of [0, 7, 8, 65_536, 131_072, 262_143, MIB, 2 * MIB, 3 * MIB, 4 * MIB - 1]) {
    it(`cut to ${length} bytes -> refused`, () => {
      expect(opening(new VhdxBytes(), length)).to.match(/^(CORRUPT|HOST|NOT_THIS_FORMAT): /);
    });
  }

  it('random bytes of its metadata changed -> opened or refused, never more', () => {
    const random = new Random(5);
    const opened = new Set<string>();
    for (let trial = 0; trial < 60; trial++) {
      const file = new VhdxBytes();
      for (let count = 0; count < 3; count++) {
        const at = random.pick([BAT_AT + random.below(80), METADATA_AT + random.below(200), METADATA_AT + 65_536 + random.below(320)]);
        file.bytes[at] = random.below(256);
      }
      opened.add(opening(file).split(':')[0] ?? '');
    }
    expect([...opened]).to.include.members(['opened', 'CORRUPT']);
  });
});

/** What a read and a write at `offset` meet. */
function kinds(image: Image, offset: number): readonly number[] {
  return [image.locateRead(offset, 512), image.locateWrite(offset, 512)];
}

describe('CRC-32C and GUIDs', () => {
  it('"123456789" -> e3069283', () => expect(crc32c(Buffer.from('123456789'), 100)).to.equal(0xe306_9283));

  it('a GUID -> its bytes and back', () => {
    const text = '2dc27766-f623-4200-9d64-115e9bfd4a08';
    expect(Buffer.from(guidBytes(text)).toString('hex')).to.equal('6677c22d23f600429d64115e9bfd4a08');
    expect(guidText(guidBytes(text))).to.equal(text);
  });

  it('a new one -> version 4, RFC variant, and not the last one', () => {
    expect(newGuid()).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(newGuid()).to.not.equal(newGuid());
  });
});
