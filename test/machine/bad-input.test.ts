/** What users get wrong, through the real `chctl`, core and disk process: one line each, and nothing left behind. */
import { expect } from 'chai';
import { makeFiles } from './bad-files.ts';
import { type CommandPlace, type Ended, expectLines, inPlaces } from './chctl-command.ts';
import { needsKvm } from './tiny-machine.ts';

/** What is given, what is said (`@` stands for the folder), and with which status it ends. */
type Row = readonly [string, readonly string[], string, (1 | 2)?];

const disk = (value: string): readonly string[] => ['--kernel', 'off', '--disk', `path=${value}`];
const off = (...more: readonly string[]): readonly string[] => ['--kernel', 'off', ...more];
const letters = (count: number): string => 'x'.repeat(count);

const KERNELS: readonly Row[] = [
  ['missing', ['--kernel', 'none'], 'kernel "none" does not exist; check the path'],
  ['a directory', ['--kernel', 'folder'], 'kernel "folder" is a directory; give the path of a file'],
  ['a pipe', ['--kernel', 'pipe'], 'kernel "pipe" is a pipe or a socket; give the path of a file'],
  ['a device', ['--kernel', '/dev/zero'], 'kernel "/dev/zero" is not a regular file; give the path of another kernel'],
  ['a link to nowhere', ['--kernel', 'dangling'], 'kernel "dangling" does not exist; check the path'],
  ['a link to itself', ['--kernel', 'loop'], 'kernel "loop" is a symbolic link that leads nowhere; check the path'],
  ['empty', ['--kernel', 'empty'], 'kernel "empty" is empty; give the path of another kernel'],
  [
    'one byte',
    ['--kernel', 'one-byte'],
    'kernel "@/one-byte" is not a kernel: neither an x86 ELF (vmlinux) nor a bzImage; give one of these, uncompressed',
  ],
  [
    'text',
    ['--kernel', 'text'],
    'kernel "@/text" is not a kernel: neither an x86 ELF (vmlinux) nor a bzImage; give one of these, uncompressed',
  ],
  [
    'compressed',
    ['--kernel', 'gzip'],
    'kernel "@/gzip" is not a kernel: neither an x86 ELF (vmlinux) nor a bzImage; give one of these, uncompressed',
  ],
  [
    'cut in its header',
    ['--kernel', 'cut-header'],
    'kernel "@/cut-header" is truncated: ELF header should end at byte 52 but the file has 20; copy it again',
  ],
  [
    'cut in its code',
    ['--kernel', 'cut'],
    'kernel "@/cut" is truncated: segment should end at byte 218 but the file has 213; copy it again',
  ],
  [
    'a bzImage that is cut',
    ['--kernel', 'cut-bzimage', '--slow-kvm'],
    'kernel "@/cut-bzimage" is truncated: compressed kernel should end at byte 6017 but the file has 3000; copy it again',
  ],
  [
    'without a PVH note',
    ['--kernel', 'no-note'],
    'kernel "@/no-note" is an ELF without a PVH entry note (type 18 of "Xen"): build it with CONFIG_PVH=y or give its bzImage',
  ],
  ['for another processor', ['--kernel', 'aarch64'], 'kernel "@/aarch64" is an ELF for machine type 183: give one built for x86-64 (62)'],
  [
    'larger than memory',
    ['--kernel', 'large'],
    'kernel "@/large" needs memory up to 0x25900000 and the VM has 0x20000000: give the VM more memory',
  ],
  ['a name of two lines and a colour', ['--kernel', 'a\nb\u001b[31m'], 'kernel "a?b?[31m" does not exist; check the path'],
  ['a name of 5000 letters', ['--kernel', letters(5000)], `kernel "${letters(100)}...${letters(100)}" is too long for a path; shorten it`],
  ['no name', ['--kernel', ''], '--kernel needs a value: --kernel PATH', 2],
  [
    'firmware that is none',
    ['--firmware', 'text'],
    'firmware "@/text" is not a kernel: neither an x86 ELF (vmlinux) nor a bzImage; give one of these, uncompressed',
  ],
  [
    'kernel and firmware',
    off('--firmware', 'off'),
    '--firmware and --kernel do not go together; a firmware finds its own kernel: drop --kernel or --firmware',
    2,
  ],
  ['initramfs missing', off('--initramfs', 'none'), 'initramfs "none" does not exist; check the path'],
  ['initramfs empty', off('--initramfs', 'empty'), 'initramfs "empty" is empty; give the path of another initramfs'],
  ['initramfs a directory', off('--initramfs', 'folder'), 'initramfs "folder" is a directory; give the path of a file'],
  [
    'initramfs that does not fit',
    off('--initramfs', 'large-initramfs'),
    'initramfs "@/large-initramfs" does not fit: 629145600 bytes, and 535818240 are free beside the kernel; give the VM more memory',
  ],
  ['initramfs without a kernel', ['--initramfs', 'initramfs'], '--initramfs needs --kernel; add --kernel PATH', 2],
  [
    'command line of 64 KiB',
    off('--cmdline', letters(65_536)),
    `--cmdline "${letters(32)}...": expected at most 65535 bytes, not 65536`,
    2,
  ],
  [
    'command line longer than the kernel takes',
    ['--kernel', 'bzimage', '--slow-kvm', '--cmdline', letters(256)],
    'command line: 256 bytes are more than this kernel takes: shorten it to at most 255',
  ],
];

