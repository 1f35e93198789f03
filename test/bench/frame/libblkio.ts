/** libblkio, which speaks vhost-user and io_uring as a front end: what load generators are built on. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../../harness/checkout.ts';

export interface Libblkio {
  /** Everything here is in a folder of its own, which others may add to. */
  readonly folder: string;
  /** What programs need in LD_LIBRARY_PATH. */
  readonly libraries: string;
}

/** libblkio is packaged from Debian 13 on: taken from there by apt, with lists of its own, and unpacked aside. */
export function libblkio(note: (line: string) => void): Libblkio {
  const folder = join(CACHE, 'blkio');
  const libraries = join(folder, 'root/usr/lib/x86_64-linux-gnu');
  if (existsSync(join(folder, 'root/usr/include/blkio.h'))) return { folder, libraries };
  note('fetching libblkio');
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  writeFileSync(
    join(folder, 'sources.list'),
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main\n',
  );
  shell(
    'libblkio cannot be fetched',
    `set -e
cd "$1"
apt() { apt-get -q -o Dir::Etc::sourcelist="$1/sources.list" -o Dir::Etc::sourceparts=/nonexistent -o Dir::State::lists="$1/lists" -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root "$2" $3; }
apt "$1" update ""
apt "$1" download "libblkio1 libblkio-dev"
for deb in *.deb; do dpkg -x "$deb" root; done`,
    [folder],
  );
  return { folder, libraries };
}

/** Builds a C program that uses it. */
export function buildWithLibblkio({ folder }: Libblkio, source: string, program: string): void {
  const script =
    'cd "$1" && gcc -O2 -Wall -Iroot/usr/include "$2" -Lroot/usr/lib/x86_64-linux-gnu -lblkio -lpthread -o "$3.new" && mv "$3.new" "$3"';
  shell(`${source} cannot be built`, script, [folder, source, program]);
}

function shell(problem: string, script: string, args: readonly string[]): void {
  const made = spawnSync('sh', ['-c', script, 'sh', ...args], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`${problem}: ${made.stdout}${made.stderr}`);
}
