import { type Result, err, ok } from '#shared/lang/result.ts';
import type { FileSource } from './file-source.ts';
import type { ImageError } from './image-error.ts';
import { packingOf, unpack } from './unpack.ts';

export interface KernelModule {
  /** `virtio_pci.ko`: unpacked, whatever it was. */
  readonly fileName: string;
  readonly content: Uint8Array;
}

/**
 * The modules `names` of kernel `release` with all that they depend on, in the order in which they load. Those that are built
 * into the kernel need none; a name that is neither is an error.
 */
export function loadModules(source: FileSource, release: string, names: readonly string[]): Result<readonly KernelModule[], ImageError> {
  const folder = `/lib/modules/${release}`;
  const index = source.read(`${folder}/modules.dep`);
  if (index === undefined)
    return err({ code: 'NO_MODULE', message: `${source.name} has no modules for kernel ${release}: ${folder}/modules.dep is missing` });
  const dependencies = parseDependencies(Buffer.from(index).toString());
  const builtIn = new Set(lines(source.read(`${folder}/modules.builtin`)).map(moduleName));
  const paths = new Set<string>();
  for (const name of names.map(normalize)) {
    const needed = dependencies.get(name);
    if (needed === undefined && !builtIn.has(name))
      return err({ code: 'NO_MODULE', message: `${source.name} has no module ${name} for kernel ${release}` });
    for (const path of needed ?? []) paths.add(path);
  }
  return readAll(source, folder, [...paths]);
}

function readAll(source: FileSource, folder: string, paths: readonly string[]): Result<readonly KernelModule[], ImageError> {
  const modules: KernelModule[] = [];
  for (const path of paths) {
    const stored = source.read(`${folder}/${path}`);
    if (stored === undefined) return err({ code: 'NO_MODULE', message: `${source.name}: ${folder}/${path} is missing` });
    const packing = packingOf(stored);
    const content = packing === undefined ? ok(stored) : unpack(path, stored, packing);
    if (!content.ok) return content;
    modules.push({ fileName: `${moduleName(path)}.ko`, content: content.value });
  }
  return ok(modules);
}

/** `path: dependency dependency ...` a line, all of them and not only the direct ones; the last one listed loads first. */
function parseDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [path, others] = line.split(':');
    if (path === undefined || others === undefined) continue;
    const needed = others.split(' ').filter((other) => other !== '');
    dependencies.set(moduleName(path), [...needed.reverse(), path]);
  }
  return dependencies;
}

/** `kernel/drivers/virtio/virtio_pci.ko.xz` -> `virtio_pci` */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return normalize(file.replace(/\.ko(\.\w+)?$/, ''));
}

/** To the kernel `kvm-amd` and `kvm_amd` are one module. */
function normalize(name: string): string {
  return name.replaceAll('-', '_');
}

function lines(bytes: Uint8Array | undefined): readonly string[] {
  return bytes === undefined
    ? []
    : Buffer.from(bytes)
        .toString()
        .split('\n')
        .filter((line) => line !== '');
}
