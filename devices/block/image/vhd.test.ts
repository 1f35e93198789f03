import { readFileSync, statSync, truncateSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { Random } from '#shared/testing/random.ts';
import { HostFile } from './image-file.ts';
import { EXTENT } from './image.ts';
import { openDisk, quickFolder } from './testing/open-disk.fixture.ts';
import { hasQemu, qemuImg, qemuIo } from './testing/qemu.fixture.ts';
import { RecordingFile } from './testing/recording-file.fixture.ts';
import { StampedDisk, stampedBytes, wrongSectors } from './testing/stamped-disk.fixture.ts';
import { openVhd } from './vhd.ts';

const MIB = 2 ** 20;
const SIZE = MIB;

/** The footer of a fixed VHD of SIZE bytes, changed by `change` before its checksum is made. */
function footer(change: (view: DataView, bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(512);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 512);
  bytes.write('conectix', 0, 'latin1');
  view.setUint32(8, 2);
  view.setUint32(12, 0x0001_0000);
  bytes.fill(0xff, 16, 24);
  bytes.write('tst ', 28, 'latin1');
  view.setBigUint64(40, BigInt(SIZE));
  view.setBigUint64(48, BigInt(SIZE));
  view.setUint32(60, 2);
  change(view, bytes);
  view.setUint32(64, ~bytes.reduce((sum, byte, at) => (at >= 64 && at < 68 ? sum : sum + byte), 0) >>> 0);
  return bytes;
}

describe('fixed VHD', function () {
  this.timeout(20_000);
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = quickFolder('ch-vhd-');
    path = join(folder, 'disk.vhd');
    writeFileSync(path, Buffer.concat([Buffer.alloc(SIZE), footer()]));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What opening the file answers: its size, or the error's message. */
  function open(): number | string {
    using disk = openDisk(path);
    const image = openVhd(new HostFile(asFd(disk.fd)), { readOnly: false });
    return image.ok ? image.value.size : `${image.error.code}: ${image.error.message}`;
  }

  const hostile: readonly (readonly [string, Buffer, RegExp | number])[] = [
    ['right', footer(), SIZE],
    ['smaller than its file', footer((view) => view.setBigUint64(48, BigInt(SIZE - 512))), SIZE - 512],
    ['no cookie', footer((_, bytes) => bytes.write('conectiX', 0)), /^NOT_THIS_FORMAT: is no VHD: its last 512 bytes/],
    ['version 2', footer((view) => view.setUint32(12, 0x0002_0000)), /^NOT_SUPPORTED: .* another version/],
    ['dynamic', footer((view) => view.setUint32(60, 3)), /^NOT_SUPPORTED: is a dynamic VHD, .*qemu-img convert/],
    ['differencing', footer((view) => view.setUint32(60, 4)), /^NOT_SUPPORTED: is a differencing VHD/],
    ['type 0', footer((view) => view.setUint32(60, 0)), /^CORRUPT: is a VHD of the unknown type 0/],
    ['size 0', footer((view) => view.setBigUint64(48, 0n)), /^CORRUPT: is a VHD of 0 bytes/],
    ['odd size', footer((view) => view.setBigUint64(48, BigInt(SIZE - 1))), /^CORRUPT: .* no positive multiple of 512/],
    ['larger than its file', footer((view) => view.setBigUint64(48, BigInt(SIZE + 512))), /^CORRUPT: .* has only 1048576 before/],
    ['of 2^64 - 512 bytes', footer((view) => view.setBigUint64(48, 2n ** 64n - 512n)), /^CORRUPT: /],
    ['wrong checksum', Buffer.from(footer().map((byte, at) => (at === 100 ? 1 : byte))), /^CORRUPT: .*checksum is wrong/],
  ];
  for (const [name, last, outcome] of hostile) {
    it(`a footer that is ${name} -> ${String(outcome)}`, () => {
      writeFileSync(path, Buffer.concat([Buffer.alloc(SIZE), last]));
      if (typeof outcome === 'number') expect(open()).to.equal(outcome);
      else expect(open()).to.match(outcome);
    });
  }

  for (const length of [0, 511, 512, 1023]) {
    it(`a file of ${length} bytes -> no VHD`, () => {
      truncateSync(path, length);
      expect(open()).to.match(/^NOT_THIS_FORMAT: /);
    });
  }

  it('random requests -> the guest has its bytes, and the footer is as it was', () => {
    using disk = openDisk(path);
    const file = new HostFile(asFd(disk.fd));
    const stamped = new StampedDisk(must(openVhd(file, { readOnly: false }), 'open'), file);
    const random = new Random(1);
    for (let count = 0; count < 200; count++) stamped.step(random, SIZE / 4);
    expect(wrongSectors(stamped.read(), stamped.versions)).to.deep.equal([]);
    expect(readFileSync(path).equals(Buffer.concat([stampedBytes(stamped.versions), footer()]))).to.equal(true);
  });

  it('read-only -> writes, discards and sizes are refused', () => {
    using disk = openDisk(path, 'r');
    const image = must(openVhd(new HostFile(asFd(disk.fd)), { readOnly: true }), 'open');
    expect(image.locateRead(512, 1024)).to.equal(EXTENT.data);
    expect(image.locateWrite(512, 1024)).to.equal(EXTENT.failed);
    expect(image.discard(0, 512)).to.be.below(0);
    expect(image.writeZeroes(0, 512, true)).to.be.below(0);
    expect(image.resize(2 * SIZE)).to.have.nested.property('error.message', 'is read-only, and keeps its size');
  });

  const sizes: readonly (readonly [number, RegExp])[] = [
    [SIZE - 512, /cannot be made smaller: a VHD image only grows/],
    [SIZE + 1, /no multiple of 512/],
    [2 ** 42, /at most/],
    [NaN, /no multiple/],
  ];
  for (const [size, message] of sizes) {
    it(`resize to ${size} -> ${message}`, () => {
      using disk = openDisk(path);
      const resized = must(openVhd(new HostFile(asFd(disk.fd)), { readOnly: false }), 'open').resize(size);
      expect(resized.ok ? '' : resized.error.message).to.match(message);
      expect(readFileSync(path).subarray(SIZE).equals(footer())).to.equal(true);
    });
  }

  it('resize -> the footer moves, and where it was are zeros', () => {
    using disk = openDisk(path);
    const image = must(openVhd(new HostFile(asFd(disk.fd)), { readOnly: false }), 'open');
    for (const size of [SIZE + 512, SIZE + 1024, 3 * MIB]) must(image.resize(size), 'resize');
    expect(image.size).to.equal(3 * MIB);
    expect(open()).to.equal(3 * MIB);
    expect(statSync(path).size).to.equal(3 * MIB + 512);
    expect(
      readFileSync(path)
        .subarray(0, 3 * MIB)
        .every((byte) => byte === 0),
    ).to.equal(true);
    if (hasQemu) expect(JSON.parse(qemuImg('info', '-f', 'vpc', '--output=json', path))).to.have.property('virtual-size', 3 * MIB);
  });

  it('power lost at any moment of a resize -> one size or the other', () => {
    const from = join(folder, 'from');
    const to = join(folder, 'to');
    writeFileSync(from, readFileSync(path));
    using disk = openDisk(path);
    const file = new RecordingFile(disk.fd);
    must(must(openVhd(file, { readOnly: false }), 'open').resize(2 * MIB), 'resize');
    const random = new Random(3);
    const seen = new Set<number>();
    path = to;
    for (let trial = 0; trial < 40; trial++) {
      file.afterLoss(from, to, trial % (file.changes.length + 1), random);
      seen.add(Number(open()));
    }
    expect([...seen]).to.have.members([SIZE, 2 * MIB]);
    file.afterLoss(from, to, file.changes.length, random);
    expect(open()).to.equal(2 * MIB);
  });

  it('of qemu-img, written by qemu-io -> read; written here -> qemu reads it', function () {
    if (!hasQemu) return this.skip();
    qemuImg('create', '-q', '-f', 'vpc', '-o', 'subformat=fixed,force_size=on', path, '8M');
    qemuIo('vpc', path, 'write -P 0x5a 1M 64k');
    using disk = openDisk(path);
    const file = new HostFile(asFd(disk.fd));
    const stamped = new StampedDisk(must(openVhd(file, { readOnly: false }), 'open'), file);
    const content = stamped.read();
    expect(content.length).to.equal(8 * MIB);
    expect(content.every((byte, at) => byte === (at >= MIB && at < MIB + 65_536 ? 0x5a : 0))).to.equal(true);
    stamped.clear(0, 8 * MIB, 'discard');
    const random = new Random(2);
    for (let count = 0; count < 50; count++) stamped.step(random);
    must(stamped.image.resize(9 * MIB), 'resize');
    stamped.grown();
    stamped.write(9 * MIB - 4096, 4096);
    must(stamped.image.close(), 'close');
    writeFileSync(join(folder, 'raw'), stampedBytes(stamped.versions));
    expect(qemuImg('compare', '-f', 'vpc', '-F', 'raw', path, join(folder, 'raw'))).to.match(/identical/);
  });
});
