/**
 * What the project runs and does not build: programs and files, each with the Debian package that brings it.
 * Presence is judged by the file and not by the package, so the same check holds on a machine of another distribution.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { thisMachine } from '../../../services/chctl/image/file-source.ts';
import { packagedKernel } from '../../../services/chctl/image/kernel.ts';

/** What a set of packages is for; a caller asks for the purposes it has. */
export type Purpose = 'lab' | 'images' | 'peers' | 'compiler' | 'trace';

export interface Requirement {
  readonly purpose: Purpose;
  /** One phrase for the user: why it is needed. */
  readonly reason: string;
  /** Package names, best first; the first that apt knows is installed. */
  readonly packages: readonly string[];
  present(): boolean;
}

export const REQUIREMENTS: readonly Requirement[] = [
  program('lab', 'the software CPU of the lab', 'qemu-system-x86_64', ['qemu-system-x86']),
  {
    purpose: 'lab',
    reason: "shares this machine's files with the lab",
    packages: ['virtiofsd', 'qemu-system-common'],
    present: () => findVirtiofsd() !== undefined,
  },
  program('lab', 'the first program in the lab and in the demo guest', 'busybox', ['busybox-static']),
  {
    purpose: 'images',
    reason: 'a kernel for the lab and for guests',
    packages: ['linux-image-cloud-amd64', 'linux-image-virtual'],
    present: () => packagedKernel(thisMachine).ok,
  },
  program('images', 'makes ext4 disks', 'mke2fs', ['e2fsprogs']),
  program('images', 'makes the Debian root disk', 'mmdebstrap', ['mmdebstrap']),
  {
    purpose: 'images',
    reason: "Debian's signatures are checked with it",
    packages: ['debian-archive-keyring'],
    present: () => existsSync('/usr/share/keyrings/debian-archive-keyring.gpg'),
  },
  program('images', 'unpacks kernels that are packed with xz', 'xz', ['xz-utils']),
  program('peers', 'makes and checks disk images for peers', 'qemu-img', ['qemu-utils']),
  program('peers', 'a block back end to compare with', 'qemu-storage-daemon', ['qemu-system-common']),
  program('compiler', 'builds the C programs that benchmarks compare with', 'gcc', ['gcc']),
  {
    purpose: 'compiler',
    reason: "the C library's and the kernel's headers",
    packages: ['libc6-dev'],
    present: () => existsSync('/usr/include/stdio.h') && existsSync('/usr/include/linux/kvm.h'),
  },
  program('trace', 'shows the system calls of a process', 'strace', ['strace']),
];

/** Debian keeps mke2fs and others where a user's PATH may not lead. */
const SYSTEM_PATHS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The path of an installed program, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_PATHS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The program that serves files to the lab. QEMU's own (Debian 12) takes other options than its successor. */
export function findVirtiofsd(): { readonly path: string; readonly flavour: 'rust' | 'qemu' } | undefined {
  const rust = ['/usr/libexec/virtiofsd', '/usr/lib/virtiofsd'].find(isExecutable);
  if (rust !== undefined) return { path: rust, flavour: 'rust' };
  const qemu = '/usr/lib/qemu/virtiofsd';
  return isExecutable(qemu) ? { path: qemu, flavour: 'qemu' } : undefined;
}

function program(purpose: Purpose, reason: string, name: string, packages: readonly string[]): Requirement {
  return { purpose, reason: `${name}: ${reason}`, packages, present: () => findProgram(name) !== undefined };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
