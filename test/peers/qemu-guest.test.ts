/**
 * Our block process behind a foreign front end: QEMU with a software CPU, whose Linux has its root and a second disk on two
 * `ch-block`s. One queue on the first and two on the second, event index and indirect descriptors on, as QEMU and Linux negotiate them by
 * themselves.
 *
 * Of the protocol QEMU 7.2 uses MQ, CONFIG, CONFIGURE_MEM_SLOTS, INFLIGHT_SHMFD and BACKEND_REQ (the news that a disk has grown).
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as check } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { DeviceClient } from '#shared/rpc/device-client.ts';
import { copyDisk, demoGuest } from '../harness/guests.ts';
import { DEMO_PROMPT } from '../../services/chctl/image/demo.ts';
import { hasQemu, serve, startQemu, takeOver } from './qemu.ts';

const SCRATCH_SIZE = 8 << 20;
const MORE = 1 << 20;

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

describe('ch-block behind QEMU', function () {
  this.timeout(300_000);

  before(function () {
    if (hasQemu) return;
    console.log('    skipped: qemu-system-x86_64 is not installed (Debian: qemu-system-x86)');
    this.skip();
  });

  it('a Linux guest reads and writes two disks -> the files hold what it wrote; it sees one grow, and not that its process is upgraded', async () => {
    const guest = await demoGuest(console.error);
    const folder = mkdtempSync(join(tmpdir(), 'qemu-guest-'));
    const root = copyDisk(folder, guest.disk, 'root');
    const scratch = join(folder, 'scratch');
    const content = randomBytes(SCRATCH_SIZE);
    writeFileSync(scratch, content);
    const sockets = [join(folder, 'a'), join(folder, 'b')] as const;
    const api = join(folder, 'api');
    {
      await using first = await serve(sockets[0], `--blk-file=${root}`);
      await using second = await serve(sockets[1], '--disk', `path=${scratch},num_queues=2`, `--api-socket=${api}`);
      await using qemu = startQemu({
        ...{ kernel: guest.kernel, initramfs: guest.initramfs, cmdline: 'console=ttyS0 root=/dev/vda quiet' },
        ...{ cpus: 2, memory: '256M', disks: sockets.map((socket, index) => ({ socket, queues: index + 1 })) },
      });
      await qemu.waitFor(DEMO_PROMPT, 0);
      qemu.type('md5sum /dev/vdb\n');
      check(await qemu.waitFor(/[0-9a-f]{32}/, qemu.output.length)).to.equal(md5(content));
      qemu.type('ls /sys/block/vdb/mq | tr "\\n" "."\n');
      await qemu.waitFor(/0\.1\./, qemu.output.length);
      const from = qemu.output.length;
      // The first MiB over the last, then from the disk again and not from the cache.
      qemu.type('dd if=/dev/vdb of=/dev/vdb bs=64k count=16 seek=112 conv=fsync && echo 3 > /proc/sys/vm/drop_caches && md5sum /dev/vdb\n');
      const copied = Buffer.concat([content.subarray(0, 7 << 20), content.subarray(0, 1 << 20)]);
      check(await qemu.waitFor(/[0-9a-f]{32}/, from)).to.equal(md5(copied));
      check(md5(readFileSync(scratch))).to.equal(md5(copied));
      using device = new DeviceClient(api);
      must(await device.resize({ size: SCRATCH_SIZE + MORE }), 'resize');
      const grown = qemu.output.length;
      qemu.type(`until [ $(cat /sys/block/vdb/size) = ${(SCRATCH_SIZE + MORE) / 512} ]; do usleep 100000; done; echo grown | tr g G\n`);
      await qemu.waitFor('Grown', grown);
      // It writes and reads while another process takes over, and then another.
      const upgraded = qemu.output.length;
      const round =
        'dd if=/dev/urandom of=/dev/vdb bs=64k count=128 conv=fsync; echo 3 > /proc/sys/vm/drop_caches; cat /dev/vdb > /dev/null';
      qemu.type(`while [ ! -e /tmp/enough ]; do (${round}) 2>/dev/null || echo failed | tr f F; echo . ; done &\n`);
      await using third = takeOver(api);
      check(await second.exited(), second.output).to.equal(0);
      await using fourth = takeOver(api);
      check(await third.exited(), third.output).to.equal(0);
      qemu.type('touch /tmp/enough; wait; dmesg | grep -ci "i/o error"; echo 3 > /proc/sys/vm/drop_caches; md5sum /dev/vdb\n');
      const sum = await qemu.waitFor(/[0-9a-f]{32}/, upgraded);
      check(qemu.output.slice(upgraded)).not.to.contain('Failed');
      check(qemu.output.slice(upgraded)).to.match(/^0\r?$/m);
      check(md5(readFileSync(scratch))).to.equal(sum);
      check(fourth.isRunning, fourth.output).to.equal(true);
      qemu.type('poweroff\n');
      check(await qemu.exited()).to.equal(0);
      check([first.isRunning, fourth.isRunning]).to.deep.equal([true, true]);
    }
    rmSync(folder, { recursive: true });
  });
});
