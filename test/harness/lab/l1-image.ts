import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { thisMachine } from '../../../services/chctl/image/file-source.ts';
import type { ImageError } from '../../../services/chctl/image/image-error.ts';
import { busyboxInitramfs } from '../../../services/chctl/image/initramfs.ts';
import { kernelReleases, packagedKernel, unpackKernel } from '../../../services/chctl/image/kernel.ts';
import { loadModules } from '../../../services/chctl/image/modules.ts';
import { CACHE } from '../checkout.ts';

/** Drivers of L1. Those for single tests (vfio_pci, vhost_net, vhost_vsock, ...) it can load from this machine's /lib/modules with modprobe. */
const MODULES = ['virtio_pci', 'virtiofs', 'overlay', 'virtio_console', 'kvm_amd', 'tun'];

export interface L1Image {
  readonly release: string;
  readonly kernel: string;
  readonly initramfs: string;
}

/** The kernel and initramfs of L1: made once for a kernel release and a state of this folder's files, then taken from the cache. */
export function l1Image(): Result<L1Image, ImageError> {
  const release = kernelReleases(thisMachine).at(-1);
  if (release === undefined) return err({ code: 'NO_KERNEL', message: 'no kernel with its modules in /boot and /lib/modules' });
  const folder = join(CACHE, 'lab');
  const init = readFileSync(new URL('l1-init.sh', import.meta.url));
  const built = statSync(`/lib/modules/${release}/modules.dep`).mtimeMs;
  const version = createHash('sha256')
    .update(init)
    .update(`${built} ${MODULES.join(' ')}`)
    .digest('hex')
    .slice(0, 12);
  const image = {
    release,
    kernel: join(folder, `vmlinux-${release}-${version}`),
    initramfs: join(folder, `initramfs-${release}-${version}`),
  };
  if (existsSync(image.kernel) && existsSync(image.initramfs)) return ok(image);
  mkdirSync(folder, { recursive: true });
  return make(image, init);
}

function make(image: L1Image, init: Uint8Array): Result<L1Image, ImageError> {
  const packaged = packagedKernel(thisMachine);
  if (!packaged.ok) return packaged;
  const vmlinux = unpackKernel(packaged.value);
  if (!vmlinux.ok) return vmlinux;
  const modules = loadModules(thisMachine, image.release, MODULES);
  if (!modules.ok) return modules;
  const initramfs = busyboxInitramfs({ init, modules: modules.value, folders: ['host', 'layer', 'new'] });
  if (!initramfs.ok) return initramfs;
  writeWhole(image.kernel, vmlinux.value);
  writeWhole(image.initramfs, initramfs.value);
  return ok(image);
}

/** Others may be making the same file: it appears whole or not at all. */
function writeWhole(path: string, content: Uint8Array): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, path);
}
