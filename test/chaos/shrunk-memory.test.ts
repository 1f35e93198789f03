/** Guest memory that its owner takes away under a running ring: the end of the one process that was given it. */
import { expect } from 'chai';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as must } from '#shared/lang/result.ts';
import { signalEventFd } from '#shared/sys/eventfd.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { eventFd, toFrontend, toGuest } from '#shared/testing/session-pair.ts';
import { DiskProcess, GUEST_END } from './disk-process.ts';

const SIZE = 0x1_0000;
/** Nothing of this process is there: it never touches that memory itself. */
const FRONTEND_START = 0x10_0000_0000;

describe('memory that shrinks', () => {
  let folder: string;
  let fd: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shrunk-'));
    fd = openSync(join(folder, 'memory'), 'w+');
    ftruncateSync(fd, SIZE);
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  it('under a ring -> SIGBUS for its disk process, whose image stays whole; another disk is served', async () => {
    await using other = await DiskProcess.start();
    await using disk = await DiskProcess.start();
    using kick = eventFd();
    const region = { guestStart: toGuest(GUEST_END), size: SIZE, frontendStart: toFrontend(FRONTEND_START), fd: asFd(fd), fdOffset: 0 };
    must(await disk.frontend.setMemoryTable([disk.region.region, region]), 'memory');
    const parts = {
      descriptor: toFrontend(FRONTEND_START),
      available: toFrontend(FRONTEND_START + 0x1000),
      used: toFrontend(FRONTEND_START + 0x2000),
    };
    must(await disk.frontend.startRing({ index: 0, size: 8, base: 0, kickFd: kick.fd, callFd: undefined, ...parts }), 'ring');
    must(await disk.frontend.enableRing(0, true), 'enable');
    expect(disk.lastWords).to.match(/could shrink/);
    ftruncateSync(fd, 0);
    signalEventFd(kick.fd);
    expect(await disk.exited).to.deep.equal([null, 'SIGBUS']);
    expect(Buffer.compare(disk.imageOnDisk, disk.image)).to.equal(0);
    expect(must(await other.frontend.readConfig(0, 8), 'configuration')).to.have.length(8);
  });
});
