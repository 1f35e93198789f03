/** The guests of the tests, made once and then taken from the cache: Debian 12, and the demo guest. */
import { spawnSync } from 'node:child_process';
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Result, expect } from '#shared/lang/result.ts';
import { debianVersion, makeDebianDisk } from '../../services/chctl/image/debian.ts';
import { type DemoGuest, demoVersion, makeDemoGuest } from '../../services/chctl/image/demo.ts';
import { openDisk } from '../../services/chctl/image/file-source.ts';
import type { ImageError } from '../../services/chctl/image/image-error.ts';
import { guestInitramfs } from '../../services/chctl/image/initramfs.ts';
import { packagedKernel, unpackKernel } from '../../services/chctl/image/kernel.ts';
import { CACHE } from './checkout.ts';
import { ensurePackages } from './packages/install.ts';

export interface DebianGuest {
  /** Debian's kernel as it is packaged. */
  readonly bzImage: string;
  readonly vmlinux: string;
  readonly initramfs: string;
  /** Never to be written: a test takes a copy (`copyDisk`). */
  readonly disk: string;
}

type Report = (line: string) => void;

/** What tests run in Debian. */
const DEBIAN_PACKAGES = ['fio'];

/** Debian 12 with systemd on an ext4 disk. Made with a network, in half a minute, once. */
export async function debianGuest(report: Report): Promise<DebianGuest> {
  const folder = join(CACHE, `debian-${debianVersion(DEBIAN_PACKAGES)}`);
  const file = (name: string): string => join(folder, name);
  const guest = { bzImage: file('bzImage'), vmlinux: file('vmlinux'), initramfs: file('initramfs'), disk: file('root.raw') };
  if (Object.values(guest).every((path) => existsSync(path))) return guest;
  expect(ensurePackages(['images'], report), 'packages');
  mkdirSync(folder, { recursive: true });
  report('making a Debian 12 disk (once)');
  const partial = `${guest.disk}.partial`;
  expect(await makeDebianDisk({ path: partial, size: '2G', more: DEBIAN_PACKAGES, report }), 'Debian disk');
  expect(takeKernel(partial, guest), "the Debian disk's kernel");
  renameSync(partial, guest.disk);
  return guest;
}

function takeKernel(disk: string, guest: DebianGuest): Result<void, ImageError> {
  const source = openDisk(disk);
  if (!source.ok) return source;
  const kernel = packagedKernel(source.value);
  if (!kernel.ok) return kernel;
  const vmlinux = unpackKernel(kernel.value);
  if (!vmlinux.ok) return vmlinux;
  const initramfs = guestInitramfs(source.value, kernel.value.release);
  if (!initramfs.ok) return initramfs;
  writeFileSync(guest.bzImage, kernel.value.image);
  writeFileSync(guest.vmlinux, vmlinux.value);
  writeFileSync(guest.initramfs, initramfs.value);
  return { ok: true, value: undefined };
}

/** A small guest that boots to a shell in seconds. */
export async function demoGuest(report: Report): Promise<DemoGuest> {
  const folder = join(CACHE, `demo-${demoVersion()}`);
  const guest = { kernel: join(folder, 'vmlinux'), initramfs: join(folder, 'initramfs'), disk: join(folder, 'disk.raw') };
  if (Object.values(guest).every((path) => existsSync(path))) return guest;
  expect(ensurePackages(['lab', 'images'], report), 'packages');
  report('making the demo guest (once)');
  return expect(await makeDemoGuest(folder), 'demo guest');
}

/** A copy of a disk in `folder`, for tests a place's share; holes stay holes. */
export function copyDisk(folder: string, disk: string, name: string): string {
  const copy = join(folder, `${name}-${basename(disk)}`);
  const copied = spawnSync('cp', ['--sparse=always', disk, copy]);
  if (copied.status !== 0) copyFileSync(disk, copy, constants.COPYFILE_FICLONE);
  return copy;
}

/** What `e2fsck` finds wrong on a disk, changing nothing; undefined when it is clean. */
export function fileSystemFaults(disk: string): string | undefined {
  const check = spawnSync('e2fsck', ['-fn', disk], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  return check.status === 0 ? undefined : `${check.stdout}${check.stderr}`;
}
