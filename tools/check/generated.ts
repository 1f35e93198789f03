import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './root.ts';

/** The files of shared/rpc/generated that are not what the .proto files make today. */
export function staleGenerated(): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'generated-'));
  try {
    const made = spawnSync('sh', [join(root, 'shared/rpc/generate.sh'), folder], { encoding: 'utf8' });
    if (made.status !== 0) return [`generate.sh failed: ${made.stderr}`];
    const committed = join(root, 'shared/rpc/generated');
    const names = new Set([folder, committed].flatMap(filesBelow));
    return [...names].filter((name) => !isSame(join(folder, name), join(committed, name)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The paths of all files in a folder and below it, from there. */
function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** False where one of them is missing. */
function isSame(left: string, right: string): boolean {
  return existsSync(left) && existsSync(right) && readFileSync(left).equals(readFileSync(right));
}
