/** A stock Linux that has fio write to further disks and read back what it wrote, and sees one of them grow. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expect as must } from '#shared/lang/result.ts';
import { checked } from '../../devices/block/image/qcow2/testing/qemu-check.fixture.ts';
import { qemuImg } from '../../devices/block/image/testing/qemu.fixture.ts';
import { ensurePackages } from '../harness/packages/install.ts';
import { copyDisk, debianGuest, fileSystemFaults } from '../harness/guests.ts';
import { sharedPlace } from '../harness/shared-place.ts';
import { TestVm, closeVms } from '../harness/test-vm.ts';

const BOOT_MS = 300_000;
const SHUTDOWN_MS = 120_000;
const WORK_MS = 300_000;
const CMDLINE = 'console=ttyS0 root=/dev/vda modprobe.blacklist=kvm_amd,kvm_intel';
const MIB = 2 ** 20;
const SIZE = 24 * MIB;
const GROWN = 40 * MIB;
const FILE_SIZE = 8 * MIB;

/**
 * Half of the requests read; each block that was written carries a checksum, and all of them are read again at the end. From the
 * disk, with several requests under way.
 */
function fio(disk: string, offset: number, size: number): string {
  const what = `--name=verify --filename=${disk} --offset=${offset} --size=${size} --io_size=${size}`;
  const how = '--rw=randrw --bsrange=4k-64k --direct=1 --ioengine=libaio --iodepth=16 --verify=crc32c --verify_fatal=1 --fsync=32';
  return `fio --thread --minimal --eta=never --output=/run/fio.out ${what} ${how} && echo verified || cat /run/fio.out`;
}

describe('Debian 12 with a qcow2 disk', function () {
  this.timeout(1_200_000);
  const files: string[] = [];

  afterEach(async function () {
    await closeVms(this.currentTest);
    for (const file of files.splice(0)) rmSync(file, { force: true });
  });

  it('fio verifies what it wrote, to a raw disk and to a qcow2 one; a resize is seen, and what it adds can be used', async () => {
    const report = (line: string): void => void process.stderr.write(`    ${line}\n`);
    must(ensurePackages(['peers'], report), 'qemu-img');
    const debian = await debianGuest(report);
    const place = await sharedPlace();
    const root = copyDisk(place.share, debian.disk, 'debian');
    const second = join(place.share, 'second.qcow2');
    files.push(root, second);
    qemuImg('create', '-q', '-f', 'qcow2', second, `${SIZE}`);
    const vm = await TestVm.start(place, {
      ...{ kernel: debian.vmlinux, initramfs: debian.initramfs, cmdline: CMDLINE, memory: '1G' },
      disks: [root, `path=${second},image_type=qcow2`],
    });
    await vm.logIn(BOOT_MS);
    await vm.exec('dmesg -n 1');
    const said = async (command: string): Promise<string> => (await vm.exec(command, WORK_MS)).output;
    expect(await said(`truncate -s ${FILE_SIZE} /root/file`)).to.equal('');
    expect(await said(fio('/root/file', 0, FILE_SIZE))).to.equal('verified');
    expect(await said(fio('/dev/vdb', 0, SIZE))).to.equal('verified');
    expect(await resized(vm, '_disk1', GROWN)).to.equal('');
    expect(
      await said(
        `for time in $(seq 100); do [ $(lsblk -bno SIZE /dev/vdb) = ${GROWN} ] && break; sleep 0.1; done; lsblk -bno SIZE /dev/vdb`,
      ),
    ).to.equal(`${GROWN}`);
    expect(await said('dmesg | grep "vdb.*new size"')).to.match(/new size: 81920 512-byte logical blocks/);
    expect(await said(fio('/dev/vdb', SIZE, GROWN - SIZE))).to.equal('verified');
    expect(await said("dmesg | grep -ciE 'i/o error|blk_update_request|remounting'")).to.equal('0');
    vm.type('systemctl poweroff\n');
    expect(await vm.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(root)).to.equal(undefined);
    // A copy: the kernel's own threads may hold a lock of theirs a little longer.
    const copy = copyDisk(place.share, second, 'copy');
    files.push(copy);
    expect(checked(copy), 'what qemu-img says of the image').to.equal('clean');
  });
});

/** Until it is done: in the lab an order may take longer than `chctl` waits for it. What it said last, where it is not. */
async function resized(vm: TestVm, id: string, size: number): Promise<string> {
  let said = '';
  for (let tries = 0; tries < 5; tries++) {
    const { status, stderr } = await vm.chctl('device', 'resize', id, '--size', `${size}`);
    if (status === 0) return '';
    said = stderr;
  }
  return said;
}
