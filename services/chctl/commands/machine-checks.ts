/** What this machine can do, one finding at a time, each from the files and calls that the programs themselves depend on. */
import { accessSync, closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { arch, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { allocate, ioctl, syscall } from '#shared/sys/ffi.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { cpuHasVirtualization } from '../../orchestrator/index.ts';
import { thisMachine } from '../image/file-source.ts';
import { kernelReleases } from '../image/kernel.ts';

export interface Finding {
  /** `kvm`, `io_uring`: stable, for programs that read the JSON. */
  readonly name: string;
  /** `needed`: nothing runs without it. `limited`: something is slower or not there. */
  readonly state: 'ok' | 'limited' | 'needed';
  readonly detail: string;
  /** What to do, where there is something. */
  readonly remedy?: string;
}

export function checkMachine(): readonly Finding[] {
  return [
    node(),
    kernel(),
    kvm(),
    ioUring(),
    tun(),
    userNamespaces(),
    cgroup(),
    hugePages(),
    sharedHugePages(),
    guestKernel(),
    ...tools(),
    fileServer(),
  ];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 24 || (major === 24 && minor >= 20);
  const detail = `node ${process.versions.node} on ${arch()}`;
  return enough
    ? { name: 'node', state: 'ok', detail }
    : { name: 'node', state: 'needed', detail, remedy: 'start chctl through bin/chctl, which brings its own node' };
}

function kernel(): Finding {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const enough = major > 5 || (major === 5 && minor >= 11);
  return {
    name: 'kernel',
    state: enough ? 'ok' : 'needed',
    detail: `Linux ${release()}`,
    ...(enough ? {} : { remedy: 'Linux 5.11 or newer is needed' }),
  };
}

const KVM_GET_API_VERSION = 0xae00;
const KVM_API_VERSION = 12;

function kvm(): Finding {
  const opened = open('/dev/kvm', constants.O_RDWR);
  if (typeof opened === 'string') {
    const remedy =
      opened === 'ENOENT'
        ? 'load kvm_intel or kvm_amd, or turn virtualization on in the firmware or in the machine around this one'
        : 'add your user to the group kvm (sudo usermod -aG kvm $USER) and log in again';
    return { name: 'kvm', state: 'needed', detail: `/dev/kvm: ${opened}`, remedy };
  }
  const version = ioctl(opened, KVM_GET_API_VERSION, 0);
  closeSync(opened);
  if (version !== KVM_API_VERSION)
    return { name: 'kvm', state: 'needed', detail: `/dev/kvm answers API version ${version}, not ${KVM_API_VERSION}` };
  const flags = cpuFlags();
  if (cpuHasVirtualization()) {
    const nested = flags.includes('hypervisor') ? ', nested: this machine is a guest itself' : '';
    return { name: 'kvm', state: 'ok', detail: `/dev/kvm, the CPU runs guests itself (${flags.includes('vmx') ? 'vmx' : 'svm'}${nested})` };
  }
  return {
    name: 'kvm',
    state: 'limited',
    detail: '/dev/kvm works, but the CPU offers neither vmx nor svm: every instruction is emulated, far too slow for a Linux',
    remedy: "in a checkout, 'npm start' and 'npm run lab -- bin/chctl run ...' boot Linux in a lab that works here",
  };
}

function cpuFlags(): readonly string[] {
  return (/^flags\s*:(.*)$/m.exec(textOf('/proc/cpuinfo') ?? '')?.[1] ?? '').trim().split(' ');
}

/** struct io_uring_params has 120 bytes. */
const IO_URING_PARAMS_SIZE = 120;

function ioUring(): Finding {
  const fd = syscall(SYS.io_uring_setup, 4, allocate(IO_URING_PARAMS_SIZE).address);
  if (fd >= 0) {
    closeSync(fd);
    return { name: 'io_uring', state: 'ok', detail: 'io_uring can be set up' };
  }
  const sysctl = textOf('/proc/sys/kernel/io_uring_disabled');
  const remedy =
    sysctl !== undefined && sysctl !== '0'
      ? `kernel.io_uring_disabled is ${sysctl}: sudo sysctl kernel.io_uring_disabled=0`
      : 'a container or a seccomp filter forbids it: allow io_uring_setup there';
  return {
    name: 'io_uring',
    state: 'limited',
    detail: `io_uring cannot be set up (errno ${-fd}): disks are served by threads, more slowly`,
    remedy,
  };
}

function tun(): Finding {
  const opened = open('/dev/net/tun', constants.O_RDWR);
  if (typeof opened === 'number') {
    closeSync(opened);
    return { name: 'tun', state: 'ok', detail: '/dev/net/tun can be opened' };
  }
  return {
    name: 'tun',
    state: 'limited',
    detail: `/dev/net/tun: ${opened}: no tap interfaces`,
    remedy: opened === 'ENOENT' ? 'sudo modprobe tun' : 'needs permission on /dev/net/tun',
  };
}

function userNamespaces(): Finding {
  const name = 'user-namespaces';
  const most = textOf('/proc/sys/user/max_user_namespaces');
  const unprivileged = textOf('/proc/sys/kernel/unprivileged_userns_clone');
  const apparmor = textOf('/proc/sys/kernel/apparmor_restrict_unprivileged_userns');
  if (most === undefined || most === '0')
    return {
      name,
      state: 'limited',
      detail: 'there are no user namespaces: processes cannot be put in sandboxes',
      remedy: 'sudo sysctl user.max_user_namespaces=10000',
    };
  const root = process.getuid?.() === 0;
  if (!root && unprivileged === '0')
    return {
      name,
      state: 'limited',
      detail: 'user namespaces are for root only',
      remedy: 'sudo sysctl kernel.unprivileged_userns_clone=1',
    };
  if (!root && apparmor === '1')
    return {
      name,
      state: 'limited',
      detail: 'AppArmor restricts user namespaces',
      remedy: 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0',
    };
  return { name, state: 'ok', detail: `up to ${most} user namespaces` };
}

function cgroup(): Finding {
  const controllers = textOf('/sys/fs/cgroup/cgroup.controllers');
  if (controllers === undefined)
    return {
      name: 'cgroup',
      state: 'limited',
      detail: 'no cgroup v2 at /sys/fs/cgroup: no limits on processes',
      remedy: 'boot with systemd.unified_cgroup_hierarchy=1',
    };
  return { name: 'cgroup', state: 'ok', detail: `cgroup v2 with ${controllers === '' ? 'no controllers' : controllers}` };
}

function hugePages(): Finding {
  const info = textOf('/proc/meminfo') ?? '';
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const free = field('HugePages_Free');
  const detail = `${free} of ${field('HugePages_Total')} huge pages of ${field('Hugepagesize')} kB are free`;
  return free > 0
    ? { name: 'hugepages', state: 'ok', detail }
    : { name: 'hugepages', state: 'limited', detail, remedy: 'only --memory hugepages=on needs them: sudo sysctl vm.nr_hugepages=512' };
}

function sharedHugePages(): Finding {
  const name = 'transparent-hugepages';
  const setting = /\[(\w+)\]/.exec(textOf('/sys/kernel/mm/transparent_hugepage/shmem_enabled') ?? '')?.[1];
  if (setting === undefined) return { name, state: 'limited', detail: 'the kernel has no transparent huge pages for shared memory' };
  const good = ['advise', 'always', 'within_size', 'force'].includes(setting);
  const detail = `transparent huge pages for shared memory: ${setting}`;
  return good
    ? { name, state: 'ok', detail }
    : {
        name,
        state: 'limited',
        detail,
        remedy: 'guests run a little faster with: echo advise | sudo tee /sys/kernel/mm/transparent_hugepage/shmem_enabled',
      };
}

const TOOLS: readonly (readonly [string, string, string])[] = [
  ['mke2fs', 'e2fsprogs', 'makes the demo guest and Debian disks'],
  ['mmdebstrap', 'mmdebstrap', "makes Debian disks ('chctl image make debian')"],
  ['busybox', 'busybox-static', 'is what the demo guest consists of'],
  ['qemu-img', 'qemu-utils', 'makes and checks images that are not raw'],
  ['qemu-system-x86_64', 'qemu-system-x86', 'runs the lab where the CPU has no vmx or svm'],
];

function tools(): readonly Finding[] {
  return TOOLS.map(([program, debianPackage, use]) => {
    const found = findProgram(program);
    if (found !== undefined) return { name: program, state: 'ok', detail: found };
    return {
      name: program,
      state: 'limited',
      detail: `${program}, which ${use}, is missing`,
      remedy: `sudo apt-get install ${debianPackage}`,
    };
  });
}

/** Demo guests and the lab boot the kernel of this machine. */
function guestKernel(): Finding {
  const name = 'guest-kernel';
  const release = kernelReleases(thisMachine).at(-1);
  if (release === undefined)
    return {
      name,
      state: 'limited',
      detail: 'no kernel with its modules in /boot and /lib/modules, which demo guests and the lab boot',
      remedy: 'sudo apt-get install linux-image-cloud-amd64 (Ubuntu: linux-image-virtual)',
    };
  const path = `/boot/vmlinuz-${release}`;
  if (isReadable(path)) return { name, state: 'ok', detail: path };
  return { name, state: 'limited', detail: `${path} is not readable`, remedy: `sudo chmod +r ${path}` };
}

const FILE_SERVERS = ['/usr/libexec/virtiofsd', '/usr/lib/virtiofsd', '/usr/lib/qemu/virtiofsd'];

function fileServer(): Finding {
  const name = 'virtiofsd';
  const found = FILE_SERVERS.find(isProgram);
  if (found !== undefined) return { name, state: 'ok', detail: found };
  const detail = "virtiofsd, which gives the lab this machine's files, is missing";
  return { name, state: 'limited', detail, remedy: 'sudo apt-get install virtiofsd (Debian 12: qemu-system-common)' };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The descriptor, or the error's name. */
function open(path: string, flags: number): number | string {
  try {
    return openSync(path, flags);
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
