import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { AT, CLUSTER, SmallImage } from './image/qcow2/testing/small-image.fixture.ts';
import { quickFolder } from './image/testing/open-disk.fixture.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { DATA_SIZE } from './testing/driven-disk.fixture.ts';
import { ServedDisk } from './testing/served-disk.fixture.ts';

const [IN, OUT, FLUSH] = [0, 1, 4];
const [OK, IOERR] = [0, 1];
const MIB = 1 << 20;
const PER_MIB = MIB / 512;

/** The status of one request; a write is of bytes that say where they are. */
async function ask({ driver }: ServedDisk, type: number, sector: number, length: number): Promise<number> {
  if (type === OUT) driver.memory.writeBytes(driver.dataOf(0), new Uint8Array(length).fill(1 + (sector % 251)));
  return driver.request(type, sector, length);
}

function read({ driver }: ServedDisk, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  driver.memory.readBytes(driver.dataOf(0), bytes);
  return bytes;
}

(hasQemu ? describe : describe.skip)('a disk whose host fails', () => {
  let folder = '';
  let mounted = '';
  beforeEach(() => (folder = quickFolder('host-errors-')));
  afterEach(() => {
    if (mounted !== '') spawnSync('umount', ['--lazy', mounted]);
    mounted = '';
    rmSync(folder, { recursive: true });
  });

  const formats = [
    ['raw', 'raw', 'image_type=raw', ''],
    ['qcow2', 'qcow2', 'image_type=qcow2', 'cluster_size=64k'],
    ['VHDX', 'vhdx', 'image_type=vhdx', 'block_size=1M'],
  ] as const;

  for (const [name, format, keys, options] of formats) {
    it(`${name}, no space left -> an error to the guest for what has no room, one line, and the rest is served`, async function () {
      const small = join(folder, 'small');
      mkdirSync(small);
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'none', small]).status !== 0) return this.skip();
      mounted = small;
      const image = join(small, 'image');
      qemuImg('create', '-q', '-f', format, ...(options === '' ? [] : ['-o', options]), image, String(16 * MIB));
      await using served = await ServedDisk.start(image, keys);
      const statuses: number[] = [];
      for (let at = 0; at < 16 * MIB; at += DATA_SIZE) statuses.push(await ask(served, OUT, at / 512, DATA_SIZE));
      const failed = statuses.findIndex((status) => status === IOERR);
      expect(failed).to.be.within(32, 200);
      expect(new Set(statuses)).to.deep.equal(new Set([OK, IOERR]));
      expect([await ask(served, OUT, 8, 4096), await ask(served, FLUSH, 0, 0)]).to.deep.equal([OK, OK]);
      for (const [index, status] of statuses.entries()) {
        if (status !== OK || index % 8 !== 1) continue;
        expect(await ask(served, IN, (index * DATA_SIZE) / 512, 512)).to.equal(OK);
        expect(read(served, 512)[0]).to.equal(1 + (((index * DATA_SIZE) / 512) % 251));
      }
      const said = await served.stop();
      expect(said).to.match(/^ch-block: a request failed: .*no space left on device \(ENOSPC\)[^\n]*\n/);
      expect(said.split('\n').length).to.be.at.most(3);
      if (format === 'qcow2') qemuImg('check', '-q', '-f', 'qcow2', image);
    }).timeout(60_000);

    it(`${name}, its file becomes shorter -> an error for what is gone, and the rest is served`, async () => {
      const image = join(folder, 'image');
      qemuImg('create', '-q', '-f', format, ...(options === '' ? [] : ['-o', options]), image, String(8 * MIB));
      await using served = await ServedDisk.start(image, keys);
      for (let at = 0; at < 8 * MIB; at += DATA_SIZE) expect(await ask(served, OUT, at / 512, DATA_SIZE)).to.equal(OK);
      // Two formats have set more aside than they use.
      truncateSync(image, format === 'vhdx' ? statSync(image).size - 3 * MIB : 4 * MIB);
      const first: number[] = [];
      for (let at = 0; at < 8; at++) first.push(await ask(served, IN, at * PER_MIB, 4096));
      expect(first[0]).to.equal(OK);
      expect(first).to.include(IOERR);
      expect(await served.stop()).to.match(/^ch-block: a request failed: read the image at \d+: the file has become shorter\n/);
    }).timeout(60_000);
  }

  it('a backing file that becomes shorter -> an error where it shows, and none where it does not', async () => {
    const base = join(folder, 'base');
    const image = join(folder, 'image');
    writeFileSync(base, new Uint8Array(4 * MIB).fill(7));
    qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base, image);
    await using served = await ServedDisk.start(image, 'image_type=qcow2,backing_files=on');
    expect(await ask(served, OUT, 3 * PER_MIB, DATA_SIZE)).to.equal(OK);
    truncateSync(base, 2 * MIB);
    const cluster = DATA_SIZE / 512;
    expect(await ask(served, IN, PER_MIB, 4096)).to.equal(OK);
    expect(await ask(served, IN, 3 * PER_MIB, 4096)).to.equal(OK);
    expect(await ask(served, IN, 3 * PER_MIB + cluster, 4096)).to.equal(IOERR);
    // A part of a cluster needs what lies beside it; a whole one needs nothing.
    expect(await ask(served, OUT, 3 * PER_MIB + 2 * cluster, 4096)).to.equal(IOERR);
    expect(await ask(served, OUT, 3 * PER_MIB + 2 * cluster, DATA_SIZE)).to.equal(OK);
    expect(await served.stop()).to.match(/^ch-block: a request failed: read backing file 1 at \d+: the file has become shorter\n/);
    qemuImg('check', '-q', '-f', 'qcow2', image);
  }).timeout(60_000);

  const hostile: readonly (readonly [name: string, damage: (image: SmallImage) => void, line: RegExp])[] = [
    ['an L2 entry outside of the file', (image) => image.entry(1, 2 ** 63 + 2 ** 40), /outside of the file/],
    ['an L2 entry between clusters', (image) => image.entry(1, 2 ** 63 + AT.data * CLUSTER + 2048), /between clusters/],
  ];
  for (const [name, damage, line] of hostile) {
    it(`qcow2 with ${name} -> an error there, one line, and the rest is served`, async () => {
      const path = join(folder, 'image');
      const image = new SmallImage();
      damage(image);
      writeFileSync(path, image.bytes);
      await using served = await ServedDisk.start(path, 'image_type=qcow2');
      expect(await ask(served, IN, CLUSTER / 512, 512)).to.equal(IOERR);
      expect(await ask(served, IN, CLUSTER / 512, 512)).to.equal(IOERR);
      expect(await ask(served, IN, 0, 512)).to.equal(OK);
      expect(read(served, 1)[0]).to.equal(1);
      expect(await ask(served, IN, (3 * CLUSTER) / 512, 512)).to.equal(OK);
      expect(read(served, 1)[0]).to.equal(4);
      const said = await served.stop();
      expect(said).to.match(line);
      expect(said.trim().split('\n').length).to.equal(1);
    }).timeout(60_000);
  }
});
