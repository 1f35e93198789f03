import { expect } from 'chai';
import { type Result, expect as value } from '../lang/result.ts';
import { parseCommandLine } from './command-line.ts';
import type { ConfigError } from './config-error.ts';
import { type VmOptions, parseVmOptions } from './parse-vm-config.ts';
import { renderConfigError } from './render-error.ts';

const DEFAULTS = { serial: 'tty', console: 'off', cmdline: 'console=ttyS0 root=/dev/vda' };

function parse(...args: readonly string[]): Result<VmOptions, ConfigError> {
  const given = parseCommandLine(args);
  return given.ok ? parseVmOptions(given.value, DEFAULTS) : given;
}

/** Splits at spaces: for rows whose values hold none. */
function parseLine(line: string): Result<VmOptions, ConfigError> {
  return parse(...line.split(' ').filter((word) => word !== ''));
}

describe('parseVmOptions', () => {
  it('fills in every default', () => {
    expect(value(parse(), 'parse')).to.deep.equal({
      payload: undefined,
      cpus: { boot: 1, max: 1 },
      memory: { sizeBytes: 512 * 2 ** 20, prefault: false, hugePageBytes: undefined },
      disks: [],
      serial: { mode: 'tty' },
      console: { channel: { mode: 'off' }, id: '__console', pciDeviceId: undefined },
      rng: { source: '/dev/urandom', id: '__rng', pciDeviceId: undefined },
      platform: { oemStrings: [] },
      noReboot: false,
    });
  });

  it('reads a whole machine', () => {
    const options = value(
      parse(
        '--kernel',
        'vmlinux',
        '--initramfs=initrd',
        '--cmdline',
        '-x y="1,2"',
        '--cpus',
        'boot=2',
        '--memory',
        'size=6G,hugepages=on,prefault=on',
        '--disk',
        'path=a.raw,readonly=on,serial=S1,queue_size=256,num_queues=2',
        'path="b,c.raw",id=data',
        '--disk',
        'path=d.raw,pci_device_id=7,bw_size=10M,bw_refill_time=100,ops_size=500,ops_one_time_burst=20,ops_refill_time=1000',
        '--serial',
        'file=/tmp/log',
        '--console',
        'socket=/tmp/c.sock',
        '--rng',
        'src=/dev/random',
        '--no-reboot',
        '--platform',
        'uuid=01234567-89ab-cdef-0123-456789abcdef,oem_strings=[one,"two,three"]',
      ),
      'parse',
    );
    expect(options.payload).to.deep.equal({ kind: 'kernel', path: 'vmlinux', initramfs: 'initrd', cmdline: '-x y="1,2"' });
    expect(options.cpus).to.deep.equal({ boot: 2, max: 2 });
    expect(options.memory).to.deep.equal({ sizeBytes: 6 * 2 ** 30, prefault: true, hugePageBytes: 2 ** 21 });
    expect(options.disks.map(({ id, path, readOnly }) => [id, path, readOnly])).to.deep.equal([
      ['_disk0', 'a.raw', true],
      ['data', 'b,c.raw', false],
      ['_disk1', 'd.raw', false],
    ]);
    expect(options.disks.map(({ limits }) => limits)).to.deep.equal([
      {},
      {},
      {
        bandwidth: { size: 10 * 2 ** 20, oneTimeBurst: 0, refillMs: 100 },
        ops: { size: 500, oneTimeBurst: 20, refillMs: 1000 },
      },
    ]);
    expect(options.disks[0]).to.include({ serial: 'S1', queueSize: 256, numQueues: 2, direct: false });
    expect(options.disks[2]?.pciDeviceId).to.equal(7);
    expect(options.serial).to.deep.equal({ mode: 'file', path: '/tmp/log' });
    expect(options.console.channel).to.deep.equal({ mode: 'socket', path: '/tmp/c.sock' });
    expect(options.platform).to.deep.equal({ uuid: '01234567-89ab-cdef-0123-456789abcdef', oemStrings: ['one', 'two,three'] });
    expect(options.noReboot).to.equal(true);
  });

  it('gives no automatic id that somebody chose', () => {
    const disks = value(parseLine('--disk path=a,id=_disk0 path=b'), 'parse').disks;
    expect(disks.map(({ id }) => id)).to.deep.equal(['_disk0', '_disk1']);
  });

  it('lets two read-only disks share an image', () => {
    expect(parseLine('--disk path=a,readonly=on path=./a,readonly=on').ok).to.equal(true);
  });

  it('accepts the spelled-out defaults of parts that are not built', () => {
    expect(
      parseLine('--memory size=1G,shared=on,mergeable=off,thp=on --disk path=a,image_type=raw,iommu=off,pci_segment=0 --cpus boot=1,max=1')
        .ok,
    ).to.equal(true);
  });
});

