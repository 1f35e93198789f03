/** libblkio's load generator for vhost-user block devices. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../harness/checkout.ts';

export interface BlkioBench {
  readonly program: string;
  readonly libraries: string;
}

/** libblkio is packaged from Debian 13 on: taken from there by apt, with lists of its own, and unpacked aside. */
export function blkioBench(note: (line: string) => void): BlkioBench {
  const folder = join(CACHE, 'blkio');
  const program = join(folder, 'blkio-bench');
  const libraries = join(folder, 'root/usr/lib/x86_64-linux-gnu');
  if (existsSync(program)) return { program, libraries };
  note('fetching libblkio and building blkio-bench');
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  writeFileSync(
    join(folder, 'sources.list'),
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main\n',
  );
  const script = `set -e
cd "$1"
apt() { apt-get -q -o Dir::Etc::sourcelist="$1/sources.list" -o Dir::Etc::sourceparts=/nonexistent -o Dir::State::lists="$1/lists" -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root "$2" $3; }
apt "$1" update ""
apt "$1" download "libblkio1 libblkio-dev"
for deb in *.deb; do dpkg -x "$deb" root; done
source=$(find root -name 'blkio-bench.c*' | head -1)
case $source in *.gz) zcat "$source" > blkio-bench.c ;; *) cp "$source" blkio-bench.c ;; esac
gcc -O2 -Iroot/usr/include blkio-bench.c -Lroot/usr/lib/x86_64-linux-gnu -lblkio -lpthread -o blkio-bench
`;
  const made = spawnSync('sh', ['-c', script, 'sh', folder], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`blkio-bench cannot be made: ${made.stdout}${made.stderr}`);
  return { program, libraries };
}