const MACHINES: readonly Row[] = [
  ['memory 0', off('--memory', 'size=0'), '--memory size=0: expected a size from 2M to 16384G', 2],
  ['memory absurd', off('--memory', 'size=99999G'), '--memory size=99999G: expected a size from 2M to 16384G', 2],
  [
    'memory unparsable',
    off('--memory', 'size=lots'),
    '--memory size=lots: expected a size in bytes, or with K, M, G or T behind it, such as 512M',
    2,
  ],
  ['memory without its key', off('--memory', '1G'), '--memory "1G": expected keys with values (size=, prefault=, hugepages=, ...)', 2],
  [
    'memory of half a MiB more',
    off('--memory', 'size=2560K'),
    '--memory size=2621440: expected a whole number of MiB (a multiple of 1048576)',
    2,
  ],
  [
    'huge pages of a size there is not',
    off('--memory', 'size=64M,hugepages=on,hugepage_size=16M'),
    '--memory hugepage_size=16M: this machine has no huge pages of that size; it has ',
  ],
  ['no CPU', off('--cpus', 'boot=0'), '--cpus boot=0: expected a whole number from 1 to 254', 2],
  ['more CPUs than have an APIC id', off('--cpus', 'boot=255'), '--cpus boot=255: expected a whole number from 1 to 254', 2],
  ['CPUs in words', off('--cpus', 'boot=two'), '--cpus boot=two: expected a whole number from 1 to 254', 2],
  ['unknown option', off('--memry', 'size=1G'), 'unknown option "--memry"; did you mean "--memory"?', 2],
  ['unknown key', off('--memory', 'siez=1G'), '--memory: unknown key "siez"; did you mean "size"? (known keys are size, prefault, ', 2],
  ['option twice', off('--kernel', 'stay'), '--kernel is given twice; keep one of them', 2],
  ['key twice', off('--cpus', 'boot=1,boot=2'), '--cpus: the key "boot" is given twice; keep one of them', 2],
  ['not built yet', off('--net', 'tap=x'), '--net is not supported yet; leave it out', 2],
  ['stray word', off('stray'), 'unexpected argument "stray"; every value belongs to an option, such as --kernel PATH', 2],
  [
    'platform strings of 70 kB',
    off('--platform', `system_serial_number=${letters(70_000)}`),
    'platform: the SMBIOS strings make a table of 70115 bytes: shorten them until it has at most 65512',
  ],
  ['platform UUID that is none', off('--platform', 'system_uuid=1'), '--platform system_uuid=1: expected a UUID such as ', 2],
];

