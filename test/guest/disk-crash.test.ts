/** A stock Linux that writes to its disk while the disk's process is killed again and again. */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { copyDisk, debianGuest, fileSystemFaults } from '../harness/guests.ts';
import { run } from '../harness/lab/place.ts';
import { sharedPlace } from '../harness/shared-place.ts';
import { TestVm, closeVms } from '../harness/test-vm.ts';

const BOOT_MS = 300_000;
const SHUTDOWN_MS = 120_000;
const WORK_MS = 300_000;
const CMDLINE = 'console=ttyS0 root=/dev/vda modprobe.blacklist=kvm_amd,kvm_intel';
const KILLS = 5;
/** Files that nobody has in its cache when they are looked at. */
const WORK = [
  'for i in 1 2 3 4 5 6 7 8; do head -c 1000000 /dev/urandom > /root/f$i && md5sum /root/f$i >> /root/sums && sync; done',
  'echo 3 > /proc/sys/vm/drop_caches',
  'md5sum --quiet -c /root/sums && echo whole',
].join(' && ');

/** Kills the ch-block that has the image of that name open. */
function killScript(name: string): string {
  return `
for link in $(find /proc/[0-9]*/fd -lname '*${name}' 2>/dev/null); do
  process=\${link#/proc/}; process=\${process%%/*}
  if grep -qa devices/block/main "/proc/$process/cmdline"; then kill -KILL "$process"; echo killed; fi
done`;
}

describe('Debian 12 whose disk process is killed', function () {
  this.timeout(1_200_000);
  let disk: string | undefined;

  afterEach(async function () {
    await closeVms(this.currentTest);
    if (disk !== undefined) rmSync(disk, { force: true });
  });

  it(`${KILLS} times while it writes -> no error, and every file is whole`, async () => {
    const debian = await debianGuest((line) => process.stderr.write(`    ${line}\n`));
    const place = await sharedPlace();
    disk = copyDisk(place.share, debian.disk, 'debian');
    const options = { kernel: debian.vmlinux, initramfs: debian.initramfs, cmdline: CMDLINE, memory: '1G', disks: [disk] };
    const vm = await TestVm.start(place, { ...options, arguments: ['-v'] });
    await vm.logIn(BOOT_MS);
    // The kernel's log goes to the same line.
    await vm.exec('dmesg -n 1');
    const worked = vm.exec(WORK, WORK_MS);
    let isDone = false;
    void worked.finally(() => (isDone = true)).catch(() => {});
    for (let kill = 0; kill < KILLS && !isDone; kill++) {
      await sleep(1500);
      await run(place, killScript(basename(disk)), { timeoutMs: 60_000 });
    }
    expect((await worked).output).to.equal('whole');
    expect((await vm.exec("dmesg | grep -ciE 'i/o error|blk_update_request|remounting'")).output).to.equal('0');
    expect(vm.errors.match(/a device is back/g)?.length, vm.errors).to.be.greaterThan(1);
    vm.type('systemctl poweroff\n');
    expect(await vm.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(disk)).to.equal(undefined);
  });
});
