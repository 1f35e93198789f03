import { expect } from 'chai';
import { closeSync, constants, mkdtempSync, openSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EAGAIN } from '#shared/sys/errno.ts';
import { allocate, syscall } from '#shared/sys/ffi.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { HostFile } from './image-file.ts';

const LENGTH = 64 << 10;
const RWF_NOWAIT = 8;
/** statfs(2), f_type. */
const TMPFS = 0x01021994;

describe('the file under an image', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'image-file-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('leaves nothing in the page cache where data goes around it', function () {
    const path = join(folder, 'image');
    const cached = asFd(openSync(path, 'w+'));
    const opened = openDirect(path);
    // A tmpfs is nothing but page cache.
    if (opened === undefined || statfsSync(folder).type === TMPFS) return this.skip();
    const file = new HostFile(opened, cached);
    const bytes = allocate(LENGTH);
    bytes.bytes.fill(0x5a);
    expect(file.write(bytes, 0, LENGTH, 0)).to.equal(0);
    expect(isCached(cached)).to.equal(true);
    expect(file.sync()).to.equal(0);
    expect(isCached(cached)).to.equal(false);
    const back = allocate(LENGTH);
    expect(file.read(back, 0, LENGTH, 0)).to.equal(LENGTH);
    expect(back.bytes).to.deep.equal(bytes.bytes);
    expect(isCached(cached)).to.equal(false);
    closeSync(cached);
    closeSync(opened);
  });

  it('leaves in the page cache what is read there anyway', () => {
    const fd = asFd(openSync(join(folder, 'image'), 'w+'));
    const file = new HostFile(fd);
    expect(file.write(allocate(LENGTH), 0, LENGTH, 0)).to.equal(0);
    expect(file.sync()).to.equal(0);
    expect(isCached(fd)).to.equal(true);
    closeSync(fd);
  });
});

/** The file's first page. */
function isCached(fd: number): boolean {
  const page = allocate(4096);
  const vector = allocate(16);
  vector.view.setBigUint64(0, BigInt(page.address), true);
  vector.view.setBigUint64(8, 4096n, true);
  const result = syscall(SYS.preadv2, fd, vector.address, 1, 0, 0, RWF_NOWAIT);
  if (result !== 4096 && result !== -EAGAIN) throw new Error(`preadv2 answers ${result}`);
  return result === 4096;
}

function openDirect(path: string): ReturnType<typeof asFd> | undefined {
  try {
    return asFd(openSync(path, constants.O_RDWR | constants.O_DIRECT));
  } catch {
    return undefined;
  }
}