const DEVICES: readonly Row[] = [
  ['disk missing', disk('none'), 'disk _disk0 "none" does not exist; check the path'],
  ['disk a directory', disk('folder'), 'disk _disk0 "folder" is a directory; give the path of a file'],
  ['disk empty', disk('empty'), 'disk _disk0 "empty" is empty; give it a size first, as in `truncate -s 1G FILE`'],
  [
    'disk of 1000 bytes',
    disk('odd-disk'),
    'disk _disk0 "odd-disk" has 1000 bytes, which is not a multiple of 512; extend it with `truncate -s %512 FILE`',
  ],
  ['disk no disk', disk('/dev/null'), 'disk _disk0 "/dev/null" is no disk: give an image file or a block device'],
  [
    'disk of another format',
    disk('qcow2-disk'),
    'disk _disk0 "qcow2-disk" begins as a qcow2 image does: add image_type=qcow2, or image_type=raw to serve its bytes as they are',
  ],
  [
    'one disk twice',
    [...disk('disk'), 'path=./disk'],
    '"./disk" is used by --disk _disk0 and by --disk _disk1; two disks may share an image only if both are readonly=on',
    2,
  ],
  [
    'one disk by two names',
    [...disk('disk'), 'path=/proc/self/cwd/disk'],
    'disk _disk1 "/proc/self/cwd/disk" is the image of disk _disk0 too; two disks may share an image only if both are readonly=on',
  ],
  ['one id twice', [...disk('disk,id=a'), 'path=disk2,id=a'], 'two devices have the id "a"; give each an id of its own', 2],
  [
    'PCI slot taken',
    [...disk('disk,pci_device_id=5'), 'path=disk2,pci_device_id=5'],
    'pci_device_id=5 of _disk0 and that of _disk1 do not go together; give each device a slot of its own',
    2,
  ],
  ['PCI slot 32', disk('disk,pci_device_id=32'), '--disk pci_device_id=32: expected a whole number from 1 to 31', 2],
  ['PCI slot 0', disk('disk,pci_device_id=0'), '--disk pci_device_id=0: expected a whole number from 1 to 31', 2],
  [
    'one socket twice',
    off('--serial', 'socket=s', '--console', 'socket=s'),
    '"s" is used by --serial socket and by --console socket; give each a path of its own',
    2,
  ],
  ['socket where a file is', off('--serial', 'socket=disk'), '--serial socket "disk" exists and is no socket; give another path'],
  [
    'socket in no folder',
    off('--console', 'socket=none/s'),
    '--console socket "none/s" cannot be made: its folder does not exist; make that first',
  ],
  [
    'output file in no folder',
    off('--serial', 'file=none/log'),
    '--serial file "none/log" cannot be made: its folder does not exist; make that first',
  ],
  ['output file a directory', off('--serial', 'file=folder'), '--serial file "folder" is a directory; give the path of a file'],
  [
    'output file the kernel itself',
    off('--serial', 'file=off'),
    '"off" is used by --kernel and by --serial file; give each a path of its own',
    2,
  ],
  [
    'two terminals',
    off('--serial', 'tty', '--console', 'tty'),
    '--serial tty and --console tty do not go together; there is one terminal: turn one of them off, as in --console off',
    2,
  ],
  ['random source missing', off('--rng', 'src=none'), 'random source "none" does not exist; check the path'],
];

describe('bad input -> one line, nothing left behind', function () {
  this.timeout(60_000);
  needsKvm(this);
  let place: CommandPlace;
  inPlaces((made) => {
    place = made;
    makeFiles(place.folder);
  });

  function refused(ended: Ended, line: string, status = 1): void {
    expectLines(place, ended, [line], status);
    expect(ended.stdout).to.equal('');
  }

  for (const [group, rows] of Object.entries({ kernel: KERNELS, machine: MACHINES, devices: DEVICES })) {
    describe(group, () => {
      for (const [name, args, line, status] of rows) {
        it(name, async () => refused(await place.start(args).ended, line, status));
      }
    });
  }

  it('32 disks -> no PCI slot for the last', async () => {
    const disks = Array.from({ length: 31 }, (_, index) => `path=d${index + 1}`);
    const ended = await place.start([...off('--disk'), ...disks]).ended;
    refused(ended, 'device __rng: no PCI slot is left; beside the host bridge a machine has room for 31 devices');
  });
});
