/**
 * `npm run layout:refresh`: asks gcc and the kernel's headers for the size and the offsets of every struct that the sources
 * lay out, and writes the answer to `headers.json`, which the unit test compares with. Needs gcc and linux-libc-dev.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declaredLayouts } from './layouts.ts';

const HEADERS = [
  ...['stddef.h', 'stdio.h', 'sys/socket.h', 'sys/uio.h', 'time.h', 'termios.h', 'asm/bootparam.h'],
  ...['linux/elf.h', 'linux/io_uring.h', 'linux/kvm.h', 'linux/vhost.h', 'linux/virtio_blk.h', 'linux/virtio_config.h'],
  ...['linux/virtio_console.h', 'linux/virtio_pci.h', 'linux/virtio_ring.h', 'linux/fuse.h', 'linux/seccomp.h'],
];

const { exported } = await declaredLayouts();
const tags = [...exported.keys()].toSorted();
const body = tags.map((tag, index) => {
  const fields = Object.keys(exported.get(tag)?.offset ?? {});
  const offsets = fields.map(
    (field, at) => `  printf("      \\"${field}\\": %zu${at === fields.length - 1 ? '' : ','}\\n", offsetof(struct ${tag}, ${field}));`,
  );
  return `  printf("  \\"${tag}\\": {\\n    \\"size\\": %zu,\\n    \\"offset\\": {\\n", sizeof(struct ${tag}));
${offsets.join('\n')}
  printf("    }\\n  }${index === tags.length - 1 ? '' : ','}\\n");`;
});
const probe = `${HEADERS.map((header) => `#include <${header}>`).join('\n')}
#include "${join(import.meta.dirname, 'spec-structs.h')}"
int main(void) {
  puts("{");
${body.join('\n')}
  puts("}");
}
`;

const folder = mkdtempSync(join(tmpdir(), 'ch-layout-'));
try {
  const source = join(folder, 'probe.c');
  writeFileSync(source, probe);
  execFileSync('gcc', ['-w', '-D_GNU_SOURCE', '-o', join(folder, 'probe'), source], { stdio: 'inherit' });
  writeFileSync(join(import.meta.dirname, 'headers.json'), execFileSync(join(folder, 'probe')));
} finally {
  rmSync(folder, { recursive: true });
}
process.stdout.write(`layout: ${tags.length} structs written to test/layout/headers.json\n`);
