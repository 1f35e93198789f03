import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { EIO, ENOSPC } from '#shared/sys/errno.ts';
import { allocate } from '#shared/sys/ffi.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { HostFile } from '../image-file.ts';
import { EXTENT, type Image } from '../image.ts';
import { FailingFile } from '../qcow2/testing/failing-file.fixture.ts';
import { openDisk, quickFolder } from '../testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from '../testing/qemu.fixture.ts';
import { MIB } from './spec.ts';
import { DISK_SIZE, VhdxBytes } from './testing/vhdx-bytes.fixture.ts';
import { openVhdx } from './vhdx.ts';

const SECTOR = 512;
/** Blocks in the order in which they are written; 0 and 1 are in the file from the beginning. */
const ORDER = [0, 5, 3, 7, 1, 2, 6, 4];

describe('VHDX on a host that refuses', function () {
  this.timeout(20_000);
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = quickFolder('ch-vhdx-host-');
    path = join(folder, 'disk.vhdx');
    new VhdxBytes().save(path);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Writes a sector of each block, resizes and closes. Which blocks were written, by their image's own account; and how often it was asked. */
  function work(refuses: (call: number) => boolean, errno: number): { written: Set<number>; calls: number } {
    using disk = openDisk(path);
    const file = new FailingFile(asFd(disk.fd));
    const image = must(openVhdx(file, { readOnly: false }), 'open');
    let calls = 0;
    file.refuse = (call) => (call !== 'read' && refuses(calls++) ? errno : 0);
    const written = new Set(ORDER.filter((block) => writeSector(image, file, block)));
    if (image.resize(DISK_SIZE + MIB).ok) expect(image.size).to.equal(DISK_SIZE + MIB);
    image.close();
    return { written, calls };
  }

  function writeSector(image: Image, file: FailingFile, block: number): boolean {
    if (image.locateWrite(block * MIB, SECTOR) === EXTENT.failed) {
      expect(image.error).to.match(/\((EIO|ENOSPC)\)$/);
      return false;
    }
    const data = allocate(SECTOR);
    data.bytes.fill(block + 1);
    return file.write(data, 0, SECTOR, image.extent.offset) === 0;
  }

  /** What was written is there, for whoever opens the file next; what was not is as it was, or there too. */
  function verify(written: ReadonlySet<number>, when: string): void {
    using disk = openDisk(path);
    const file = new HostFile(asFd(disk.fd));
    const image = must(openVhdx(file, { readOnly: false }), when);
    expect(image.badBlocks, when).to.equal(0);
    const data = allocate(SECTOR);
    for (const block of ORDER) {
      const isData = image.locateRead(block * MIB, SECTOR) === EXTENT.data;
      if (isData) file.read(data, 0, SECTOR, image.extent.offset);
      else data.bytes.fill(0);
      const before = block < 2 ? 0xa0 + block : 0;
      const allowed = written.has(block) ? [block + 1] : [before, block + 1];
      expect(allowed, `${when}, block ${block}`).to.include(data.bytes[0]);
      expect(new Set(data.bytes).size).to.equal(1);
    }
    if (hasQemu && when.endsWith('0')) expect(qemuImg('check', '-r', 'all', '-f', 'vhdx', path), when).to.match(/No errors|repaired/i);
  }

  it('nothing is refused -> all is written, by some calls', () => {
    const { written, calls } = work(() => false, 0);
    expect(written.size).to.equal(ORDER.length);
    expect(calls).to.be.within(30, 60);
    verify(written, 'never');
  });

  for (const [name, errno, refuses] of [
    ['one call fails', EIO, (call: number, at: number) => call === at],
    ['all calls fail from one on', ENOSPC, (call: number, at: number) => call >= at],
  ] as const) {
    it(`${name}, whichever it is -> what was written is there`, () => {
      const first = work(() => false, 0);
      for (let at = 0; at < first.calls; at++) {
        new VhdxBytes().save(path);
        const { written } = work((call) => refuses(call, at), errno);
        verify(written, `call ${at}`);
      }
    });
  }

  it('one call fails -> the requests after it succeed', () => {
    for (let at = 0; at < 20; at++) {
      new VhdxBytes().save(path);
      expect(work((call) => call === at, EIO).written.size, `call ${at}`).to.be.at.least(ORDER.length - 1);
    }
  });

  it('the host has no room for many blocks -> one at a time', () => {
    using disk = openDisk(path);
    const file = new FailingFile(asFd(disk.fd));
    const image = must(openVhdx(file, { readOnly: false }), 'open');
    expect(image.locateWrite(0, SECTOR)).to.equal(EXTENT.data);
    let refused = 0;
    file.refuse = (call) => (call === 'truncate' && refused++ === 0 ? ENOSPC : 0);
    expect(image.locateWrite(5 * MIB, SECTOR)).to.equal(EXTENT.data);
    expect(refused).to.equal(2);
  });
});
