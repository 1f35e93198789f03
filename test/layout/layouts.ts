/** Finds every layout that the sources declare with `struct('c_name', ...)`. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/** The size of a C struct and the offsets of its fields, in bytes. */
export interface Shape {
  readonly size: number;
  readonly offset: Readonly<Record<string, number>>;
}

export interface Declared {
  /** The C tags in the sources' text, and the file of each. */
  readonly named: ReadonlyMap<string, string>;
  /** The shapes that those files export, by C tag. */
  readonly exported: ReadonlyMap<string, Shape>;
}

export async function declaredLayouts(): Promise<Declared> {
  const named = new Map<string, string>();
  const exported = new Map<string, Shape>();
  for (const path of globSync('{shared,vmm-core,devices,services}/**/*.ts', { cwd: root })) {
    if (/\.(test|fixture)\.ts$/.test(path)) continue;
    const tags = [...readFileSync(join(root, path), 'utf8').matchAll(/\bstruct\(\s*'(\w+)'/g)].map((match) => match[1] ?? '');
    if (tags.length === 0) continue;
    for (const tag of tags) named.set(tag, path);
    const module: Record<string, unknown> = await import(pathToFileURL(join(root, path)).href);
    for (const value of Object.values(module)) if (isLayout(value)) exported.set(value.cName, { size: value.size, offset: value.offset });
  }
  return { named, exported };
}

function isLayout(value: unknown): value is Shape & { readonly cName: string } {
  return typeof value === 'object' && value !== null && 'cName' in value && 'size' in value && 'offset' in value;
}
