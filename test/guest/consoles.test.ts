import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type DemoGuest, DEMO_GREETING, DEMO_GREET_ONLY, DEMO_PROMPT } from '../../services/chctl/image/demo.ts';
import { copyDisk, demoGuest } from '../harness/guests.ts';
import type { Place } from '../harness/lab/place.ts';
import { ptyClient, socketClient } from '../harness/line-clients.ts';
import { sharedPlace } from '../harness/shared-place.ts';
import { TestVm, type VmOptions, closeVms } from '../harness/test-vm.ts';

const BOOT_MS = 120_000;
/** A serial port of the machine, or its virtio console. */
const LINES = [
  { line: 'serial', others: { console: 'off' }, cmdline: 'console=ttyS0' },
  { line: 'console', others: { serial: 'null' }, cmdline: 'console=hvc0' },
] as const;

describe('serial port and console', function () {
  this.timeout(600_000);
  let place: Place;
  let demo: DemoGuest;
  let disk: string;

  before(async () => {
    demo = await demoGuest((line) => process.stderr.write(`    ${line}\n`));
  });

  beforeEach(async () => {
    place = await sharedPlace();
    disk = copyDisk(place.share, demo.disk, 'consoles');
  });

  afterEach(async function () {
    await closeVms(this.currentTest);
    rmSync(disk, { force: true });
  });

  const start = (options: Partial<VmOptions>, cmdline: string): Promise<TestVm> =>
    TestVm.start(place, {
      kernel: demo.kernel,
      initramfs: demo.initramfs,
      disks: [disk],
      ...options,
      cmdline: `${cmdline} root=/dev/vda quiet`,
    });

  for (const { line, others, cmdline } of LINES) {
    it(`--${line} tty -> a shell on the standard streams`, async () => {
      const vm = await start({ ...others, [line]: 'tty' }, cmdline);
      await vm.waitForText(DEMO_PROMPT, BOOT_MS);
      await vm.quietShell();
      expect((await vm.exec('tty')).output).to.equal(line === 'serial' ? '/dev/ttyS0' : '/dev/hvc0');
      expect((await vm.exec('cat /sys/class/misc/hw_random/rng_current')).output).to.match(/^virtio_rng/);
      expect((await vm.exec('dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c')).output).to.equal('64');
      vm.type('poweroff\n');
      expect(await vm.waitForExit()).to.equal(0);
    });

    it(`--${line} pty -> a shell there`, async () => {
      const vm = await start({ ...others, [line]: 'pty' }, cmdline);
      const [pty = ''] = await vm.waitForNotice(new RegExp(`${line}: (/dev/pts/\\d+)`));
      const terminal = await vm.converse(ptyClient(pty));
      await terminal.waitForText(DEMO_PROMPT, BOOT_MS);
      await terminal.quietShell();
      // More than a terminal's buffer, and every byte in its place.
      expect((await terminal.exec('seq 2000')).output).to.equal(sequence(2000));
      terminal.type('poweroff\n');
      expect(await vm.waitForExit()).to.equal(0);
    });

    it(`--${line} socket -> a shell there, for one client after another`, async () => {
      const path = `/tmp/ch-${line}-${randomBytes(8).toString('hex')}.sock`;
      const vm = await start({ ...others, [line]: `socket=${path}` }, cmdline);
      const first = await vm.converse(socketClient(path));
      await first.waitForText(DEMO_PROMPT, BOOT_MS);
      await first.quietShell();
      expect((await first.exec('echo kept > /root/note; sync; cat /root/note')).output).to.equal('kept');
      await vm.hangUp(first);
      const second = await vm.converse(socketClient(path));
      expect((await second.exec('cat /root/note')).output).to.equal('kept');
      second.type('poweroff\n');
      expect(await vm.waitForExit()).to.equal(0);
    });

    it(`--${line} file -> what the guest said is there`, async () => {
      const path = join(place.share, `${line}.log`);
      const vm = await start({ ...others, [line]: `file=${path}` }, `${cmdline} ${DEMO_GREET_ONLY}`);
      expect(await vm.waitForExit(BOOT_MS)).to.equal(0);
      expect(readFileSync(path, 'latin1')).to.include(DEMO_GREETING);
    });
  }
});

function sequence(last: number): string {
  const lines = Array.from({ length: last }, (_, index) => `${index + 1}`);
  return lines.join('\n');
}
