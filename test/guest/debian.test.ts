import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { type DebianGuest, copyDisk, debianGuest, fileSystemFaults } from '../harness/guests.ts';
import type { Place } from '../harness/lab/place.ts';
import { socketClient } from '../harness/line-clients.ts';
import { sharedPlace } from '../harness/shared-place.ts';
import { TestVm, type VmOptions, closeVms } from '../harness/test-vm.ts';

/** In the lab Debian takes 20 s to its login from a vmlinux, and 15 s more to unpack a bzImage; other work may share the machine. */
const BOOT_MS = 300_000;
const SHUTDOWN_MS = 120_000;
/** Debian loads KVM where it sees a CPU that virtualizes, and below the lab's software CPU a third level hangs the second. */
const CMDLINE = 'console=ttyS0 root=/dev/vda modprobe.blacklist=kvm_amd,kvm_intel';

describe('Debian 12', function () {
  this.timeout(1_200_000);
  let place: Place;
  let debian: DebianGuest;
  let disk: string;

  before(async () => {
    debian = await debianGuest((line) => process.stderr.write(`    ${line}\n`));
  });

  beforeEach(async () => {
    place = await sharedPlace();
    disk = copyDisk(place.share, debian.disk, 'debian');
  });

  afterEach(async function () {
    await closeVms(this.currentTest);
    rmSync(disk, { force: true });
  });

  const boot = (kernel: string, cpus: number, more: Partial<VmOptions> = {}): Promise<TestVm> =>
    TestVm.start(place, { kernel, initramfs: debian.initramfs, cmdline: CMDLINE, cpus, memory: '1G', disks: [disk], ...more });

  it('packaged bzImage, 1 vCPU -> login; poweroff in the guest ends with status 0', async () => {
    const vm = await boot(debian.bzImage, 1);
    await vm.logIn(BOOT_MS);
    expect((await vm.exec('nproc')).output).to.equal('1');
    vm.type('systemctl poweroff\n');
    expect(await vm.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(disk)).to.equal(undefined);
  });

  it('packaged bzImage, 2 vCPUs -> login; the power button shuts it down', async () => {
    const vm = await boot(debian.bzImage, 2);
    await vm.logIn(BOOT_MS);
    expect((await vm.exec('nproc')).output).to.equal('2');
    await vm.exec('systemctl is-system-running --wait', SHUTDOWN_MS);
    vm.powerButton();
    await vm.waitForText(/Power down|Powering off|System Power Off/i, SHUTDOWN_MS);
    expect(await vm.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(disk)).to.equal(undefined);
  });

  it('vmlinux, 1 vCPU -> what is written is there after a reboot', async () => {
    const vm = await boot(debian.vmlinux, 1);
    await vm.logIn(BOOT_MS);
    const before = (await vm.exec('cat /proc/sys/kernel/random/boot_id')).output;
    await vm.exec('seq 200000 > /root/numbers; sync');
    vm.type('systemctl reboot\n');
    await vm.logIn(BOOT_MS);
    expect((await vm.exec('cat /proc/sys/kernel/random/boot_id')).output).to.not.equal(before);
    expect((await vm.exec('seq 200000 | cmp - /root/numbers && echo same')).output).to.equal('same');
    vm.type('systemctl poweroff\n');
    expect(await vm.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(disk)).to.equal(undefined);
  });

  it('vmlinux, 2 vCPUs -> what is written is there in the next machine', async () => {
    const first = await boot(debian.vmlinux, 2);
    await first.logIn(BOOT_MS);
    await first.exec('seq 100000 > /root/numbers');
    first.type('systemctl poweroff\n');
    expect(await first.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(disk)).to.equal(undefined);
    const second = await boot(debian.vmlinux, 2);
    await second.logIn(BOOT_MS);
    expect((await second.exec('seq 100000 | cmp - /root/numbers && echo same')).output).to.equal('same');
    expect((await second.exec('systemctl --failed --no-legend')).output).to.equal('');
    second.type('systemctl poweroff\n');
    expect(await second.waitForExit(SHUTDOWN_MS)).to.equal(0);
  });

  it('vmlinux, a console on a socket and two disks -> login at hvc0 as at ttyS0; random numbers; the second disk is read-only', async () => {
    const path = `/tmp/ch-console-${randomBytes(8).toString('hex')}.sock`;
    const vm = await boot(debian.vmlinux, 1, {
      cmdline: `console=hvc0 ${CMDLINE}`,
      console: `socket=${path}`,
      disks: [disk, `path=${debian.disk},readonly=on`],
    });
    const console = await vm.converse(socketClient(path));
    await console.logIn(BOOT_MS);
    // The kernel's log goes there too.
    await console.exec('dmesg -n 1');
    expect((await console.exec('tty')).output).to.equal('/dev/hvc0');
    expect((await console.exec('cat /sys/class/misc/hw_random/rng_current')).output).to.match(/^virtio_rng/);
    expect((await console.exec('head -c 64 /dev/hwrng | wc -c')).output).to.equal('64');
    expect((await console.exec('cat /sys/block/vdb/ro; mount -o ro /dev/vdb /mnt && cat /mnt/etc/hostname')).output).to.equal('1\ndebian');
    expect((await console.exec('mount -o remount,rw /mnt')).status).to.not.equal(0);
    await vm.logIn(BOOT_MS);
    expect((await vm.exec('tty')).output).to.equal('/dev/ttyS0');
    console.type('systemctl poweroff\n');
    expect(await vm.waitForExit(SHUTDOWN_MS)).to.equal(0);
    expect(fileSystemFaults(disk)).to.equal(undefined);
  });
});
