import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { hasQemu, qemuImg } from './image/testing/qemu.fixture.ts';
import { type ImageToOpen, openImage } from './open-image.ts';

describe('openImage', () => {
  it('an image past the page cache that is opened again -> no descriptor more', function () {
    if (!hasQemu) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'ch-block-'));
    const imagePath = join(folder, 'disk');
    qemuImg('create', '-q', '-f', 'qcow2', imagePath, '1M');
    const imageFd = openSync(imagePath, 'r+');
    const toOpen: ImageToOpen = {
      ...{ imageFd, imagePath, imageType: 'qcow2', readOnly: false, direct: true, backingFiles: false, rawSectors: 0 },
      lockGranularity: 'byte-range',
    };
    const { image, metadataFd } = must(openImage(toOpen), 'image');
    const before = readdirSync('/proc/self/fd').length;
    must(image.close(), 'close');
    const again = must(openImage({ ...toOpen, metadataFd, backing: [] }), 'the same image');
    expect(again.metadataFd).to.equal(metadataFd);
    expect(readdirSync('/proc/self/fd').length).to.equal(before);
    must(again.image.close(), 'close');
    for (const fd of [imageFd, metadataFd ?? -1]) closeSync(fd);
    rmSync(folder, { recursive: true });
  });
});
