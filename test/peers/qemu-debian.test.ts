/**
 * Debian 12 under QEMU, with a software CPU of four processors, whose two disks are `ch-block`s: with one queue each, and with one
 * for each processor.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { checked } from '../../devices/block/image/qcow2/testing/qemu-check.fixture.ts';
import { qemuImg } from '../../devices/block/image/testing/qemu.fixture.ts';
import { type DebianGuest, copyDisk, debianGuest, fileSystemFaults } from '../harness/guests.ts';
import { BOOT_MS, hasQemu, serve, startQemu } from './qemu.ts';

const CPUS = 4;
const WORK_MS = 60_000;
const SECOND_SIZE = 128 << 20;
const CMDLINE = 'console=ttyS0 root=/dev/vda quiet modprobe.blacklist=kvm_amd,kvm_intel';

/** Every processor writes a file of its own to a disk's file system, and reads what another one wrote, from the disk. */
const WORK = (folder: string): string =>
  [
    // In a shell of their own: the first one would tell of each that has ended.
    `cd ${folder} && (`,
    'for cpu in 0 1 2 3; do taskset -c $cpu sh -c "head -c 4000000 /dev/urandom > f$cpu && md5sum f$cpu > s$cpu && sync f$cpu s$cpu" & done',
    'wait )',
    'echo 3 > /proc/sys/vm/drop_caches',
    'for cpu in 0 1 2 3; do taskset -c $cpu md5sum --quiet -c s$(( (cpu + 1) % 4 )) || echo wrong; done',
    'cd / && echo whole',
  ].join('\n');

/** Checksums in all that is written, compared at each read and in the end. */
const FIO = [
  'fio --thread --minimal --eta=never --output=/run/fio.out --name=verify --filename=/dev/vdb --size=16m --direct=1 --ioengine=libaio',
  '--iodepth=32 --rw=randrw --bsrange=4k-64k --verify=crc32c --verify_fatal=1 --fsync=32 && echo verified || cat /run/fio.out',
].join(' ');

describe('Debian 12 under QEMU on ch-block', function () {
  this.timeout(300_000);
  let debian: DebianGuest;
  let folder: string;

  before(async function () {
    if (!hasQemu) {
      console.log('    skipped: qemu-system-x86_64 is not installed (Debian: qemu-system-x86)');
      return this.skip();
    }
    debian = await debianGuest((line) => process.stderr.write(`    ${line}\n`));
  });
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'qemu-debian-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const queues of [1, CPUS]) {
    const second = queues === 1 ? 'qcow2' : 'raw';
    it(`${queues} ${queues === 1 ? 'queue' : 'queues'}, the second disk ${second} -> boots, writes and reads by each of them, and leaves its file systems whole`, async () => {
      const root = copyDisk(folder, debian.disk, 'root');
      const image = join(folder, `second.${second}`);
      if (second === 'raw') writeFileSync(image, new Uint8Array(SECOND_SIZE));
      else qemuImg('create', '-q', '-f', 'qcow2', image, `${SECOND_SIZE}`);
      const disks = [
        { path: root, type: 'raw', socket: `${root}.sock`, queues },
        { path: image, type: second, socket: `${image}.sock`, queues },
      ];
      const start = ({ path, type, socket }: (typeof disks)[0]): ReturnType<typeof serve> =>
        serve(socket, '--disk', `path=${path},image_type=${type},num_queues=${queues}`);
      {
        await using first = await start(disks[0] ?? raise());
        await using other = await start(disks[1] ?? raise());
        const { vmlinux: kernel, initramfs } = debian;
        await using qemu = startQemu({ kernel, initramfs, cmdline: CMDLINE, cpus: CPUS, memory: '1G', disks });
        const { terminal } = qemu;
        await terminal.logIn(BOOT_MS);
        await terminal.exec('dmesg -n 1');
        const said = async (command: string): Promise<string> => (await terminal.exec(command, WORK_MS)).output;
        expect(await said('ls /sys/block/vda/mq | wc -l; ls /sys/block/vdb/mq | wc -l')).to.equal(`${queues}\n${queues}`);
        expect(await said(FIO)).to.equal('verified');
        expect(await said('mkfs.ext4 -q /dev/vdb && mount -o discard /dev/vdb /mnt && echo mounted')).to.equal('mounted');
        expect(await said(WORK('/root'))).to.equal('whole');
        expect(await said(WORK('/mnt'))).to.equal('whole');
        // Of each disk's queues, how many have interrupted.
        const interrupting = (disk: number): string =>
          `grep "virtio${disk}-req" /proc/interrupts | awk '{ for (i = 2; i <= ${CPUS + 1}; i++) if ($i > 0) { print; break } }' | wc -l`;
        expect(await said(`${interrupting(0)}; ${interrupting(1)}`)).to.equal(`${queues}\n${queues}`);
        expect(await said('umount /mnt; dmesg | grep -ciE "i/o error|ext4-fs error|remounting"')).to.equal('0');
        qemu.type('systemctl poweroff\n');
        expect(await qemu.exited()).to.equal(0);
        expect([first.isRunning, other.isRunning]).to.deep.equal([true, true]);
      }
      expect(fileSystemFaults(root)).to.equal(undefined);
      // The kernel's own threads may hold a lock of theirs a little longer.
      const copy = copyDisk(folder, image, 'copy');
      expect(second === 'qcow2' ? checked(copy) : 'clean', 'the image').to.equal('clean');
      const raw = join(folder, 'raw');
      qemuImg('convert', '-f', second, '-O', 'raw', copy, raw);
      expect(fileSystemFaults(raw)).to.equal(undefined);
    });
  }
});

function raise(): never {
  throw new Error('there are two disks');
}
