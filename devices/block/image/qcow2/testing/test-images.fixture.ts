/** Images in a folder of their own, made by qemu-img, opened by us. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, err, expect, ok } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { HostFile, type ImageFile } from '../../image-file.ts';
import type { ImageError } from '../../image.ts';
import { openDisk, quickFolder } from '../../testing/open-disk.fixture.ts';
import { qemuImg } from '../../testing/qemu.fixture.ts';
import { type Qcow2Options, openQcow2 } from '../open.ts';
import type { Qcow2Image } from '../qcow2-image.ts';

export interface OpenedImage {
  readonly image: Qcow2Image;
  /** As the image's `files`. */
  readonly files: readonly ImageFile[];
}

/** Options of qemu-img's `-o`, as an object. */
export type CreateOptions = Readonly<Record<string, string | number>>;

export class TestImages implements Disposable {
  readonly folder = quickFolder('qcow2-');
  readonly #open: Disposable[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Makes an image of `size` bytes; its path. */
  create(name: string, size: number, options: CreateOptions = {}): string {
    const path = this.path(name);
    const pairs = Object.entries(options).map(([key, value]) => `${key}=${value}`);
    qemuImg('create', '-q', '-f', 'qcow2', ...(pairs.length > 0 ? ['-o', pairs.join(',')] : []), path, String(size));
    return path;
  }

  write(name: string, bytes: Uint8Array): string {
    const path = this.path(name);
    writeFileSync(path, bytes);
    return path;
  }

  /** A copy of a file; its path. */
  copy(from: string, name: string): string {
    copyFileSync(from, this.path(name));
    return this.path(name);
  }

  /** A descriptor that is closed with the folder. */
  descriptor(path: string, mode: 'r' | 'r+' = 'r+') {
    const disk = openDisk(path, mode);
    this.#open.push(disk);
    return asFd(disk.fd);
  }

  /** `file` where the test has one of its own over the image. */
  tryOpen(path: string, options: Partial<Qcow2Options> = {}, file?: ImageFile): Result<OpenedImage, ImageError> {
    const top = file ?? new HostFile(this.descriptor(path, options.readOnly === true ? 'r' : 'r+'));
    const files: ImageFile[] = [top];
    const opened = openQcow2(top, {
      readOnly: false,
      backingFiles: true,
      path,
      openBacking: (name) => {
        try {
          const backing = new HostFile(this.descriptor(name, 'r'));
          files.push(backing);
          return ok(backing);
        } catch {
          return err({ code: 'HOST', message: 'cannot be opened' });
        }
      },
      ...options,
    });
    return opened.ok ? ok({ image: opened.value, files }) : opened;
  }

  open(path: string, options: Partial<Qcow2Options> = {}, file?: ImageFile): OpenedImage {
    return expect(this.tryOpen(path, options, file), path);
  }

  closeFiles(): void {
    for (const disk of this.#open.splice(0)) disk[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.closeFiles();
    rmSync(this.folder, { recursive: true });
  }
}
