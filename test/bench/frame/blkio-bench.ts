/** libblkio's own load generator for block devices: throughput, but no percentiles. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { buildWithLibblkio, libblkio } from './libblkio.ts';

export interface BlkioBench {
  readonly program: string;
  readonly libraries: string;
}

/** Built from the source that the package brings as an example. */
export function blkioBench(note: (line: string) => void): BlkioBench {
  const library = libblkio(note);
  const program = join(library.folder, 'blkio-bench');
  if (existsSync(program)) return { program, libraries: library.libraries };
  note('building blkio-bench');
  const [packed = ''] = globSync('root/usr/share/doc/libblkio-dev/examples/blkio-bench.c*', { cwd: library.folder });
  const bytes = readFileSync(join(library.folder, packed));
  const source = join(library.folder, 'blkio-bench.c');
  writeFileSync(source, packed.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  buildWithLibblkio(library, source, program);
  return { program, libraries: library.libraries };
}
