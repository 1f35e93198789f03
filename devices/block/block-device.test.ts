import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Random } from '#shared/testing/random.ts';
import { SECTOR, bytesOf } from './image/qcow2/testing/sectors.fixture.ts';
import { VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_WRITE_ZEROES, VirtioBlkConfig } from './spec.ts';
import { DiskLoad } from './testing/disk-load.fixture.ts';
import { ServedDisk } from './testing/served-disk.fixture.ts';

const SIZE = 6 << 20;
const READ = 0;
const [OK, IOERR] = [0, 1];
const FEATURES = VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES;

describe('a block device of the host', () => {
  let folder = '';
  let device = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'block-device-'))));
  afterEach(() => {
    if (device !== '') spawnSync('losetup', ['--detach', device]);
    device = '';
    rmSync(folder, { recursive: true });
  });

  for (const [keys, blockSize] of [
    ['image_type=raw', 512],
    ['image_type=raw,direct=on', 4096],
  ] as const) {
    it(`${keys}, of blocks of ${blockSize} bytes: reads, writes, discards and zeroes`, async function () {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      truncateSync(file, SIZE);
      const made = spawnSync('losetup', ['--find', '--show', '--sector-size', String(blockSize), file], { encoding: 'utf8' });
      if (made.status !== 0) return this.skip();
      device = made.stdout.trim();
      await using served = await ServedDisk.start(device, keys, FEATURES);
      const config = await served.driver.frontend.readConfig(0, 60);
      const shown = config.ok ? VirtioBlkConfig.get.blk_size(new DataView(config.value.buffer, config.value.byteOffset), 0) : 0;
      expect(shown).to.equal(blockSize);
      const load = new DiskLoad(served.driver, {
        ...{ random: new Random(blockSize), versions: new Int32Array(SIZE / SECTOR), discards: true },
        align: blockSize / SECTOR,
      });
      await load.run(300);
      await load.readAll();
      expect(await served.stop()).to.equal('');
      expect(readFileSync(device).equals(bytesOf(load.versions))).to.equal(true);
    }).timeout(30_000);

    it(`${keys}: what the host fails to read -> an error to the guest, one line, and the rest is served`, async function () {
      const file = join(folder, 'file');
      writeFileSync(file, Buffer.alloc(SIZE, 7));
      const made = spawnSync('losetup', ['--find', '--show', '--sector-size', String(blockSize), file], { encoding: 'utf8' });
      if (made.status !== 0) return this.skip();
      device = made.stdout.trim();
      await using served = await ServedDisk.start(device, keys, FEATURES);
      const middle = SIZE / 2 / SECTOR;
      expect(await served.driver.request(READ, middle, 4096)).to.equal(OK);
      // The device keeps its size, and has nothing there any more.
      truncateSync(file, SIZE / 4);
      expect(spawnSync('blockdev', ['--flushbufs', device]).status).to.equal(0);
      const statuses: number[] = [];
      for (const sector of [middle, 0, middle + 1024, 8]) statuses.push(await served.driver.request(READ, sector, 4096));
      expect(statuses).to.deep.equal([IOERR, OK, IOERR, OK]);
      expect(await served.stop()).to.match(/^ch-block: a request failed: read the image at \d+: i\/o error \(EIO\)\n$/);
    }).timeout(30_000);
  }
});
