import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.ts';

/** The files of shared/rpc/generated that are not what the .proto files make today. */
export function staleGenerated(): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'generated-'));
  try {
    const made = spawnSync('sh', [join(root, 'shared/rpc/generate.sh'), folder], { encoding: 'utf8' });
    if (made.status !== 0) return [`generate.sh failed: ${made.stderr}`];
    const committed = join(root, 'shared/rpc/generated');
    return readdirSync(folder).filter((name) => !readFileSync(join(folder, name)).equals(readFileSync(join(committed, name))));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
