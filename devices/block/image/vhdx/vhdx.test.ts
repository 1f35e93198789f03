import { copyFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { Random } from '#shared/testing/random.ts';
import { HostFile } from '../image-file.ts';
import { EXTENT, type Image } from '../image.ts';
import { openDisk, quickFolder } from '../testing/open-disk.fixture.ts';
import { hasQemu, qemuImg, qemuIo } from '../testing/qemu.fixture.ts';
import { RecordingFile } from '../testing/recording-file.fixture.ts';
import { type Expected, StampedDisk, stampedBytes, wrongAmong, wrongSectors } from '../testing/stamped-disk.fixture.ts';
import { openVhdx } from './vhdx.ts';

const MIB = 2 ** 20;
const SIZE = 24 * MIB;
/** Bytes of a file whose disk has no block: its headers, log, metadata and block table. */
const EMPTY = 4 * MIB;

describe('VHDX and QEMU', function () {
  this.timeout(60_000);
  let folder = '';
  let path = '';

  before(function () {
    if (!hasQemu) this.skip();
  });
  beforeEach(() => {
    folder = quickFolder('ch-vhdx-');
    path = join(folder, 'disk.vhdx');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Opens what is at `path` and hands it to `use`, which leaves it open, as a process that dies does. */
  function withDisk<T>(use: (disk: StampedDisk) => T, versions?: Uint32Array): T {
    using disk = openDisk(path);
    const file = new HostFile(asFd(disk.fd));
    return use(new StampedDisk(must(openVhdx(file, { readOnly: false }), 'open'), file, versions));
  }

  function create(size: number, ...options: readonly string[]): void {
    qemuImg('create', '-q', '-f', 'vhdx', '-o', ['block_size=1M', ...options].join(','), path, String(size));
  }

  function sameToQemu(versions: Uint32Array): void {
    const raw = join(folder, 'raw');
    writeFileSync(raw, stampedBytes(versions));
    expect(qemuImg('compare', '-f', 'vhdx', '-F', 'raw', path, raw)).to.match(/identical/);
  }

  for (const options of [[], ['subformat=fixed'], ['block_state_zero=off'], ['block_size=8M']]) {
    it(`random requests to one made with "${options.join(' ') || 'nothing'}" -> both read what was written`, () => {
      create(SIZE + 512, ...options);
      const random = new Random(options.length + 10);
      const versions = withDisk((disk) => {
        for (let count = 0; count < 80; count++) disk.step(random);
        expect(wrongSectors(disk.read(), disk.versions)).to.deep.equal([]);
        must(disk.image.close(), 'close');
        return disk.versions;
      });
      expect(qemuImg('check', '-f', 'vhdx', path)).to.match(/No errors/);
      sameToQemu(versions);
      withDisk((disk) => expect(wrongSectors(disk.read(), versions)).to.deep.equal([]));
    });
  }

  it('written by qemu-io -> read here', () => {
    create(SIZE);
    qemuIo('vhdx', path, 'write -P 0x11 0 4k', 'write -P 0x22 5M 3M', `write -P 0x33 ${SIZE - 512} 512`, 'write -z 6M 1M');
    const content = withDisk((disk) => disk.read());
    const expected = Buffer.alloc(SIZE);
    expected.fill(0x11, 0, 4096).fill(0x22, 5 * MIB, 6 * MIB);
    expected.fill(0x22, 7 * MIB, 8 * MIB).fill(0x33, SIZE - 512);
    expect(expected.equals(content)).to.equal(true);
  });

  it('the process dies with all it did in its log -> what it wrote is there, for us and for qemu', () => {
    create(SIZE);
    const random = new Random(20);
    let versions = withDisk((disk) => {
      for (let count = 0; count < 30; count++) disk.step(random);
      return disk.versions;
    });
    copyFileSync(path, join(folder, 'copy'));
    versions = withDisk((disk) => {
      expect(wrongSectors(disk.read(), versions)).to.deep.equal([]);
      for (let count = 0; count < 20; count++) disk.step(random);
      return disk.versions;
    }, versions);
    qemuImg('check', '-q', '-r', 'all', '-f', 'vhdx', path);
    expect(qemuImg('check', '-f', 'vhdx', path)).to.match(/No errors/);
    sameToQemu(versions);
    path = join(folder, 'copy');
    using disk = openDisk(path, 'r');
    const opened = openVhdx(new HostFile(asFd(disk.fd)), { readOnly: true });
    expect(opened.ok ? '' : opened.error.message).to.match(/its log must be replayed/);
  });

  it('more blocks than a log holds -> the same', () => {
    create(130 * MIB);
    const versions = withDisk((disk) => {
      for (let block = 129; block >= 0; block--) disk.write(block * MIB + 4096 * (block % 7), 512);
      return disk.versions;
    });
    withDisk((disk) => {
      expect(wrongSectors(disk.read(), versions)).to.deep.equal([]);
      must(disk.image.close(), 'close');
    });
    expect(qemuImg('check', '-f', 'vhdx', path)).to.match(/No errors/);
    sameToQemu(versions);
  });

  it('changes all over a large block table -> the same', () => {
    create(21 * 2 ** 30);
    const offsets = Array.from({ length: 40 }, (_, index) => index * 512 * MIB + 512 * index);
    const sector = allocate(512);
    const use = (transfer: (image: Image, file: HostFile, offset: number) => void): void => {
      using disk = openDisk(path);
      const file = new HostFile(asFd(disk.fd));
      const image = must(openVhdx(file, { readOnly: false }), 'open');
      for (const offset of offsets) transfer(image, file, offset);
    };
    use((image, file, offset) => {
      sector.bytes.fill(Math.floor(1 + offset / (512 * MIB)));
      expect(image.locateWrite(offset, 512), image.error).to.equal(EXTENT.data);
      expect(file.write(sector, 0, 512, image.extent.offset)).to.equal(0);
    });
    qemuImg('check', '-q', '-r', 'all', '-f', 'vhdx', path);
    use((image, file, offset) => {
      expect(image.locateRead(offset, 512)).to.equal(EXTENT.data);
      expect(file.read(sector, 0, 512, image.extent.offset)).to.equal(512);
      expect([...new Set(sector.bytes)]).to.deep.equal([Math.floor(1 + offset / (512 * MIB))]);
    });
    qemuIo('vhdx', path, ...offsets.map((offset) => `read -P ${Math.floor(1 + offset / (512 * MIB))} ${offset} 512`));
  });

  it('closed -> the file has what is in use, and no more', () => {
    create(SIZE);
    withDisk((disk) => {
      disk.write(0, 512);
      expect(statSync(path).size).to.be.above(EMPTY + MIB);
      must(disk.image.close(), 'close');
    });
    expect(statSync(path).size).to.equal(EMPTY + MIB);
    withDisk((disk) => disk.write(2 * MIB, 512));
    withDisk((disk) => {
      disk.write(0, 512);
      must(disk.image.close(), 'close');
    });
    expect(statSync(path).size).to.equal(EMPTY + 2 * MIB);
  });

  it('resize -> the new part is zeros, for us and for qemu', () => {
    create(SIZE + 512);
    const versions = withDisk((disk) => {
      disk.write(SIZE, 512);
      must(disk.image.resize(40 * MIB), 'resize');
      disk.grown();
      disk.write(40 * MIB - 8192, 8192);
      return disk.versions;
    });
    withDisk((disk) => {
      expect(wrongSectors(disk.read(), versions)).to.deep.equal([]);
      must(disk.image.close(), 'close');
    });
    sameToQemu(versions);
  });

  it('resize beyond the block table, smaller, or odd -> refused', () => {
    create(SIZE);
    withDisk(({ image }) => {
      for (const size of [2 ** 46, SIZE - 512, SIZE + 1, NaN]) expect(image.resize(size).ok).to.equal(false);
      expect(image.size).to.equal(SIZE);
    });
  });

  it('the power goes at any moment -> the image is consistent, and what was flushed is there', () => {
    create(SIZE);
    const run = new PowerRun(path, 30);
    run.work(60, (disk, random) => disk.step(random, 2 * MIB));
    for (let trial = 0; trial < 16; trial++) tryPowerLoss(run, trial, run.random.pick(run.cuts()));
  });

  it('the power goes while a full log is emptied -> the same', () => {
    create(140 * MIB);
    const run = new PowerRun(path, 40);
    let block = 0;
    run.work(140, (disk) => disk.write(((block++ * 67) % 140) * MIB, 512));
    for (const [trial, cut] of run.cuts(run.emptied() - 4, 12).entries()) {
      for (let again = 0; again < 5; again++) tryPowerLoss(run, trial + again, cut);
    }
  });

  function tryPowerLoss(run: PowerRun, trial: number, operations: number): void {
    path = join(folder, 'after');
    const expected = run.powerLoss(path, operations);
    if (trial % 8 === 0) {
      qemuImg('check', '-q', '-r', 'all', '-f', 'vhdx', path);
      expect(qemuImg('check', '-f', 'vhdx', path), `trial ${trial}`).to.match(/No errors/);
    }
    const sectors = expected.map(({ sector }) => sector);
    withDisk((after) => {
      const content = sectors.length > 1000 ? after.read() : after.readSectors(sectors);
      expect(wrongAmong(content, expected), `trial ${trial}`).to.deep.equal([]);
    });
  }

  it('its file is cut short -> the blocks that are gone fail, the others are served, no block is added', () => {
    create(SIZE);
    withDisk((disk) => {
      disk.write(0, 512);
      disk.write(10 * MIB, 512);
      must(disk.image.close(), 'close');
    });
    truncateSync(path, statSync(path).size - MIB);
    withDisk(({ image }) => {
      expect(image.locateRead(0, 512)).to.equal(EXTENT.data);
      expect(image.locateWrite(0, 512)).to.equal(EXTENT.data);
      expect(image.locateRead(10 * MIB, 512)).to.equal(EXTENT.failed);
      expect(image.error).to.match(/block table is wrong about block 10/);
      expect(image.locateRead(5 * MIB, 512)).to.equal(EXTENT.zeros);
      expect(image.locateWrite(5 * MIB, 512)).to.equal(EXTENT.failed);
      expect(image.resize(SIZE + MIB).ok).to.equal(false);
    });
  });
});

/** What the disk held at a moment; after a flush, durably. */
interface Moment {
  readonly operations: number;
  readonly versions: Uint32Array;
  readonly isFlush: boolean;
}

/** One run of requests to an image, whose power may go at any moment of it, again and again. */
class PowerRun {
  readonly random: Random;
  readonly #path: string;
  readonly #start: string;
  readonly #moments: Moment[] = [];
  #touched: ReadonlySet<number> = new Set();
  #file: RecordingFile | undefined;

  constructor(path: string, seed: number) {
    this.#path = path;
    this.#start = `${path}.start`;
    this.random = new Random(seed);
    copyFileSync(path, this.#start);
  }

  /** The moments before something becomes durable, when most is at stake; among `count` operations from `first` on. */
  cuts(first = 0, count = Infinity): [number, ...number[]] {
    const operations = this.#file?.changes ?? [];
    const syncs = operations.map(({ kind }, at) => (kind === 'sync' ? at : -1));
    return [operations.length, ...syncs.filter((at) => at >= Math.max(first, 0) && at < first + count)];
  }

  work(steps: number, step: (disk: StampedDisk, random: Random) => void): void {
    using open = openDisk(this.#path);
    const file = new RecordingFile(open.fd);
    this.#file = file;
    const disk = new StampedDisk(must(openVhdx(file, { readOnly: false }), 'open'), file);
    const note = (isFlush: boolean): void =>
      void this.#moments.push({ operations: file.changes.length, versions: disk.versions.slice(), isFlush });
    note(true);
    for (let count = 0; count < steps; count++) {
      step(disk, this.random);
      note(false);
      if (!this.random.oneIn(5)) continue;
      disk.flush();
      note(true);
    }
    must(disk.image.close(), 'close');
    note(true);
    this.#touched = disk.touched;
  }

  /** When the block table was first written in its own place, to empty the log. */
  emptied(): number {
    const operations = this.#file?.changes ?? [];
    const first = operations.findIndex(
      (operation) => operation.kind === 'write' && operation.offset >= 2 * MIB && operation.offset < EMPTY,
    );
    expect(first).to.be.above(0);
    return first;
  }

  /** Makes the file as it is then, and says what its sectors must hold: what was flushed, or what was written since. */
  powerLoss(path: string, operations: number): Expected[] {
    this.#file?.afterLoss(this.#start, path, operations, this.random);
    const start = this.#moments.findLastIndex((moment) => moment.isFlush && moment.operations <= operations);
    const end = this.#moments.findIndex((moment) => moment.operations >= operations);
    const since = this.#moments.slice(start, end + 1);
    return Array.from(this.#touched, (sector) => {
      const [version = 0, ...others] = since.map(({ versions }) => versions[sector] ?? 0);
      return { sector, version, others: new Set(others) };
    });
  }
}
