import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Result } from '#shared/lang/result.ts';
import { GUEST_INIT } from './guest-init.ts';
import type { ImageError } from './image-error.ts';
import { runProgram } from './run-program.ts';

const PACKAGES = ['systemd-sysv', 'udev', 'dbus', 'login', 'e2fsprogs', 'kmod', 'iproute2', 'linux-image-cloud-amd64'];
/** Of every package; nobody reads them in a guest of this size. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/**
 * Run by mmdebstrap with the finished root as $1: names the machine, opens root's account, and makes the disk from what is
 * there. In a mount namespace of its own, because the package tools' /proc, /sys and /dev are still mounted in the root.
 */
const FINISH = `
echo debian > "$1/etc/hostname"
printf '127.0.0.1 localhost debian\\n' > "$1/etc/hosts"
printf '/dev/vda / ext4 defaults,errors=remount-ro 0 1\\n' > "$1/etc/fstab"
chroot "$1" passwd -q -d root
ln -sf /lib/systemd/system/serial-getty@.service "$1/etc/systemd/system/getty.target.wants/serial-getty@ttyS0.service"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1/etc/resolv.conf" "$1/var/lib/dbus/machine-id"
: > "$1/etc/machine-id"
CH_ROOT=$1 unshare -m sh -ec '
  umount -R "$CH_ROOT/proc" "$CH_ROOT/sys"
  for mounted in $(sed -n "s|^[^ ]* \\($CH_ROOT/[^ ]*\\) .*|\\1|p" /proc/self/mounts | sort -r); do umount "$mounted"; done
  mke2fs -q -F -t ext4 -L debian -d "$CH_ROOT" "$CH_DISK" "$CH_SIZE"
'
`;

/** Changes with what is on a disk that has `more` packages, for whoever keeps one. */
export function debianVersion(more: readonly string[] = []): string {
  return createHash('sha256')
    .update(JSON.stringify([[...PACKAGES, ...more], LEFT_OUT, FINISH, GUEST_INIT]))
    .digest('hex')
    .slice(0, 8);
}

export interface DebianDisk {
  readonly path: string;
  /** As mke2fs reads it: `2G`. The file is sparse. */
  readonly size: string;
  /** Packages beside the usual ones. */
  readonly more?: readonly string[];
  /** Hears the names of the steps. */
  readonly report: (line: string) => void;
}

/** Makes a raw ext4 disk with Debian 12: systemd, its cloud kernel in /boot, root without a password on ttyS0. Half a minute, with a network. */
export async function makeDebianDisk({ path, size, more = [], report }: DebianDisk): Promise<Result<void, ImageError>> {
  const made = await runProgram({
    program: 'mmdebstrap',
    arguments: [
      ...['--format=null', '--variant=minbase', `--include=${[...PACKAGES, ...more].join(',')}`],
      ...LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      ...[`--customize-hook=${FINISH}`, 'bookworm', '/dev/null'],
    ],
    // INITRD=No: no initramfs of Debian's, which takes longer to make than all the rest; ours does (guestInitramfs).
    environment: { INITRD: 'No', CH_DISK: resolve(path), CH_SIZE: size },
    debianPackage: 'mmdebstrap',
    onLine: (line) => {
      const step = /^I: ((?:running apt-get update|downloading|extracting|installing).*)/.exec(line)?.[1];
      if (step !== undefined) report(step);
    },
  });
  if (!made.ok) rmSync(path, { force: true });
  return made;
}
