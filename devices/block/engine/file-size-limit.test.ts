import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_OK, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT } from '../spec.ts';
import { ServedDisk } from '../testing/served-disk.fixture.ts';

const LIMITED = new URL('../../../shared/testing/limited-file-size.ts', import.meta.url);
const WITHOUT_IO_URING = new URL('../../../shared/testing/without-io-uring.ts', import.meta.url);
const PER_MIB = (1 << 20) / 512;

describe('a disk that is larger than files may become (ulimit -f)', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ch-block-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const rows: readonly (readonly [name: string, imports: readonly URL[]])[] = [
    ['io_uring', [LIMITED]],
    ['threads', [LIMITED, WITHOUT_IO_URING]],
  ];
  for (const [name, imports] of rows) {
    it(`${name}: a write beyond -> an error to the guest, and the rest is served`, async () => {
      const image = join(folder, 'image');
      writeFileSync(image, '');
      truncateSync(image, 64 << 20);
      await using served = await ServedDisk.start(image, 'image_type=raw', undefined, imports);
      const { driver } = served;
      expect(await driver.request(VIRTIO_BLK_T_OUT, 48 * PER_MIB, 4096)).to.equal(VIRTIO_BLK_S_IOERR);
      expect(await driver.request(VIRTIO_BLK_T_OUT, 16 * PER_MIB, 4096)).to.equal(VIRTIO_BLK_S_OK);
      expect(await driver.request(VIRTIO_BLK_T_IN, 48 * PER_MIB, 4096)).to.equal(VIRTIO_BLK_S_OK);
    }).timeout(30_000);
  }
});
