import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { type DemoGuest, DEMO_GREET_ONLY, DEMO_GREETING, DEMO_PROMPT } from '../../services/chctl/image/demo.ts';
import { copyDisk, demoGuest } from '../harness/guests.ts';
import { chooseHypervisor } from '../harness/lab/hypervisor.ts';
import { LAB_MEMORY_MIB, canHaveLab, sharedPlace } from '../harness/shared-place.ts';
import { TestVm, type VmOptions, closeVms } from '../harness/test-vm.ts';

const BOOT_MS = 120_000;
const CMDLINE = 'console=ttyS0 root=/dev/vda quiet';

interface DemoOptions extends Partial<Omit<VmOptions, 'disks'>> {
  readonly moreDisks?: readonly string[];
  /** Of the lab, where it is to be another than usual. */
  readonly labMiB?: number;
}

describe('demo guest', function () {
  this.timeout(600_000);
  let demo: DemoGuest;
  let disk: string | undefined;

  before(async () => {
    demo = await demoGuest((line) => process.stderr.write(`    ${line}\n`));
  });

  afterEach(async function () {
    await closeVms(this.currentTest);
    if (disk !== undefined) rmSync(disk, { force: true });
  });

  const boot = async ({ labMiB, moreDisks = [], ...options }: DemoOptions = {}): Promise<TestVm> => {
    const place = await sharedPlace(labMiB);
    disk = copyDisk(place.share, demo.disk, 'demo');
    const { kernel, initramfs } = demo;
    return TestVm.start(place, { kernel, initramfs, cmdline: CMDLINE, disks: [disk, ...moreDisks], ...options });
  };

  /** Boots to the shell, and makes it one for `exec`. */
  const bootToShell = async (options: DemoOptions = {}): Promise<TestVm> => {
    const vm = await boot(options);
    await vm.waitForText(DEMO_PROMPT, BOOT_MS);
    await vm.quietShell();
    return vm;
  };

  it('greets and powers off by itself -> status 0', async () => {
    const vm = await boot({ cmdline: `${CMDLINE} ${DEMO_GREET_ONLY}` });
    await vm.waitForText(DEMO_GREETING, BOOT_MS);
    expect(await vm.waitForExit()).to.equal(0);
  });

  it('poweroff at its prompt -> status 0; it has found its disk and its platform', async () => {
    const platform = ['system_serial_number=SN-42', 'system_uuid=01234567-89ab-cdef-0123-456789abcdef', 'oem_strings=[one,two]'].join(',');
    const vm = await bootToShell({ arguments: ['--platform', platform] });
    expect((await vm.exec('cat /sys/class/dmi/id/product_serial /sys/class/dmi/id/product_uuid')).output.split(/\s+/)).to.deep.equal([
      'SN-42',
      '01234567-89ab-cdef-0123-456789abcdef',
    ]);
    expect((await vm.exec('strings -n 3 /sys/firmware/dmi/entries/11-0/raw')).output.split(/\s+/)).to.include.members(['one', 'two']);
    expect((await vm.exec('cat /sys/class/block/vda/size')).output).to.equal(String(64 * 2048));
    vm.type('poweroff\n');
    expect(await vm.waitForExit()).to.equal(0);
  });

  it('reboot at its prompt -> the machine starts again in place', async () => {
    const vm = await bootToShell();
    await vm.exec('echo kept > /root/file');
    const before = (await vm.exec('cat /proc/sys/kernel/random/boot_id')).output;
    vm.type('reboot\n');
    await vm.waitForText(DEMO_PROMPT, BOOT_MS);
    await vm.quietShell();
    expect((await vm.exec('cat /proc/sys/kernel/random/boot_id')).output).to.not.equal(before);
    expect((await vm.exec('cat /root/file')).output).to.equal('kept');
    vm.type('poweroff\n');
    expect(await vm.waitForExit()).to.equal(0);
  });

  it('SIGTERM presses the power button -> status 0', async () => {
    const vm = await bootToShell();
    vm.signal('TERM');
    await vm.waitForText('reboot: Power down', BOOT_MS);
    expect(await vm.waitForExit()).to.equal(0);
  });

  it('a read-only disk refuses writes; a second disk takes them', async () => {
    const vm = await bootToShell({ moreDisks: [`path=${demo.disk},readonly=on`] });
    expect((await vm.exec('cat /sys/class/block/vdb/ro')).output).to.equal('1');
    expect((await vm.exec('dd if=/dev/zero of=/dev/vdb bs=512 count=1 2>&1')).status).to.not.equal(0);
    expect((await vm.exec('echo kept > /root/file && sync && cat /root/file')).output).to.equal('kept');
  });

  // The 32-bit hole begins at 3 GiB: sizes on both sides of it, and none a multiple of a large page but the last.
  for (const mebibytes of [129, 1001, 3073, 6144]) {
    it(`${mebibytes} MiB of memory -> the kernel sees it all`, async function () {
      const needed = mebibytes + 1024;
      const labMiB = needed > LAB_MEMORY_MIB && chooseHypervisor().kind === 'lab' ? needed : LAB_MEMORY_MIB;
      if (labMiB > LAB_MEMORY_MIB && !canHaveLab(labMiB)) return this.skip();
      const vm = await bootToShell({ memory: `${mebibytes}M`, labMiB });
      const text = (await vm.exec('cat /proc/iomem')).output;
      const ram = [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) : System RAM$/gm)];
      const bytes = ram.reduce((sum, [, from = '', to = '']) => sum + Number.parseInt(to, 16) - Number.parseInt(from, 16) + 1, 0);
      // What is missing is below 1 MiB: the first page, and the area of the firmware's tables.
      expect(mebibytes * 2 ** 20 - bytes).to.be.within(0, 2 ** 20);
      vm.type('poweroff\n');
      expect(await vm.waitForExit()).to.equal(0);
    });
  }
});
