import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** The files of the project, relative to its root: what git would commit, or all but the installed where there is no git. */
export const files: readonly string[] = listed();

export function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function listed(): readonly string[] {
  try {
    const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const known = new Set(
      globSync('**', { cwd: root, exclude: (name) => ['node_modules', '.git', '.tools', '.cache', 'dist'].includes(name) }),
    );
    return output.split('\n').filter((path) => path !== '' && (known.has(path) || path.startsWith('.')));
  } catch {
    return globSync('{shared,vmm-core,devices,services,test,tools,proto,bin,docs,deploy}/**/*.*', { cwd: root });
  }
}