describe('what is wrong with options, in one line', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['--kernal x', 'unknown option "--kernal"; did you mean "--kernel"?'],
    ['--qwertyuiop', 'unknown option "--qwertyuiop"'],
    ['kernel', 'unexpected argument "kernel"; every value belongs to an option, such as --kernel PATH'],
    ['--kernel', '--kernel needs a value: --kernel PATH'],
    ['--kernel a --kernel b', '--kernel is given twice; keep one of them'],
    ['--no-reboot=yes', '--no-reboot takes no value, but was given "yes"; leave the value out'],
    ['--net tap=x', '--net is not supported yet; leave it out'],
    ['--api-socket /tmp/x', '--api-socket is not supported yet; leave it out'],
    ['--watchdog', '--watchdog is not supported yet; leave it out'],
    ['--cpus boot=0', '--cpus boot=0: expected a whole number from 1 to 254'],
    ['--cpus boot=255', '--cpus boot=255: expected a whole number from 1 to 254'],
    ['--cpus boot=two', '--cpus boot=two: expected a whole number from 1 to 254'],
    ['--cpus 2', '--cpus "2": expected keys with values (boot=, max=, kvm_hyperv=, ...)'],
    ['--cpus boot', '--cpus "boot": "boot" needs a value (boot=...)'],
    ['--cpus boot=2,max=1', '--cpus max=1: expected at least the 2 of boot'],
    ['--cpus boot=1,max=4', '--cpus max=4 is not supported yet; CPU hotplug is not built; leave max out'],
    ['--cpus boot=1,topology=1:1:1:1', '--cpus topology=1:1:1:1 is not supported yet; leave it out'],
    ['--cpus boot=1,boot=2', '--cpus: the key "boot" is given twice; keep one of them'],
    ['--memory size=0', '--memory size=0: expected a size from 2M to 16384G'],
    ['--memory size=1M', '--memory size=1M: expected a size from 2M to 16384G'],
    ['--memory size=99999G', '--memory size=99999G: expected a size from 2M to 16384G'],
    ['--memory size=lots', '--memory size=lots: expected a size in bytes, or with K, M, G or T behind it, such as 512M'],
    [
      '--memory size=99999999999999999G',
      '--memory size=99999999999999999G: expected a size in bytes, or with K, M, G or T behind it, such as 512M',
    ],
    ['--memory size=2098177', '--memory size=2098177: expected a whole number of MiB (a multiple of 1048576)'],
    ['--memory size=3M,hugepages=on', '--memory size=3M: expected a multiple of the huge page size 2M'],
    ['--memory size=4M,hugepage_size=2M', '--memory hugepage_size and hugepages=off do not go together; add hugepages=on'],
    [
      '--memory size=4M,hugepages=on,hugepage_size=3M',
      '--memory hugepage_size=3M: expected a power of two from 2M to 1G that this machine has',
    ],
    ['--memory size=1G,mergeable=on', '--memory mergeable=on is not supported yet; leave it out'],
    ['--memory size=1G,prefault=maybe', '--memory prefault=maybe: expected on or off'],
    ['--disk path=a,ro=on', '--disk: unknown key "ro"; known keys are path, '],
    ['--disk pth=a', '--disk: unknown key "pth"; did you mean "path"?'],
    [
      '--memory siez=1G',
      '--memory: unknown key "siez"; did you mean "size"? (known keys are size, prefault, hugepages, hugepage_size, shared',
    ],
    [
      '--cpus bot=1',
      '--cpus: unknown key "bot"; did you mean "boot"? (known keys are boot, max, kvm_hyperv, nested, core_scheduling, profile',
    ],
    ['--disk readonly=on', '--disk "readonly=on": the key "path" is missing; add path=... (text)'],
    ['--disk path=', '--disk "path=": the key "path" is missing; add path=... (text)'],
    ['--disk path="a', '--disk "path="a": a quote is not closed'],
    ['--disk path=a,serial=123456789012345678901', '--disk serial=123456789012345678901: expected at most 20 bytes of text'],
    ['--disk path=a,queue_size=100', '--disk queue_size=100: expected a power of two from 4 to 1024'],
    ['--disk path=a,num_queues=2', '--disk num_queues=2: expected a whole number from 1 to 1, as there are vCPUs'],
    ['--disk path=a,pci_device_id=0', '--disk pci_device_id=0: expected a whole number from 1 to 31'],
    ['--disk path=a,image_type=vmdk', '--disk image_type=vmdk is not supported yet; convert the image with `qemu-img convert -O raw`'],
    [
      '--disk path=a,bw_size=1',
      '--disk "path=a,bw_size=1": the key "bw_refill_time" is missing; add bw_refill_time=... (a whole number from 1 to 86400000)',
    ],
    [
      '--disk path=a,ops_one_time_burst=1',
      '--disk "path=a,ops_one_time_burst=1": the key "ops_size" is missing; add ops_size=... (a whole number from 0 to 70368744177664)',
    ],
    [
      '--disk path=a,bw_size=65T',
      '--disk bw_size=65T: expected a size in bytes, or with K, M, G or T behind it, such as 512M, at most 64T',
    ],
    ['--disk path=a,rate_limit_group=g', '--disk rate_limit_group=g needs --rate-limit-group; add --rate-limit-group id=g,...'],
    [
      '--rate-limit-group id=g',
      '--rate-limit-group "id=g": the key "bw_size" is missing; add bw_size=... (or ops_size=, above 0: a group limits something)',
    ],
    [
      '--rate-limit-group id=g,ops_size=1,ops_refill_time=1 --rate-limit-group id=g,ops_size=1,ops_refill_time=1',
      '--rate-limit-group id=g and another one of that id do not go together; give each group an id of its own',
    ],
    [
      '--rate-limit-group id=g,ops_size=1,ops_refill_time=1 --disk path=a,rate_limit_group=g,bw_size=1,bw_refill_time=1',
      "rate_limit_group=g and bw_size and ops_size do not go together; a disk's limits are its group's or its own",
    ],
    ['--disk path=a,vhost_user=on', '--disk vhost_user=on is not supported yet; leave it out'],
    ['--disk path=a,id=__x', '--disk id=__x: expected up to 64 letters, digits'],
    [
      '--disk path=a path=a',
      '"a" is used by --disk _disk0 and by --disk _disk1; two disks may share an image only if both are readonly=on',
    ],
    [
      '--disk path=a,readonly=on path=./a',
      '"./a" is used by --disk _disk0 and by --disk _disk1; two disks may share an image only if both are readonly=on',
    ],
    [
      '--serial socket=/tmp/s --console socket=/tmp/s',
      '"/tmp/s" is used by --serial socket and by --console socket; give each a path of its own',
    ],
    ['--disk path=/tmp/s --serial file=/tmp/s', '"/tmp/s" is used by --disk _disk0 and by --serial file; give each a path of its own'],
    ['--kernel k --serial file=k', '"k" is used by --kernel and by --serial file; give each a path of its own'],
    ['--kernel k --initramfs i --console file=./i', '"./i" is used by --initramfs and by --console file; give each a path of its own'],
    ['--firmware f --disk path=f', '"f" is used by --firmware and by --disk _disk0; give each a path of its own'],
    ['--rng src=r --serial socket=r', '"r" is used by --rng and by --serial socket; give each a path of its own'],
    ['--disk path=a,id=x path=b,id=x', 'two devices have the id "x"; give each an id of its own'],
    [
      '--disk path=a,pci_device_id=3 --rng src=/dev/random,pci_device_id=3',
      'pci_device_id=3 of _disk0 and that of __rng do not go together',
    ],
    ['--serial telnet', '--serial: unknown key "telnet"'],
    ['--serial ttyy', '--serial: unknown key "ttyy"; did you mean "tty"?'],
    ['--serial tty,pty', '--serial "tty,pty": expected one of off, null, tty, pty, file=PATH or socket=PATH'],
    ['--serial tty=1', '--serial "tty=1": "tty" takes no value'],
    ['--serial file=', '--serial "file=": expected one of off, null, tty, pty, file=PATH or socket=PATH'],
    ['--serial tty --console tty', '--serial tty and --console tty do not go together'],
    ['--firmware f --kernel k', '--firmware and --kernel do not go together'],
    ['--initramfs i', '--initramfs needs --kernel; add --kernel PATH'],
    ['--cmdline quiet', '--cmdline needs --kernel; add --kernel PATH'],
    ['--platform uuid=1', '--platform uuid=1: expected a UUID such as'],
    [
      '--platform uuid=01234567-89ab-cdef-0123-456789abcdef,system_uuid=01234567-89ab-cdef-0123-456789abcdef',
      '--platform system_uuid and uuid do not go together',
    ],
    ['--platform num_pci_segments=2', '--platform num_pci_segments=2 is not supported yet; leave it out'],
    ['--rng src=/dev/random,iommu=on', '--rng iommu=on is not supported yet; leave it out'],
    ['--kernel \u001b[31m --kernel x', '--kernel is given twice; keep one of them'],
    ['--disk \u001b[31m', '--disk "?[31m": a bracket is not closed'],
  ];
  for (const [line, message] of rows) {
    it(`${JSON.stringify(line)} -> ${message}`, () => {
      const parsed = parseLine(line);
      const rendered = parsed.ok ? 'accepted' : renderConfigError(parsed.error);
      expect(rendered.startsWith(message), rendered).to.equal(true);
      expect(rendered).to.not.match(/[\n\u001b]/);
    });
  }

  it('refuses a command line that the boot protocol cannot carry', () => {
    const parsed = parse('--kernel', 'k', '--cmdline', 'x'.repeat(65_536));
    expect(parsed.ok ? 'accepted' : renderConfigError(parsed.error)).to.equal(
      `--cmdline "${'x'.repeat(32)}...": expected at most 65535 bytes, not 65536`,
    );
  });
});
