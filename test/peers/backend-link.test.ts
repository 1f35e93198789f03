/**
 * The core's link before the two block back ends that there are: our ch-block, which has every feature of the protocol that the
 * link uses, and qemu-storage-daemon, which has neither STATUS nor RESET_DEVICE nor an in-flight area.
 */
import { readFileSync } from 'node:fs';
import { expect as check } from 'chai';
import { expect } from '#shared/lang/result.ts';
import { InterruptTarget } from '../../vmm-core/bus/testing/interrupt-target.ts';
import {
  type BackEnd,
  DISK_SIZE,
  DiskDriver,
  SECTOR,
  VIRTIO_BLK_T_IN,
  VIRTIO_BLK_T_OUT,
  ended,
  hasStorageDaemon,
  startBlock,
  startStorageDaemon,
} from './linked-disk.ts';

const BACK_ENDS: readonly (readonly [name: string, isThere: boolean, start: (disk: string, folder: string) => BackEnd])[] = [
  ['ch-block', true, startBlock],
  ['qemu-storage-daemon', hasStorageDaemon, startStorageDaemon],
];

for (const [name, isThere, start] of BACK_ENDS) {
  describe(`the core's link before ${name}`, function () {
    this.timeout(30_000);
    let made: DiskDriver | undefined;
    /** Ends after the test, also where that waits for ever. */
    const makeDisk = (): DiskDriver => (made = new DiskDriver(start));
    afterEach(async () => {
      await made?.[Symbol.asyncDispose]();
      made = undefined;
    });

    before(function () {
      const missing = isThere ? '/dev/kvm' : `${name} (Debian: qemu-system-common)`;
      if (isThere && InterruptTarget.available) return;
      console.log(`    skipped: there is no ${missing}`);
      this.skip();
    });

    it('serves one driver after another, by both queues', async () => {
      const disk = makeDisk();
      await disk.connect();
      const { machine } = disk.linked.made;
      check([machine.read(0x4000, 4), machine.read(0x4004, 4), machine.read(0x4022, 2)]).to.deep.equal([DISK_SIZE / SECTOR, 0, 2]);
      for (const round of [1, 2, 3]) {
        const queues = disk.activate();
        for (const [index, queue] of queues.entries()) {
          const sector = round * 10 + index;
          check(await disk.request(queue, index, { type: VIRTIO_BLK_T_IN, sector })).to.equal(0);
          check(disk.firstByte).to.equal(sector);
          disk.firstByte = 0x80 + sector;
          check(await disk.request(queue, index, { type: VIRTIO_BLK_T_OUT, sector })).to.equal(0);
          check(readFileSync(disk.disk)[sector * SECTOR]).to.equal(0x80 + sector);
        }
        disk.linked.status = 0;
        await disk.linked.until(() => disk.linked.status === 0);
      }
      check(disk.failures).to.deep.equal([]);
    });

    it('stops and goes on where it was, here and on another process', async () => {
      const disk = makeDisk();
      const first = await disk.connect();
      const [queue] = disk.activate();
      if (queue === undefined) throw new Error('no queue');
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_IN, sector: 7 })).to.equal(0);
      check(expect(await disk.linked.link.suspend(), 'suspend')).to.deep.equal([1, 0]);
      expect(await disk.linked.link.resume([1, 0]), 'resume');
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_IN, sector: 8 })).to.equal(0);
      const bases = expect(await disk.linked.link.suspend(), 'suspend');
      check(bases).to.deep.equal([2, 0]);
      disk.linked.link.close();
      await ended(first, 'SIGTERM');
      await disk.connect();
      expect(await disk.linked.link.resume(bases), 'resume');
      check(await disk.request(queue, 0, { type: VIRTIO_BLK_T_IN, sector: 9 })).to.equal(0);
      check(disk.firstByte).to.equal(9);
    });

    it('is killed -> lost, and the driver is let go', async () => {
      const disk = makeDisk();
      const child = await disk.connect();
      disk.activate();
      disk.linked.pump();
      await ended(child, 'SIGKILL');
      await disk.linked.until(() => disk.failures.length > 0);
      disk.linked.status = 0;
      await disk.linked.until(() => disk.linked.status === 0);
      check(disk.failures).to.deep.equal(['disk0 LOST: its device process has closed the connection']);
    });
  });
}
