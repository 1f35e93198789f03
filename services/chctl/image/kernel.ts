import { type Result, err, ok } from '#shared/lang/result.ts';
import { type FileSource, thisMachine } from './file-source.ts';
import type { ImageError } from './image-error.ts';
import { extractVmlinux } from './vmlinux.ts';

export interface PackagedKernel {
  /** `6.1.0-56-cloud-amd64`: names its modules too. */
  readonly release: string;
  /** As the distribution packages it: a bzImage. */
  readonly image: Uint8Array;
}

const PREFIX = 'vmlinuz-';

/** The releases of the kernels in /boot that have their modules beside them, best last: the newest, and before any other a cloud kernel, which brings what guests need and little else. */
export function kernelReleases(source: FileSource): readonly string[] {
  const withModules = new Set(['/lib/modules', '/usr/lib/modules'].flatMap((folder) => source.list(folder)));
  return source
    .list('/boot')
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length))
    .filter((release) => withModules.has(release))
    .sort(byPreference);
}

/** The best kernel of a root file system. */
export function packagedKernel(source: FileSource): Result<PackagedKernel, ImageError> {
  for (const release of kernelReleases(source).toReversed()) {
    const image = source.read(`/boot/${PREFIX}${release}`);
    if (image !== undefined && image.length > 0) return ok({ release, image });
  }
  const message = `${source.name} has no kernel with its modules that we may read (/boot/vmlinuz-RELEASE and /lib/modules/RELEASE)`;
  const remedy = source === thisMachine ? '; Debian: apt-get install linux-image-cloud-amd64' : '';
  return err({ code: 'NO_KERNEL', message: `${message}${remedy}` });
}

/** Its ELF kernel. */
export function unpackKernel(kernel: PackagedKernel): Result<Uint8Array, ImageError> {
  return extractVmlinux(`${PREFIX}${kernel.release}`, kernel.image);
}

function byPreference(a: string, b: string): number {
  const cloud = Number(a.includes('cloud')) - Number(b.includes('cloud'));
  return cloud !== 0 ? cloud : a.localeCompare(b, 'en', { numeric: true });
}
