import { type Result, ok } from '#shared/lang/result.ts';
import { staticBusybox } from './busybox.ts';
import type { FileSource } from './file-source.ts';
import { GUEST_INIT } from './guest-init.ts';
import type { ImageError } from './image-error.ts';
import { type KernelModule, loadModules } from './modules.ts';
import { type ArchiveEntry, newcArchive } from './newc.ts';

/** What a distribution's kernel may leave out of itself and a guest of ours needs: transport, disk, console, entropy, power button. */
const GUEST_MODULES = ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_rng', 'virtio_net', 'ext4', 'button', 'evdev'];

/** An initramfs that brings kernel `release`'s virtio drivers, mounts the disk named by `root=` and starts its init. */
export function guestInitramfs(source: FileSource, release: string): Result<Buffer, ImageError> {
  const modules = loadModules(source, release, GUEST_MODULES);
  if (!modules.ok) return modules;
  return busyboxInitramfs({ init: Buffer.from(GUEST_INIT), modules: modules.value, folders: ['root', 'run'] });
}

export interface BusyboxInitramfs {
  /** A script for busybox's shell, run as the first program. */
  readonly init: Uint8Array;
  /** Put into /modules; /modules/order lists their names in the order in which they load. */
  readonly modules: readonly KernelModule[];
  /** Empty folders beside bin, dev, proc, sys and modules. */
  readonly folders: readonly string[];
  readonly files?: readonly ArchiveEntry[];
}

/** A packed-up root of busybox, an init script and kernel modules; not compressed, for unpacking costs more than reading it. */
export function busyboxInitramfs(contents: BusyboxInitramfs): Result<Buffer, ImageError> {
  const busybox = staticBusybox();
  if (!busybox.ok) return busybox;
  const { modules, folders, files = [] } = contents;
  const order = modules.map(({ fileName }) => `${fileName}\n`).join('');
  return ok(
    newcArchive([
      ...['bin', 'dev', 'proc', 'sys', 'modules', ...folders].map((path): ArchiveEntry => ({ kind: 'folder', path })),
      { kind: 'character device', path: 'dev/console', major: 5, minor: 1 },
      { kind: 'file', path: 'bin/busybox', content: busybox.value.program, executable: true },
      { kind: 'file', path: 'init', content: contents.init, executable: true },
      { kind: 'file', path: 'modules/order', content: Buffer.from(order) },
      ...modules.map(({ fileName, content }): ArchiveEntry => ({ kind: 'file', path: `modules/${fileName}`, content })),
      ...files,
    ]),
  );
}
