/** A Linux guest made in a second: the distribution's kernel, our initramfs, and a disk with busybox on it. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Result, ok } from '#shared/lang/result.ts';
import { type Busybox, staticBusybox } from './busybox.ts';
import { type FileSource, thisMachine } from './file-source.ts';
import { GUEST_INIT } from './guest-init.ts';
import type { ImageError } from './image-error.ts';
import { guestInitramfs } from './initramfs.ts';
import { packagedKernel, unpackKernel } from './kernel.ts';
import { runProgram } from './run-program.ts';

/** The files of the guest, in the folder that they were made in. */
export interface DemoGuest {
  readonly kernel: string;
  readonly initramfs: string;
  readonly disk: string;
}

/** On the kernel's command line: greet, and power off. */
export const DEMO_GREET_ONLY = 'demo=greet';
/** The greeting's first words, and the prompt that follows it. */
export const DEMO_GREETING = 'Hello from a Linux guest';
export const DEMO_PROMPT = 'demo:/# ';

const DISK_SIZE = '64M';

const FILES: Readonly<Record<string, string>> = {
  'etc/inittab': ['::sysinit:/etc/start', '::respawn:/bin/cttyhack /bin/sh -l', '::shutdown:/bin/mount -o remount,ro /', ''].join('\n'),
  'etc/start': `#!/bin/sh
mount -o remount,rw /
mount -t devpts -o mode=620 devpts /dev/pts 2>/dev/null
hostname demo
if grep -q ${DEMO_GREET_ONLY} /proc/cmdline; then
  /etc/greeting
  mount -o remount,ro /
  poweroff -f
fi
acpid -l /dev/null -p /run/acpid.pid
`,
  'etc/greeting': `#!/bin/sh
memory=$(( $(sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo) / 1024 ))
disk=$(( $(cat /sys/class/block/vda/size) / 2048 ))
echo
echo "${DEMO_GREETING}: kernel $(uname -r), $(nproc) CPU, $memory MiB of memory, disk /dev/vda with $disk MiB."
echo "Its disk is yours to write. 'poweroff' ends it, and so does Ctrl-A x."
echo
`,
  'etc/profile': `export PATH=/bin HOME=/root PS1='demo:\\w# '
cd /
/etc/greeting
`,
  'etc/acpi/PWRF/00000080': '#!/bin/sh\n/bin/poweroff\n',
};

/** Changes with what is in the guest, for whoever keeps one. */
export function demoVersion(): string {
  return createHash('sha256').update(JSON.stringify(FILES)).update(GUEST_INIT).digest('hex').slice(0, 8);
}

/** Makes kernel, initramfs and disk in `folder`, from the kernel of `source`. */
export async function makeDemoGuest(folder: string, source: FileSource = thisMachine): Promise<Result<DemoGuest, ImageError>> {
  const kernel = packagedKernel(source);
  if (!kernel.ok) return kernel;
  const vmlinux = unpackKernel(kernel.value);
  if (!vmlinux.ok) return vmlinux;
  const initramfs = guestInitramfs(source, kernel.value.release);
  if (!initramfs.ok) return initramfs;
  const guest = { kernel: join(folder, 'vmlinux'), initramfs: join(folder, 'initramfs'), disk: join(folder, 'disk.raw') };
  mkdirSync(folder, { recursive: true });
  writeFileSync(guest.kernel, vmlinux.value);
  writeFileSync(guest.initramfs, initramfs.value);
  const disk = await makeDemoDisk(guest.disk);
  return disk.ok ? ok(guest) : disk;
}

async function makeDemoDisk(path: string): Promise<Result<void, ImageError>> {
  const busybox = staticBusybox();
  if (!busybox.ok) return busybox;
  const root = mkdtempSync(join(tmpdir(), 'ch-demo-'));
  try {
    fillRoot(root, busybox.value);
    const partial = `${path}.partial`;
    const made = await runProgram({
      program: 'mke2fs',
      arguments: ['-q', '-F', '-t', 'ext4', '-L', 'demo', '-E', 'root_owner=0:0', '-d', root, partial, DISK_SIZE],
      debianPackage: 'e2fsprogs',
    });
    if (made.ok) renameSync(partial, path);
    return made;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function fillRoot(root: string, busybox: Busybox): void {
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'run', 'tmp', 'root', 'sbin']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'bin/busybox'), busybox.program, { mode: 0o755 });
  for (const name of busybox.applets) symlinkSync('busybox', join(root, 'bin', name));
  symlinkSync('/bin/busybox', join(root, 'sbin/init'));
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content, { mode: 0o755 });
  }
}
