/**
 * The cpio archive format that Linux unpacks as its initramfs ("newc", Documentation/driver-api/early-userspace/buffer-format.rst):
 * a 110-byte header of hexadecimal fields, the name, the content, each padded to 4 bytes.
 */

export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly content: Uint8Array; readonly executable?: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'character device'; readonly path: string; readonly major: number; readonly minor: number };

const S_IFCHR = 0o020000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;

/** The archive's bytes. Folders come before what lies in them: the kernel makes none by itself. Paths have no leading slash. */
export function newcArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => member(entry, index + 1));
  parts.push(...record({ inode: 0, mode: 0, major: 0, minor: 0 }, 'TRAILER!!!', new Uint8Array(0)));
  return Buffer.concat(parts);
}

interface Attributes {
  readonly inode: number;
  readonly mode: number;
  readonly major: number;
  readonly minor: number;
}

function member(entry: ArchiveEntry, inode: number): readonly Uint8Array[] {
  const plain = { inode, major: 0, minor: 0 };
  const nothing = new Uint8Array(0);
  switch (entry.kind) {
    case 'folder':
      return record({ ...plain, mode: S_IFDIR | 0o755 }, entry.path, nothing);
    case 'file':
      return record({ ...plain, mode: S_IFREG | (entry.executable === true ? 0o755 : 0o644) }, entry.path, entry.content);
    case 'link':
      return record({ ...plain, mode: S_IFLNK | 0o777 }, entry.path, Buffer.from(entry.target));
    case 'character device':
      return record({ inode, mode: S_IFCHR | 0o600, major: entry.major, minor: entry.minor }, entry.path, nothing);
  }
}

function record(attributes: Attributes, path: string, content: Uint8Array): readonly Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const { inode, mode, major, minor } = attributes;
  // inode, mode, uid, gid, links, mtime, size, device major and minor, special device major and minor, name size, checksum.
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`, 'latin1');
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
